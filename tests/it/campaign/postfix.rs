//! A real mail server: Postfix with a configuration of the test's own, which delivers into folders of the test. Where there
//! is no Postfix (`apt-get install postfix`), or where it may not be started (it wants root), this says so and passes.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::project::{Project, mail_server};

/// Runs until it is dropped.
struct Postfix {
    folder: tempfile::TempDir,
    port: u16,
    master: Child,
}

const MASTER: &str = "\
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 1 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
proxymap  unix  - - n - - proxymap
error     unix  - - n - - error
retry     unix  - - n - - error
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
";

impl Postfix {
    /// `unknown`: addresses that it takes and that nobody has behind it; `refused`: addresses that it does not take. Both as
    /// regular expressions.
    #[expect(clippy::print_stderr, reason = "a test that did not look is told from one that did")]
    fn start(unknown: &str, refused: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().to_owned();
        let root = Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n");
        let there =
            Command::new("postconf").arg("mail_version").output().is_ok_and(|out| out.status.success());
        if !root || !there {
            eprintln!("no Postfix here that may be started: nothing was sent to it");
            return None;
        }
        // Its parts run as users of their own.
        std::fs::set_permissions(&place, PermissionsExt::from_mode(0o755)).unwrap();
        for name in ["settings", "queue", "data", "mail"] {
            std::fs::create_dir(place.join(name)).unwrap();
        }
        let owner = |name: &str, user: &str| {
            assert!(Command::new("chown").arg(user).arg(place.join(name)).status().unwrap().success());
        };
        owner("data", "postfix");
        owner("mail", "1000:1000");
        // Given back at once, and taken by the server a moment later.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (at, settings) = (place.display(), place.join("settings"));
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {at}/queue\ndata_directory = {at}/data\n\
             maillog_file = {at}/log\nmaillog_file_prefixes = {at}\nmyhostname = mail.shop.example\nmydestination =\n\
             inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmynetworks = 127.0.0.0/8\nalias_maps =\n\
             alias_database =\nlocal_recipient_maps =\nvirtual_transport = virtual\n\
             virtual_mailbox_domains = regexp:{at}/settings/every\nvirtual_mailbox_maps = regexp:{at}/settings/boxes\n\
             virtual_mailbox_base = {at}/mail\nvirtual_uid_maps = static:1000\nvirtual_gid_maps = static:1000\n\
             smtpd_reject_unlisted_recipient = no\nsmtpd_relay_restrictions = permit_mynetworks, reject\n\
             smtpd_recipient_restrictions = check_recipient_access regexp:{at}/settings/refused, permit_mynetworks\n"
        );
        for (name, text) in [
            ("main.cf", main.as_str()),
            ("master.cf", &format!("{port} inet n - n - - smtpd\n{MASTER}")),
            ("every", "/./ OK\n"),
            ("boxes", &format!("/^news@/ notices/\n!/{unknown}/ customers/\n")),
            ("refused", &format!("/{refused}/ 550 5.1.1 Nobody of that name\n")),
        ] {
            std::fs::write(settings.join(name), text).unwrap();
        }
        let mut master = Command::new("postfix");
        master.arg("-c").arg(&settings).arg("start-fg").stdin(Stdio::null()).stdout(Stdio::null());
        let postfix = Self { port, master: master.stderr(Stdio::null()).spawn().unwrap(), folder };
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_mins(1), "Postfix does not come up:\n{}", postfix.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(postfix)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// A Maildir.
    fn mailbox(&self, name: &str) -> PathBuf {
        self.folder.path().join("mail").join(name)
    }

    /// Messages of a Maildir, once there are so many.
    fn wait_for(&self, name: &str, count: usize) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let found = messages(&self.mailbox(name));
            if found.len() >= count {
                return found;
            }
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "{} of {count} messages have come to {name}:\n{}",
                found.len(),
                self.log()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let settings = self.folder.path().join("settings");
        drop(Command::new("postfix").arg("-c").arg(settings).arg("abort").stderr(Stdio::null()).status());
        drop(self.master.wait());
    }
}

fn messages(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder.join("new")).into_iter().flatten();
    files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

