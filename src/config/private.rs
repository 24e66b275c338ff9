//! Files with a secret in them, which nobody but their owner may read.

use std::path::{Path, PathBuf};

/// Bytes of such a file at most.
const LONGEST: u64 = 64 << 10;

/// The text of a file that only its owner can read; `~` at its beginning is the user's home folder. `what` is the secret's name
/// for people, as in "the password".
///
/// # Errors
/// Words that name the secret, the file and the remedy.
pub fn private_text(file: &Path, what: &str) -> Result<String, String> {
    let file = at_home(file);
    let failed = |why: String| format!("{what} in {} {why}", file.display());
    let about = std::fs::metadata(&file)
        .map_err(|error| failed(format!("cannot be read ({error}): make the file, or name another")))?;
    if !about.is_file() || about.len() > LONGEST {
        return Err(failed("is no file with one secret in it: name another".into()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = about.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(failed(format!(
                "can be read by others (mode {mode:04o}): run `chmod 600 {}`",
                file.display()
            )));
        }
    }
    std::fs::read_to_string(&file)
        .map_err(|error| failed(format!("cannot be read ({error}): make it a text file that you may read")))
}

/// `~` at the beginning is the user's home folder.
#[must_use]
pub fn at_home(file: &Path) -> PathBuf {
    match (file.strip_prefix("~"), directories::BaseDirs::new()) {
        (Ok(rest), Some(user)) => user.home_dir().join(rest),
        _ => file.to_owned(),
    }
}
