//! A server's key: from the environment, or from a file that nobody else can read.

use std::fmt;
use std::path::Path;

use crate::config::{API_KEY, private_text};
use crate::writing::WritingError;

/// A secret. It is shown by nothing but the header that a server gets.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// The key in `PERENNIAL_API_KEY`, else in `file`; `None` where there is neither.
    ///
    /// # Errors
    /// The file cannot be read, others can read it, or what is there is no key.
    pub fn find(file: Option<&Path>) -> Result<Option<Self>, WritingError> {
        if let Some(key) = std::env::var_os(API_KEY).filter(|key| !key.is_empty()) {
            let key = key.into_string().unwrap_or_default();
            return Self::new(&key, &format!("the environment variable {API_KEY}")).map(Some);
        }
        file.map(Self::read).transpose()
    }

    /// The key in a file.
    ///
    /// # Errors
    /// As [`Key::find`].
    pub fn read(file: &Path) -> Result<Self, WritingError> {
        let text = private_text(file, "the server's key").map_err(|why| {
            WritingError::Failed(format!(
                "{why}. The key may stand in the environment variable {API_KEY} too"
            ))
        })?;
        Self::new(&text, &format!("the key file {}", file.display()))
    }

    /// A key from a text, of which `place` is the name.
    ///
    /// # Errors
    /// It is empty, or has characters that no key has.
    pub fn new(text: &str, place: &str) -> Result<Self, WritingError> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(WritingError::Failed(format!(
                "{place} holds no key: a key is one word of letters, digits and signs"
            )));
        }
        Ok(Self(text.to_owned()))
    }

    /// The header that shows the key to a server.
    #[must_use]
    pub(super) fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// A text in which the key does not stand any more.
    #[must_use]
    pub fn kept_out_of(&self, text: &str) -> String {
        text.replace(&self.0, "…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown() {
        let key = Key::new(" sk-hush\n", "here").unwrap();
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert_eq!(key.header(), "Bearer sk-hush");
        assert_eq!(key.kept_out_of("wrong key sk-hush!"), "wrong key …!");
        for wrong in ["", " \n", "two words", "schlüssel"] {
            assert!(Key::new(wrong, "here").unwrap_err().to_string().starts_with("here holds no key"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused_with_a_remedy() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("server.key");
        assert!(Key::read(&file).unwrap_err().to_string().contains("PERENNIAL_API_KEY"));
        std::fs::write(&file, "sk-hush\n").unwrap();
        let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        for wrong in [0o644, 0o640, 0o604] {
            mode(wrong);
            let error = Key::read(&file).unwrap_err().to_string();
            assert!(error.contains("chmod 600") && !error.contains("hush"), "{error}");
        }
        for right in [0o600, 0o400] {
            mode(right);
            assert_eq!(Key::read(&file).unwrap(), Key("sk-hush".into()));
        }
        assert!(Key::read(folder.path()).is_err());
    }
}
