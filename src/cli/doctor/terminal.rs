//! The terminal: type, size, colours, characters, and what stands between it and us.

use super::Finding;

/// What the environment says of the terminal.
#[expect(clippy::struct_excessive_bools, reason = "each says whether one variable is set")]
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    pub term: Option<String>,
    pub colorterm: Option<String>,
    pub no_color: bool,
    /// The first of `LC_ALL`, `LC_CTYPE`, `LANG` that is set and not empty.
    pub locale: Option<String>,
    pub tmux: bool,
    pub screen: bool,
    pub ssh: bool,
    pub is_terminal: bool,
    /// Columns and rows.
    pub size: Option<(u16, u16)>,
}

impl Surroundings {
    pub fn here() -> Self {
        use std::io::IsTerminal as _;
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let term = set("TERM");
        Self {
            colorterm: set("COLORTERM"),
            no_color: set("NO_COLOR").is_some(),
            locale: ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set),
            tmux: set("TMUX").is_some(),
            screen: set("STY").is_some(),
            ssh: set("SSH_CONNECTION").is_some() || set("SSH_TTY").is_some(),
            is_terminal: std::io::stdout().is_terminal() && std::io::stdin().is_terminal(),
            size: crossterm::terminal::size().ok(),
            term,
        }
    }
}

/// The smallest window that the dashboard draws in, and the smallest in which nothing is left out.
const SMALLEST: (u16, u16) = (40, 10);
const COMFORTABLE: (u16, u16) = (80, 24);

pub(super) fn look(here: &Surroundings) -> Vec<Finding> {
    let finding = |name, found: String| Finding::new("terminal", name, found);
    let mut findings = Vec::new();

    let kind = here.term.as_deref().unwrap_or("not set");
    let kind_finding = finding("type", format!("TERM is {kind}"));
    findings.push(match (here.is_terminal, kind) {
        (false, _) => finding("type", "no terminal here: stdin or stdout is a pipe or a file".into())
            .warn("The commands work; the dashboard needs a terminal."),
        (true, "dumb" | "not set") => {
            kind_finding.problem("The dashboard cannot draw here. Open another terminal, or set TERM=xterm-256color.")
        }
        _ => kind_finding,
    });

    if here.is_terminal {
        findings.push(match here.size {
            Some((columns, rows)) => {
                let size = finding("size", format!("{columns} columns x {rows} rows"));
                if columns < SMALLEST.0 || rows < SMALLEST.1 {
                    size.problem("Make the window at least 40 x 10.")
                } else if columns < COMFORTABLE.0 || rows < COMFORTABLE.1 {
                    size.warn("From 80 x 24 on, lists and details stand side by side.")
                } else {
                    size
                }
            }
            None => finding("size", "unknown".into()).warn("The dashboard will assume 80 x 24."),
        });
    }

    findings.push(finding("colours", colours(here)));

    let locale = here.locale.as_deref().unwrap_or("not set");
    let upper = locale.to_uppercase();
    findings.push(if upper.contains("UTF-8") || upper.contains("UTF8") {
        finding("characters", format!("UTF-8 (locale {locale})"))
    } else {
        finding("characters", format!("perhaps not UTF-8 (locale {locale})"))
            .warn("If lines or Chinese names look broken, set LANG=C.UTF-8 or another UTF-8 locale.")
    });

    if here.tmux || here.screen {
        let name = if here.tmux { "tmux" } else { "screen" };
        let inside = finding("inside", name.into());
        findings.push(if here.tmux {
            // Not a fault: it cannot be asked from here whether the option is set already.
            finding("inside", "tmux (copying needs its option: set -s set-clipboard on)".into())
        } else {
            inside.warn("screen cuts long copies; tmux passes them on.")
        });
    }
    if here.ssh {
        findings.push(finding("over", "ssh (copying goes through your own terminal, by OSC 52)".into()));
    }
    findings
}

fn colours(here: &Surroundings) -> String {
    if here.no_color {
        return "off, as NO_COLOR asks".into();
    }
    match (here.colorterm.as_deref(), here.term.as_deref()) {
        (Some("truecolor" | "24bit"), _) => "16.7 million".into(),
        (_, Some(term)) if term.contains("256color") => "256".into(),
        _ => "16".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    fn usual() -> Surroundings {
        Surroundings {
            term: Some("xterm-256color".into()),
            locale: Some("en_US.UTF-8".into()),
            is_terminal: true,
            size: Some((120, 40)),
            ..Surroundings::default()
        }
    }

    fn worst(here: &Surroundings) -> Verdict {
        look(here).into_iter().map(|finding| finding.verdict).max().unwrap()
    }

    #[test]
    fn a_usual_terminal_is_well() {
        assert_eq!(worst(&usual()), Verdict::Ok);
    }

    #[test]
    fn what_keeps_the_dashboard_from_drawing_is_a_problem() {
        assert_eq!(worst(&Surroundings { term: Some("dumb".into()), ..usual() }), Verdict::Problem);
        assert_eq!(worst(&Surroundings { term: None, ..usual() }), Verdict::Problem);
        assert_eq!(worst(&Surroundings { size: Some((39, 24)), ..usual() }), Verdict::Problem);
        assert_eq!(worst(&Surroundings { size: Some((79, 24)), ..usual() }), Verdict::Warn);
        assert_eq!(worst(&Surroundings { size: Some((80, 24)), ..usual() }), Verdict::Ok);
    }

    #[test]
    fn a_pipe_is_no_problem_for_commands() {
        assert_eq!(worst(&Surroundings { is_terminal: false, size: None, ..usual() }), Verdict::Warn);
    }

    #[test]
    fn colours_follow_the_environment() {
        assert_eq!(colours(&usual()), "256");
        assert_eq!(colours(&Surroundings { colorterm: Some("truecolor".into()), ..usual() }), "16.7 million");
        assert_eq!(colours(&Surroundings { no_color: true, ..usual() }), "off, as NO_COLOR asks");
    }
}
