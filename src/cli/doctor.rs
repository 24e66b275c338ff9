//! `perennial doctor`: is this machine ready, and if not, what to do.

mod machine;
mod model;
mod project;
mod terminal;

use serde::Serialize;

use super::{Context, Exit, SCHEMA};

/// What this machine offers and lacks, and what to do about it.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Ok,
    /// Works, but not as well as it could.
    Warn,
    /// Something will not work.
    Problem,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Finding {
    /// `terminal`, `machine`, `model`, `project`.
    pub area: &'static str,
    pub name: &'static str,
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do; empty where all is well.
    pub remedy: String,
}

impl Finding {
    fn new(area: &'static str, name: &'static str, found: impl Into<String>) -> Self {
        Self { area, name, verdict: Verdict::Ok, found: found.into(), remedy: String::new() }
    }

    /// The same as something that works, but not as well as it could.
    fn warn(self, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warn, remedy: remedy.into(), ..self }
    }

    /// The same as something that will not work.
    fn problem(self, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Problem, remedy: remedy.into(), ..self }
    }
}

/// The document of `--json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    version: &'static str,
    /// The worst of the findings.
    verdict: Verdict,
    findings: &'a [Finding],
}

/// Looks at everything and tells it.
///
/// # Errors
/// Stdout cannot be written.
pub fn run(_args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let mut findings = terminal::look(&terminal::Surroundings::here());
    findings.extend(machine::look());
    findings.push(model::look(context));
    findings.extend(model::adapter(context));
    findings.extend(project::look(context));
    let verdict = findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Ok);

    if context.global.json {
        let version = env!("CARGO_PKG_VERSION");
        context.print_json(&Document { schema: SCHEMA, version, verdict, findings: &findings })?;
    } else {
        context.stdout.write_all(page(&findings).as_bytes())?;
    }
    Ok(if verdict == Verdict::Problem { Exit::StoppedByCheck } else { Exit::Done })
}

/// The findings for people, by area.
fn page(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.name.len()).max().unwrap_or(0);
    let mut lines = vec![format!("Perennial {}", env!("CARGO_PKG_VERSION"))];
    let mut area = "";
    for finding in findings {
        if finding.area != area {
            area = finding.area;
            lines.push(format!("\n{area}"));
        }
        let sign = match finding.verdict {
            Verdict::Ok => "ok     ",
            Verdict::Warn => "warn   ",
            Verdict::Problem => "PROBLEM",
        };
        lines.push(format!("  {sign} {:width$}  {}", finding.name, finding.found));
        if !finding.remedy.is_empty() {
            lines.push(format!("          {:width$}  -> {}", "", finding.remedy));
        }
    }
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    lines.push(match (count(Verdict::Problem), count(Verdict::Warn)) {
        (0, 0) => "\nAll is well.".into(),
        (0, warnings) => format!("\nReady; {warnings} thing{} could be better.", plural(warnings)),
        (problems, _) => format!("\n{problems} problem{} to mend.", plural(problems)),
    });
    lines.push(String::new());
    lines.join("\n")
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_finding_has_its_sign_and_the_remedy_stands_below() {
        let findings = [
            Finding::new("terminal", "size", "120 x 40"),
            Finding::new("terminal", "colours", "16").warn("Set COLORTERM=truecolor."),
            Finding::new("machine", "disk", "0.1 GB free").problem("Free 1 GB."),
        ];
        insta::assert_snapshot!(page(&findings));
    }
}
