//! A secret that stands in the environment, or in a file that nobody else can read.

use std::fmt;
use std::path::Path;

use crate::config::private_text;

/// A password or a provider's key. It is shown by nothing but what is sent to the other side.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// The secret in the environment variable, else in `file`; `None` where there is neither. `what` is its name for people.
    ///
    /// # Errors
    /// The file cannot be read, others can read it, or what is there is no secret.
    pub fn find(variable: &str, file: Option<&Path>, what: &str) -> Result<Option<Self>, String> {
        let text = match (std::env::var_os(variable).filter(|value| !value.is_empty()), file) {
            (Some(value), _) => value
                .into_string()
                .map_err(|_| format!("{what} in the environment variable {variable} is not UTF-8"))?,
            (None, Some(file)) => private_text(file, what)?,
            (None, None) => return Ok(None),
        };
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(format!("{what} is empty or has more than one line: write it alone on one line"));
        }
        Ok(Some(Self(text.to_owned())))
    }

    /// The secret with `prefix` before it.
    pub fn after(&self, prefix: &str) -> Self {
        Self(format!("{prefix}{}", self.0))
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// A text in which the secret does not stand any more.
    pub fn kept_out_of(&self, text: &str) -> String {
        text.replace(&self.0, "…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_secret_is_read_from_a_file_of_ones_own_and_never_shown() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("smtp.password");
        let find = || Secret::find("PERENNIAL_NO_SUCH_VARIABLE", Some(&file), "the password");
        assert!(find().unwrap_err().contains("cannot be read"));
        std::fs::write(&file, "hush hush\n").unwrap();
        let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o640);
        let error = find().unwrap_err();
        assert!(error.contains("chmod 600") && !error.contains("hush"), "{error}");
        mode(0o600);
        let secret = find().unwrap().unwrap();
        assert_eq!(secret.reveal(), "hush hush");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.kept_out_of("no hush hush here"), "no … here");
        for wrong in ["", "\n", "one\ntwo"] {
            std::fs::write(&file, wrong).unwrap();
            assert!(find().unwrap_err().contains("one line"));
        }
        assert_eq!(Secret::find("PERENNIAL_NO_SUCH_VARIABLE", None, "the password"), Ok(None));
    }
}
