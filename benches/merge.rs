//! Merging approved copy for a whole shop: templates filled, every rule run on every message, both files' bytes
//! made. The budget is a million messages in five seconds on two cores.

#![expect(clippy::expect_used, reason = "a benchmark stops at what goes wrong")]

use std::collections::BTreeMap;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use perennial::config::Config;
use perennial::data::sample;
use perennial::jobs::unwatched;
use perennial::review::coupon;
use perennial::review::decision::{Author, Seal};
use perennial::review::merge::{self, Copy, Plan};
use perennial::strategy::{facts_for_segment, fits, parse, shipped, slots};
use perennial::{data, features, profiles, segments};

/// Some hundred thousand messages: as in a large export, most lines have been seen before.
const CUSTOMERS: u32 = 200_000;

fn merging(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = sample::Options {
        customers: CUSTOMERS,
        orders: u64::from(CUSTOMERS) * 4,
        seed: 7,
        clean: true,
        truth: None,
        overwrite: false,
    };
    unwatched(|task| sample::write(&options, folder.path(), task)).expect("a sample shop");
    let config = Config::default();
    let shop = unwatched(|task| data::load(&[folder.path().to_owned()], &config.data, task)).expect("a shop");
    let features = unwatched(|task| features::compute(&shop, None, task)).expect("features");
    let options = segments::Options { k: Some(6), seed: 7, names: BTreeMap::new() };
    let segmentation = unwatched(|task| segments::segment(&features, &options, task)).expect("segments");
    let profiles =
        unwatched(|task| profiles::clusters(&shop, &features, &segmentation, task)).expect("profiles");

    let mut copies = Vec::new();
    for (cluster, profile) in segmentation.clusters.iter().zip(&profiles) {
        for file in shipped() {
            let strategy = parse(file.id, file.source).expect("a shipped strategy");
            let fit = fits(&strategy, cluster, profile);
            if !fit.is_fit() {
                continue;
            }
            let facts =
                facts_for_segment(&segmentation, profile, &strategy, &config, &shop.currency, features.as_of);
            let texts: Vec<String> = slots(&strategy, &facts)
                .expect("slots")
                .into_iter()
                .map(|slot| slot.fallback.first().cloned().unwrap_or_default())
                .collect();
            copies.push(Copy {
                approval: Seal::of(&strategy.id, "bench", &texts),
                strategy,
                cluster: profile.cluster,
                slots: texts,
                facts,
                approved_by: Author::Program,
                variant: 1,
                seed: 7,
                fit: fit.score,
            });
        }
    }
    let letters: Vec<String> = segmentation.clusters.iter().map(|cluster| cluster.id.clone()).collect();
    let plan = unwatched(|task| Plan::new(&shop, &segmentation, &copies, task)).expect("a plan");
    let codes = coupon::codes(7, &merge::coupon_recipients(&shop, &copies, &plan));
    let settings = merge::Settings { codes: &codes, banned_words: &[], segments: &letters, markdown: false };

    let mut group = criterion.benchmark_group("merge");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    group.throughput(Throughput::Elements(plan.len() as u64));
    group.bench_function("messages", |bencher| {
        bencher.iter(|| {
            let mut bytes = 0;
            let mut outbox = |csv: &[u8], json: &[u8], _: usize| {
                bytes += csv.len() + json.len();
                Ok(())
            };
            unwatched(|task| {
                merge::merge(&shop, &features, &copies, plan.clone(), &settings, &mut outbox, task)
            })
            .expect("merged");
            bytes
        });
    });
    group.finish();
}

criterion_group!(benches, merging);
criterion_main!(benches);
