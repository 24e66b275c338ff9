//! The files of a run. They hold personal data: only their owner can read them. They get their names together,
//! when all of them are complete.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use super::summary::Summary;
use super::write::Pair;
use crate::cli::document::tidy;
use crate::data::Shop;
use crate::features::{Feature, Features};
use crate::review::Check;
use crate::review::decision::Author;
use crate::review::merge::Outbox;
use crate::review::outbox::write_csv_header;
use crate::review::spreadsheet::Sheet;
use crate::segments::{Direction, Segmentation};
use crate::strategy::{Facts, Text};
use crate::workspace::{AtomicFile, Privacy, private_folder};
use crate::writing::{FinishReason, ModelIdentity, Sampling};

const NAMES: [&str; 7] = [
    "segments.csv",
    "customers.csv",
    "profiles.md",
    "drafts.jsonl",
    "outbox.csv",
    "outbox.jsonl",
    "summary.json",
];

/// The files while they are written.
pub(super) struct Files {
    folder: PathBuf,
    /// Complete but for their names.
    done: Vec<(PathBuf, AtomicFile)>,
    outbox_csv: AtomicFile,
    outbox_json: AtomicFile,
    /// After the files, so that it is dropped when they are gone.
    new_folder: Option<NewFolder>,
}

/// A folder that was made for the files: it goes again where nothing came to be in it.
struct NewFolder(PathBuf);

impl Drop for NewFolder {
    fn drop(&mut self) {
        // One that holds something stays.
        let _ = std::fs::remove_dir(&self.0);
    }
}

/// A line of `drafts.jsonl`. How fast a draft was written is in the summary: these bytes are the same each time.
#[derive(Serialize)]
struct DraftLine<'a> {
    segment: &'a str,
    strategy: &'a str,
    strategy_version: &'a str,
    /// Counted from 1.
    variant: usize,
    chosen: bool,
    chosen_by: Option<Author>,
    passes: bool,
    quality: f64,
    /// What an approval of this draft is bound to.
    approval: &'a str,
    fields: &'a Facts,
    slots: Vec<SlotLine<'a>>,
    text: &'a Text,
    checks: &'a [Check],
    finish_reason: FinishReason,
    seed: u64,
    tokens: usize,
    model: &'a ModelIdentity,
    sampling: Sampling,
    prompts: &'a [String],
    prompt_sha256: &'a str,
}

#[derive(Serialize)]
struct SlotLine<'a> {
    text: &'a str,
    seed: u64,
    finish_reason: FinishReason,
    tokens: usize,
}

impl Files {
    /// Makes the folder and the beginnings of the outbox.
    pub fn create(folder: &Path) -> anyhow::Result<Self> {
        let told = || {
            format!(
                "the files cannot be written to {}; choose a folder that you may write with --out",
                folder.display()
            )
        };
        anyhow::ensure!(
            !folder.exists() || folder.is_dir(),
            "{} is a file; --out wants a folder, which need not be there yet",
            folder.display()
        );
        let new_folder = (!folder.exists()).then(|| NewFolder(folder.to_owned()));
        private_folder(folder).with_context(told)?;
        remove_left_overs(folder).with_context(told)?;
        let open = |name: &str| AtomicFile::create(folder.join(name), Privacy::Private).with_context(told);
        let mut outbox_csv = open("outbox.csv")?;
        write_csv_header(&mut outbox_csv).with_context(told)?;
        Ok(Self {
            folder: folder.to_owned(),
            done: Vec::new(),
            outbox_csv,
            outbox_json: open("outbox.jsonl")?,
            new_folder,
        })
    }

    fn add(
        &mut self,
        name: &str,
        fill: impl FnOnce(&mut AtomicFile) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        let path = self.folder.join(name);
        let write = || {
            let mut file = AtomicFile::create(&path, Privacy::Private)?;
            fill(&mut file)?;
            Ok::<_, io::Error>(file)
        };
        let file = write().with_context(|| format!("{} cannot be written", path.display()))?;
        self.done.push((path, file));
        Ok(())
    }

    pub fn segments(&mut self, segmentation: &Segmentation) -> anyhow::Result<()> {
        let features = &segmentation.features;
        let everybody = segmentation.customers();
        self.add("segments.csv", |file| {
            let mut sheet = Sheet::new(file);
            let mut header: Vec<String> =
                ["segment", "name", "name_zh", "stage", "customers", "share_of_customers", "sets_apart"]
                    .map(str::to_owned)
                    .into();
            for feature in features {
                let name = feature_name(*feature);
                header.extend([format!("{name}_p10"), format!("{name}_median"), format!("{name}_p90")]);
            }
            sheet.row(header.iter().map(String::as_str))?;
            for cluster in &segmentation.clusters {
                let drivers: Vec<String> = cluster
                    .drivers
                    .iter()
                    .map(|driver| {
                        let direction = match driver.direction {
                            Direction::High => "high",
                            Direction::Low => "low",
                        };
                        format!("{direction} {} ({:+.1} SD)", feature_name(driver.feature), driver.effect)
                    })
                    .collect();
                let mut row = vec![
                    cluster.id.clone(),
                    cluster.name.clone(),
                    cluster.names.zh.clone(),
                    plain_name(&cluster.stage),
                    cluster.size.to_string(),
                    format!("{:.4}", cluster.size as f64 / everybody.max(1) as f64),
                    drivers.join("; "),
                ];
                for feature in features {
                    row.extend(cluster.features.get(feature).map_or_else(
                        || [const { String::new() }; 3],
                        |spread| [spread.p10, spread.median, spread.p90].map(number),
                    ));
                }
                sheet.row(row.iter().map(String::as_str))?;
            }
            sheet.finish().map(|_| ())
        })
    }

