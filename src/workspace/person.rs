//! Who works here, for the audit: what nobody gave a name for.

use std::process::Command;

/// The name of this machine's user: of the environment, else of the system's list of users; where there is none,
/// "somebody on HOST". Never empty.
#[must_use]
pub fn person() -> String {
    let given = ["USER", "LOGNAME", "USERNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    let said = given.map(|name| name.trim().to_owned()).find(|name| !name.is_empty());
    said.or_else(|| told_by("id", "-un")).unwrap_or_else(|| {
        told_by("uname", "-n").map_or_else(|| "somebody".to_owned(), |host| format!("somebody on {host}"))
    })
}

/// What a program of the system says in one line. A user who is in no list is a number to `id`, which fails then.
fn told_by(program: &str, option: &str) -> Option<String> {
    let output = Command::new(program).arg(option).output().ok().filter(|output| output.status.success())?;
    let said = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    let plain = !said.is_empty() && !said.chars().any(char::is_control);
    // A bare number names nobody.
    (plain && !said.chars().all(|sign| sign.is_ascii_digit())).then_some(said)
}
