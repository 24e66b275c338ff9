//! The commands: `serve`, `feedback`, `suppressions`, `customer`.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use perennial::workspace::{Links, SecretName, Store};
use predicates::prelude::*;
use serde_json::Value;

use super::{ANNA, DAY, exchange, now, sow};
use crate::program::{perennial, text};

/// A project with a shop of three customers, and a ledger.
fn project(home: &Path) -> PathBuf {
    let folder = home.join("shop");
    perennial(home).args(["init", "shop"]).assert().code(0);
    let data = folder.join("data");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(
        data.join("customers.csv"),
        "customer_id,first_name,last_name,email,phone,email_consent,shoe_size\n\
         anna,Anneliese,Meyerling,Anna.Meyer@example.com,+49 170 7654321,yes,38\n\
         li,晓雨,李,li@example.cn,+86 138 0013 8000,yes,\n\
         otto,Otto,Meier,otto@example.com,+4915112345678,no,44\n",
    )
    .unwrap();
    std::fs::write(
        data.join("orders.csv"),
        "customer_id,ordered_at,amount,currency\nanna,2025-01-05,49.90,EUR\nanna,2025-02-05,10.00,EUR\nli,2025-01-07,5,EUR\n",
    )
    .unwrap();
    sow(&folder.join("perennial.db"));
    folder
}

/// The program as a server, and where it listens.
fn serve(home: &Path, arguments: &[&str]) -> (Child, SocketAddr) {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("perennial"))
        .args(["serve", "--workspace", "shop", "--bind", "127.0.0.1:0"])
        .args(arguments)
        .env("HOME", home)
        .env_remove("PERENNIAL_WEBHOOK_SECRET")
        .current_dir(home)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("http://").unwrap().parse().unwrap();
    (child, address)
}

fn links(folder: &Path) -> Links {
    let mut store = Store::open(&folder.join("perennial.db")).unwrap();
    Links::new("", &store.secret(SecretName::Links).unwrap(), now() + DAY)
}

fn post(address: SocketAddr, path: &str, body: &str) -> u16 {
    let request = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    exchange(address, request.as_bytes()).status
}

