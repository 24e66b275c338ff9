//! A project with a shop of its own, and a campaign that is ready to be approved.

use std::fmt::Write as _;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

use crate::program::{perennial, text};

/// A folder with a project in it.
pub struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// A shop of so many customers, all of whom read English and have consented to e-mail; half of them buy often.
    pub fn new(customers: usize, settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir_all(&data).unwrap();
        let mut people = String::from("customer_id,first_name,email,language,time_zone,email_consent\n");
        let mut orders = String::from("order_id,customer_id,ordered_at,amount,currency\n");
        for number in 0..customers {
            writeln!(people, "C{number:05},Robin,robin{number}@mail.example,en,Europe/Berlin,true").unwrap();
            let often = number % 2 == 0;
            for order in 0..if often { 6 } else { 1 } {
                let (month, day) = if often { (5 + order, 1 + number % 28) } else { (1, 1 + number % 28) };
                let amount = 20 + number % 40 + if often { 80 } else { 0 };
                writeln!(orders, "O{number}-{order},C{number:05},2026-{month:02}-{day:02},{amount}.00,EUR").unwrap();
            }
        }
        std::fs::write(data.join("customers.csv"), people).unwrap();
        std::fs::write(data.join("orders.csv"), orders).unwrap();
        let project = format!(
            "[brand]\nname = \"Harbour Home\"\n[segments]\nk = 2\n[writing]\nmodel = \"none\"\n\
             [campaign]\nquiet-from = \"00:00\"\nquiet-to = \"00:00\"\n{settings}"
        );
        std::fs::write(folder.path().join("perennial.toml"), project).unwrap();
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The program, run in the project.
    pub fn run(&self, arguments: &[&str]) -> Command {
        let mut command = perennial(self.path());
        command.args(["--workspace", "."]).args(arguments);
        command
    }

    /// The document that a command prints, whatever its status.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments).arg("--json").output().unwrap();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{}", text(&output.stderr)))
    }

    /// Puts a draft of the strategy's own words for each segment into Review, and plans a campaign with them.
    pub fn plan(&self, name: &str, more: &str) {
        let mut drafts = Vec::new();
        for segment in ["A", "B"] {
            let kept =
                self.json(&["preview", "--strategy", "win-back-email-en", "--segment", segment, "-n", "1", "--keep"]);
            drafts.push(kept["drafts"][0]["id"].as_i64().unwrap());
        }
        let plan = format!(
            "title = \"Come back\"\nauthor = \"author\"\nstrategy = \"win-back-email-en\"\nsegments = [\"A\", \"B\"]\n{more}\n\
             [[arms]]\nname = \"message\"\ndrafts = [{}, {}]\n",
            drafts[0], drafts[1]
        );
        std::fs::create_dir_all(self.path().join("campaigns")).unwrap();
        std::fs::write(self.path().join(format!("campaigns/{name}.toml")), plan).unwrap();
    }

    /// How many messages of a campaign are in a state.
    pub fn count(&self, name: &str, state: &str) -> u64 {
        self.json(&["campaign", "status", name])["states"][state].as_u64().unwrap()
    }
}

/// The settings of a sender whose mail goes to a server on this machine.
pub fn mail_server(port: u16, connections: usize) -> String {
    format!(
        "[sending]\nfrom-address = \"news@shop.example\"\npostal-address = \"1 High Street\"\n\
         [sending.email]\ncarrier = \"smtp\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nconnections = {connections}\n"
    )
}