    pub fn customers(
        &mut self,
        shop: &Shop,
        features: &Features,
        segmentation: &Segmentation,
    ) -> anyhow::Result<()> {
        self.add("customers.csv", |file| {
            let mut sheet = Sheet::new(file);
            let names: Vec<String> =
                features.columns.iter().map(|column| feature_name(column.feature)).collect();
            sheet.row(
                ["customer_id", "segment", "segment_name"]
                    .into_iter()
                    .chain(names.iter().map(String::as_str)),
            )?;
            let mut cells: Vec<String> = Vec::with_capacity(names.len());
            for row in 0..shop.customers.len() {
                cells.clear();
                cells.extend(features.columns.iter().map(|column| {
                    column
                        .values
                        .get(row)
                        .filter(|value| !value.is_nan())
                        .map_or_else(String::new, |&value| number(f64::from(value)))
                }));
                let cluster =
                    segmentation.cluster_of(row).and_then(|number| segmentation.clusters.get(number));
                let (id, name) =
                    cluster.map_or(("", ""), |cluster| (cluster.id.as_str(), cluster.name.as_str()));
                sheet.row(
                    [shop.customers.id(row), id, name].into_iter().chain(cells.iter().map(String::as_str)),
                )?;
            }
            sheet.finish().map(|_| ())
        })
    }

    pub fn profiles(&mut self, markdown: &str) -> anyhow::Result<()> {
        self.add("profiles.md", |file| file.write_all(markdown.as_bytes()))
    }

    pub fn drafts(&mut self, pairs: &[Pair]) -> anyhow::Result<()> {
        self.add("drafts.jsonl", |file| {
            for pair in pairs {
                for (number, judged) in pair.drafts.iter().enumerate() {
                    let draft = &judged.draft;
                    let chosen = pair.chosen == Some(number);
                    let slots = draft.slots.iter().map(|slot| SlotLine {
                        text: &slot.text,
                        seed: slot.seed,
                        finish_reason: slot.finish_reason,
                        tokens: slot.tokens,
                    });
                    let line = DraftLine {
                        segment: &draft.segment,
                        strategy: &draft.strategy,
                        strategy_version: &draft.strategy_version,
                        variant: number + 1,
                        chosen,
                        chosen_by: chosen.then_some(Author::Program),
                        passes: judged.passes(),
                        quality: judged.quality,
                        approval: judged.seal.as_str(),
                        fields: &draft.fields,
                        slots: slots.collect(),
                        text: &draft.text,
                        checks: &judged.checks,
                        finish_reason: draft.finish_reason,
                        seed: draft.seed,
                        tokens: draft.tokens,
                        model: &draft.model,
                        sampling: draft.sampling,
                        prompts: &draft.prompts,
                        prompt_sha256: &draft.prompt_sha256,
                    };
                    serde_json::to_writer(&mut *file, &line)?;
                    file.write_all(b"\n")?;
                }
            }
            Ok(())
        })
    }

    /// Gives all files their names, the summary last.
    pub fn commit(mut self, summary: &Summary) -> anyhow::Result<()> {
        self.add("summary.json", |file| {
            let mut document = serde_json::to_value(summary)?;
            tidy(&mut document);
            serde_json::to_writer_pretty(&mut *file, &document)?;
            file.write_all(b"\n")
        })?;
        let Self { folder, done, outbox_csv, outbox_json, new_folder } = self;
        let outbox = [(folder.join("outbox.csv"), outbox_csv), (folder.join("outbox.jsonl"), outbox_json)];
        for (path, file) in outbox.into_iter().chain(done) {
            file.commit().with_context(|| format!("{} cannot be written", path.display()))?;
        }
        drop(new_folder);
        Ok(())
    }
}

impl Outbox for Files {
    fn batch(&mut self, csv: &[u8], json: &[u8], _messages: usize) -> io::Result<()> {
        self.outbox_csv.write_all(csv)?;
        self.outbox_json.write_all(json)
    }
}

/// Removes what a killed run left behind: it holds personal data, and nobody would look for it.
fn remove_left_overs(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let ours = NAMES.iter().any(|ours| name.to_string_lossy().starts_with(&format!(".{ours}.")));
        if ours && Path::new(&name).extension().is_some_and(|end| end == "partial") {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// A name as JSON has it: `recency_days`, `win-back`.
fn plain_name<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn feature_name(feature: Feature) -> String {
    plain_name(&feature)
}

/// At most three decimals, and none that are nought.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!([3.0, 0.5, 1_234.567_89, 100.0].map(number), ["3", "0.5", "1234.568", "100"]);
    }
}