#[test]
fn what_was_answered_survives_a_killed_server() {
    let home = tempfile::tempdir().unwrap();
    let folder = project(home.path());
    let links = links(&folder);
    for number in 0..3 {
        let (mut child, address) = serve(home.path(), &[]);
        assert_eq!(post(address, &links.feedback(ANNA), &format!("rating=3&text=number+{number}")), 200);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let database = rusqlite::Connection::open(folder.join("perennial.db")).unwrap();
    let kept: String =
        database.query_row("SELECT group_concat(text, '; ') FROM feedback", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, "number 0; number 1; number 2");
}

#[cfg(unix)]
#[test]
fn a_request_to_end_ends_it_well() {
    let home = tempfile::tempdir().unwrap();
    let folder = project(home.path());
    for signal in ["-TERM", "-INT"] {
        let (mut child, address) = serve(home.path(), &["--quiet"]);
        assert_eq!(post(address, &links(&folder).unsubscribe(ANNA), "List-Unsubscribe=One-Click"), 200);
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{signal}");
    }
    assert_eq!(Store::open(&folder.join("perennial.db")).unwrap().suppressions().unwrap().len(), 1);
}

#[test]
fn what_keeps_the_server_from_its_work_is_told() {
    let home = tempfile::tempdir().unwrap();
    let folder = project(home.path());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    perennial(home.path())
        .args(["serve", "--workspace", "shop", "--bind", &address])
        .assert()
        .code(1)
        .stdout("")
        .stderr(predicate::str::contains(&address).and(predicate::str::contains("--bind")));
    let secret = folder.join("webhook.secret");
    let ask = |words: &str| {
        perennial(home.path())
            .args(["serve", "--workspace", ".", "--bind", &address])
            .args(["--set", "door.webhook-secret-file=webhook.secret"])
            .current_dir(&folder)
            .assert()
            .code(1)
            .stderr(predicate::str::contains(words));
    };
    ask("cannot be read");
    std::fs::write(&secret, "0123456789abcdef").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();
        ask("chmod 600");
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    std::fs::write(&secret, "short").unwrap();
    ask("openssl rand -hex 32");
}

#[test]
fn everything_about_a_customer_is_one_document_and_can_be_erased() {
    let home = tempfile::tempdir().unwrap();
    let folder = project(home.path());
    let run = |words: &[&str]| {
        let mut command = perennial(home.path());
        command.args(["--workspace", "shop", "--quiet"]).args(words);
        command
    };
    let out = run(&["customer", "export", "anna"]).assert().code(0);
    let document: Value = serde_json::from_str(&text(&out.get_output().stdout)).unwrap();
    assert_eq!(document["shop"]["facts"]["email"], "Anna.Meyer@example.com");
    assert_eq!(document["shop"]["facts"]["shoe_size"], "38", "{document:#}");
    assert_eq!(document["shop"]["consent"]["email"], true);
    assert_eq!(document["shop"]["orders"][0]["amount"], 49.9);
    assert_eq!(document["project"]["sends"].as_array().unwrap().len(), 3);
    run(&["customer", "export", "anna", "--out", "anna.json"]).assert().code(0).stdout("");
    let file = home.path().join("anna.json");
    assert_eq!(serde_json::from_slice::<Value>(&std::fs::read(&file).unwrap()).unwrap()["customer"], "anna");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    run(&["customer", "export", "nobody"])
        .assert()
        .code(2)
        .stdout("")
        .stderr(predicate::str::contains("nobody").and(predicate::str::contains("--find")));

    // Nothing happens unasked.
    run(&["customer", "erase", "anna"]).assert().code(2).stdout("").stderr(predicate::str::contains("--yes"));
    std::fs::write(folder.join("notes.txt"), "call Anneliese Meyerling").unwrap();
    let out = run(&["customer", "erase", "anna", "--yes", "--json"]).assert().code(0);
    let document: Value = serde_json::from_str(&text(&out.get_output().stdout)).unwrap();
    assert_eq!((&document["sends"], &document["wiped"]), (&3.into(), &true.into()), "{document:#}");
    let files = |part: &str| document[part]["files"].to_string();
    assert!(
        files("shop_files").contains("customers.csv") && files("shop_files").contains("orders.csv"),
        "{document:#}"
    );
    assert!(
        files("project_files").contains("notes.txt") && !files("project_files").contains("customers.csv")
    );
    let database = std::fs::read(folder.join("perennial.db")).unwrap();
    assert!(memchr::memmem::find(&database.to_ascii_lowercase(), b"anna.meyer").is_none());
    run(&["suppressions", "list"]).assert().code(0).stdout(predicate::str::contains("erased"));
}

#[test]
fn lists_and_events_come_through_commands() {
    let home = tempfile::tempdir().unwrap();
    project(home.path());
    let run = |words: &[&str]| {
        let mut command = perennial(home.path());
        command.args(["--workspace", "shop", "--quiet"]).args(words);
        command
    };
    run(&["suppressions", "list"]).assert().code(0).stdout("No address is suppressed.\n");
    run(&["suppressions", "add", "Someone@Example.com", "--channel", "email"]).assert().code(0);
    run(&["suppressions", "add", "x@example.com", "--channel", "fax"])
        .assert()
        .code(2)
        .stderr(predicate::str::contains("email, sms, push or all"));
    run(&["suppressions", "export", "list.csv"]).assert().code(0);
    let list = std::fs::read_to_string(home.path().join("list.csv")).unwrap();
    assert!(
        list.starts_with("channel,address,address_hash,reason,at,source,key\nemail,someone@example.com,"),
        "{list}"
    );
    let out = run(&["suppressions", "import", "list.csv", "--json"]).assert().code(0);
    let document: Value = serde_json::from_str(&text(&out.get_output().stdout)).unwrap();
    assert_eq!((&document["kept"], &document["repeated"]), (&0.into(), &1.into()));

    // Without addresses the list is good for this project, and for no other.
    let hashes = list.replace(",someone@example.com,", ",,");
    std::fs::write(home.path().join("hashes.csv"), hashes).unwrap();
    let import = |shop: &str| {
        let mut command = perennial(home.path());
        command.args(["--workspace", shop, "--quiet", "suppressions", "import", "hashes.csv"]);
        command.assert()
    };
    import("shop").code(0).stdout(predicate::str::contains("1 known already"));
    run(&["init", "other"]).assert().code(0);
    import("other").code(3).stdout(
        predicate::str::contains("0 kept")
            .and(predicate::str::contains("row 1: it has only a hash, made with another project's key")),
    );

    std::fs::write(
        home.path().join("events.csv"),
        "kind,id,message_id\ndelivered,1,m1@shop.example\nopened,2,x\n",
    )
    .unwrap();
    run(&["feedback", "import", "events.csv"]).assert().code(3).stdout(
        predicate::str::contains("1 kept").and(predicate::str::contains("row 2: there is no kind of event")),
    );
    let mail = home.path().join("mail");
    std::fs::create_dir(&mail).unwrap();
    std::fs::copy(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/mailbox/postfix.eml"),
        mail.join("1.eml"),
    )
    .unwrap();
    let out = run(&["feedback", "mailbox", "mail", "--json"]).assert().code(0);
    let document: Value = serde_json::from_str(&text(&out.get_output().stdout)).unwrap();
    assert_eq!((&document["bounces"], &document["events"]["kept"]), (&1.into(), &1.into()), "{document:#}");
    run(&["suppressions", "list"]).assert().code(0).stdout(predicate::str::contains("bounced"));
}
