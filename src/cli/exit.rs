//! How a command ends: the process's exit status, and how an error is told.

use std::fmt::Write as _;

use crate::config::ConfigError;
use crate::jobs::Cancelled;
use crate::tui::text::clean;

/// How a command ended; the process's exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0
    Done,
    /// 1
    Failed,
    /// 2
    Usage,
    /// 3: findings, unapproved copy, pre-flight.
    StoppedByCheck,
    /// 130
    Interrupted,
}

impl Exit {
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::StoppedByCheck => 3,
            Self::Interrupted => 130,
        }
    }

    /// What an error that reached `main` means for the exit status.
    #[must_use]
    pub fn of(error: &anyhow::Error) -> Self {
        if error.chain().any(is_interruption) {
            Self::Interrupted
        } else if error.chain().any(is_usage) {
            Self::Usage
        } else {
            Self::Failed
        }
    }
}

/// The command was called in a way that cannot work: cause and remedy in words. Exit status 2.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

fn is_usage(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.is::<UsageError>() || cause.downcast_ref::<ConfigError>().is_some_and(ConfigError::is_usage)
}

/// `Cancelled` may stand inside an error that shows it as its own (`#[error(transparent)]`), so that
/// it never appears in the chain by itself: its words do.
fn is_interruption(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.is::<Cancelled>() || cause.to_string() == Cancelled.to_string()
}

/// Whether the reader of our output went away, as `head` does: no reason to complain.
#[must_use]
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
            || cause
                .downcast_ref::<serde_json::Error>()
                .is_some_and(|json| json.io_error_kind() == Some(std::io::ErrorKind::BrokenPipe))
    })
}

/// An error and its causes, outermost first; a cause that says nothing new is left out.
#[must_use]
pub fn explain(error: &anyhow::Error) -> String {
    let mut told = String::from("perennial: ");
    let mut last = String::new();
    for (depth, cause) in error.chain().enumerate() {
        let words = cause.to_string();
        if depth == 0 {
            told.push_str(&words);
        } else if !last.contains(&words) {
            let _ = write!(told, "\n  because: {}", words.replace('\n', "\n  "));
        }
        last = words;
    }
    // Paths, columns and cells of the shop's files stand in errors too.
    told.split('\n').map(clean).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum StageError {
        #[error(transparent)]
        Cancelled(#[from] Cancelled),
    }

    #[test]
    fn a_cancelled_stage_is_an_interruption_however_deep_it_stands() {
        let direct = anyhow::Error::new(Cancelled);
        let nested = anyhow::Error::new(StageError::from(Cancelled)).context("reading the shop");
        assert_eq!(Exit::of(&direct), Exit::Interrupted);
        assert_eq!(Exit::of(&nested), Exit::Interrupted);
    }

    #[test]
    fn wrong_usage_is_2_and_everything_else_is_1() {
        assert_eq!(Exit::of(&UsageError("no such thing".into()).into()).code(), 2);
        assert_eq!(Exit::of(&anyhow::anyhow!("the disk is full")).code(), 1);
    }

    #[test]
    fn causes_are_told_once_and_in_order() {
        let io = std::io::Error::new(std::io::ErrorKind::PermissionDenied, "permission denied");
        let error =
            Err::<(), _>(io).context("out/segments.csv cannot be written").context("nothing was exported");
        insta::assert_snapshot!(explain(&error.unwrap_err()), @r"
        perennial: nothing was exported
          because: out/segments.csv cannot be written
          because: permission denied
        ");
    }
}