/// The value of a header that is not folded.
fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let found = message.lines().take_while(|line| !line.is_empty()).find_map(|line| line.strip_prefix(name));
    found.unwrap_or_else(|| panic!("no {name} in\n{message}"))
}

#[test]
fn postfix_takes_each_message_once_and_its_bounces_suppress() {
    let Some(postfix) = Postfix::start("^robin[0-9]*5@", "^robin[0-9]*7@") else { return };
    let door = "[door]\nbase-url = \"https://news.shop.example\"\n";
    let settings = format!("{door}{}", mail_server(postfix.port, 2));
    let project = Project::new(400, &settings);
    project.plan("spring", "stop-at = 0.5");
    project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().success();
    // Killed once in the middle, and sent on.
    let sent = project.run(&["campaign", "send", "spring", "--yes"]);
    let mut command = Command::new(sent.get_program());
    command.args(sent.get_args()).current_dir(project.path()).stdin(Stdio::null());
    let mut first = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    postfix.wait_for("customers", 20);
    first.kill().unwrap();
    first.wait().unwrap();
    project.run(&["campaign", "send", "spring", "--yes"]).assert().success();
    let state = |name| project.count("spring", name) as usize;
    let (accepted, failed, unknown) = (state("accepted"), state("failed"), state("unknown"));
    assert_eq!(state("intended") + state("handing"), 0);
    assert!(unknown <= 2, "one for each connection at most: {unknown}");
    let to_be_sent = 400 - state("holdout");
    assert_eq!(accepted + failed + unknown, to_be_sent);
    let ledger = project.json(&["campaign", "ledger", "spring"]);
    let lines = ledger["sends"].as_array().unwrap();
    let told = |state: &str, digit: char| {
        let is = |line: &&serde_json::Value| {
            let address = line["address"].as_str().unwrap_or_default();
            line["state"] == state && address.split('@').next().unwrap().ends_with(digit)
        };
        lines.iter().filter(is).count()
    };
    assert_eq!(told("failed", '7'), failed, "those whom it refuses, and nobody else");
    let gone = told("accepted", '5');
    assert!(failed > 20 && gone > 20, "{failed} {gone}");

    // Each message came once, under the name that the ledger has for it; and whole.
    let notices = postfix.wait_for("notices", gone);
    let arrived = postfix.wait_for("customers", accepted - gone);
    let mut by_id: HashMap<&str, usize> = HashMap::new();
    for message in &arrived {
        *by_id.entry(header(message, "Message-ID: ").trim_matches(['<', '>'])).or_default() += 1;
        assert_eq!(header(message, "List-Unsubscribe-Post: "), "List-Unsubscribe=One-Click");
        assert!(message.contains("multipart/alternative") && message.contains("https://news.shop.example/"));
    }
    assert!(by_id.values().all(|times| *times == 1), "doubled");
    for line in lines.iter().filter(|line| line["state"] == "accepted") {
        let (id, address) = (line["message_id"].as_str().unwrap(), line["address"].as_str().unwrap());
        let unknown = address.split('@').next().unwrap().ends_with('5');
        assert_eq!(by_id.contains_key(id), !unknown, "{address} {id}");
    }

    // What could not be delivered comes back, and nobody writes there again.
    assert!(notices.iter().all(|notice| notice.contains("Status: 5.1.1")));
    let mailbox = postfix.mailbox("notices");
    let read = project.json(&["feedback", "mailbox", mailbox.to_str().unwrap()]);
    assert_eq!(read["bounces"], notices.len(), "{read}");
    project.plan("summer", "");
    let funnel = project.json(&["campaign", "plan", "summer"])["funnel"].clone();
    let step = |name: &str| {
        let line = funnel.as_array().unwrap().iter().find(|line| line["step"] == name);
        line.unwrap()["left_out"].as_u64().unwrap() as usize
    };
    assert_eq!(step("not-suppressed") + step("consented"), notices.len() + failed, "{funnel}");
    let results = project.json(&["results", "spring"]);
    let bounced = results["funnel"].as_array().unwrap().iter().filter_map(|arm| arm["bounced"].as_u64());
    assert_eq!(bounced.sum::<u64>() as usize, notices.len());
}
