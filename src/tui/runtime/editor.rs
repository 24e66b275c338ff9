//! The person's own editor on a piece of text.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;

/// Opens `$VISUAL` or `$EDITOR` (or `vi`) on a private file with that text; returns the text as it was saved.
///
/// # Errors
/// Cause and remedy in words.
pub fn edit(text: &str, suffix: &str) -> Result<String, String> {
    let program = ["VISUAL", "EDITOR"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
        .unwrap_or_else(|| "vi".into());
    let path = std::env::temp_dir().join(format!("perennial-{}{suffix}", std::process::id()));
    let place = path.display().to_string();
    let cannot =
        |error: std::io::Error| format!("{place} cannot be written: {error}. Set TMPDIR to another folder.");
    let _ = std::fs::remove_file(&path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(cannot)?;
    file.write_all(text.as_bytes()).map_err(cannot)?;
    drop(file);
    // The variable may hold arguments ("code --wait"): the shell splits them.
    let status = Command::new("sh").arg("-c").arg(format!("{program} \"$1\"")).arg("sh").arg(&path).status();
    let result = match status {
        Ok(status) if status.success() => std::fs::read_to_string(&path)
            .map_err(|error| format!("{place} cannot be read back: {error}. The text is as it was.")),
        Ok(status) => Err(format!(
            "`{program}` ended with {status}. The text is as it was; set EDITOR to another program."
        )),
        Err(error) => {
            Err(format!("`{program}` cannot be started: {error}. Set EDITOR to a program that is there."))
        }
    };
    let _ = std::fs::remove_file(&path);
    result
}
