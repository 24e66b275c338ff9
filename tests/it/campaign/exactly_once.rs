//! Nothing lost and nothing doubled: killed, cut off, refused, started twice.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::project::{Project, mail_server};
use super::sink::{Answer, Sink};
use crate::faults::Odd;
use crate::program::text;

/// Customers of whom 5,000 get a message.
const CUSTOMERS: usize = 5_556;
const KILLS: usize = 200;

/// The program as a process that can be killed.
fn sending(project: &Project) -> Command {
    let run = project.run(&["campaign", "send", "spring", "--yes"]);
    let mut command = Command::new(run.get_program());
    command.args(run.get_args()).current_dir(project.path()).stdin(Stdio::null());
    for (name, value) in run.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Waits until the server has taken something.
fn wait_for_the_first(sink: &Sink) {
    let begun = Instant::now();
    while sink.count().0 == 0 {
        assert!(begun.elapsed() < Duration::from_mins(1), "nothing goes out");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Moments that are the same in every run (xorshift).
struct Moments(u64);

impl Moments {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

#[test]
fn killed_two_hundred_times_it_loses_nothing_and_doubles_nothing() {
    let sink = Sink::new(|_| Answer::Taken);
    let project = Project::new(CUSTOMERS, &mail_server(sink.port, 4));
    project.plan("spring", "per-minute = 60000");
    project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().success();
    // The launch, and the first messages.
    let mut first = sending(&project).spawn().unwrap();
    wait_for_the_first(&sink);
    first.kill().unwrap();
    first.wait().unwrap();
    // How long a process takes to its first message when the campaign is launched already.
    let before = sink.count().0;
    let begun = Instant::now();
    let mut second = sending(&project).spawn().unwrap();
    while sink.count().0 == before {
        assert!(begun.elapsed() < Duration::from_mins(1), "nothing goes on");
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut start = begun.elapsed().as_millis() as u64;
    second.kill().unwrap();
    second.wait().unwrap();

    let mut moments = Moments(0x9e37_79b9_7f4a_7c15);
    let (mut kills, mut in_the_middle) = (2, 0);
    while kills < KILLS {
        let before = sink.count().0;
        let mut process = sending(&project).spawn().unwrap();
        // From a third of the way to the first message on to some thirty messages after it.
        std::thread::sleep(Duration::from_millis(start / 3 + moments.next(start * 2 / 3 + 60)));
        process.kill().unwrap();
        let ended = process.wait().unwrap();
        assert!(ended.success() || ended.code().is_none(), "it gave up by itself: {ended}");
        kills += usize::from(!ended.success());
        // A machine that has become slower or faster meanwhile is followed: about one in four is killed in the middle.
        if sink.count().0 > before {
            in_the_middle += 1;
            start -= start / 4;
        } else {
            start += start / 12 + 1;
        }
        if ended.success() {
            break;
        }
    }
    assert!(in_the_middle >= 5, "few were killed while they handed messages over: {in_the_middle}");

    // What nobody can know waits for proof, and the server's log is proof.
    project.run(&["campaign", "send", "spring", "--yes"]).assert().success();
    let unknown = project.count("spring", "unknown");
    assert!(unknown <= 4 * kills as u64, "{unknown}");
    let log = project.path().join("mail.log");
    std::fs::write(&log, sink.log()).unwrap();
    project
        .run(&["campaign", "resolve", "spring", "--log", "mail.log", "--as", "reviewer"])
        .assert()
        .success();
    project.run(&["campaign", "send", "spring", "--yes"]).assert().success();

    let status = project.json(&["campaign", "status", "spring"]);
    let to_send = CUSTOMERS as u64 - status["states"]["holdout"].as_u64().unwrap();
    assert_eq!(status["state"], "done");
    assert_eq!(status["states"]["accepted"], to_send);
    assert_eq!(
        sink.count(),
        (to_send as usize, 0),
        "lost or doubled after {kills} kills, {unknown} of unknown fate"
    );
    assert!(to_send >= 5_000);
    project.run(&["audit", "verify"]).assert().success();
}

#[test]
fn a_server_that_cuts_the_connection_leaves_no_double_and_one_that_says_later_gets_it_later() {
    let sink = Sink::new(|number| match number {
        50 | 120 => Answer::TakenAndCut,
        70 => Answer::Later,
        _ => Answer::Taken,
    });
    let project = Project::new(400, &mail_server(sink.port, 2));
    project.plan("spring", "");
    project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().success();
    let sent = project.json(&["campaign", "send", "spring", "--yes"]);
    assert_eq!(sent["report"]["unknown"], 2);
    assert_eq!(sent["report"]["waiting"], 1, "{sent}");
    assert_eq!(sink.count().1, 0);
    // Called again, it does not guess.
    let again = project.json(&["campaign", "send", "spring", "--yes"]);
    assert_eq!(
        (again["report"]["unknown"].as_u64(), again["report"]["accepted_now"].as_u64()),
        (Some(2), Some(0))
    );
    std::fs::write(project.path().join("mail.log"), sink.log()).unwrap();
    let resolved = project.json(&["campaign", "resolve", "spring", "--log", "mail.log"]);
    assert_eq!((resolved["taken"].as_u64(), resolved["sent_again"].as_u64()), (Some(2), Some(0)));
    assert_eq!(resolved["state"], "sending", "one was put off, and is still to go out");
}

#[test]
fn a_campaign_ends_when_the_last_message_of_unknown_fate_is_settled() {
    let sink = Sink::new(|number| if number == 20 { Answer::TakenAndCut } else { Answer::Taken });
    let project = Project::new(60, &mail_server(sink.port, 1));
    project.plan("spring", "");
    project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().success();
    let sent = project.json(&["campaign", "send", "spring", "--yes"]);
    assert_eq!((&sent["report"]["state"], &sent["report"]["unknown"]), (&"sending".into(), &1.into()));
    // A log of another day proves nothing: nothing goes out again on its word.
    std::fs::write(project.path().join("other.log"), "status=sent message-id=<somebody@else.example>")
        .unwrap();
    let wrong = project.run(&["campaign", "resolve", "spring", "--log", "other.log"]).assert().code(3);
    let told = text(&wrong.get_output().stderr);
    assert!(told.contains("names 0 of the 53 messages that are known to be taken"), "{told}");
    assert_eq!(project.count("spring", "unknown"), 1);
    let resolved = project.json(&["campaign", "resolve", "spring", "--taken", "--as", "reviewer"]);
    assert_eq!((&resolved["taken"], &resolved["state"]), (&1.into(), &"done".into()));
    let status = project.json(&["campaign", "status", "spring"]);
    assert_eq!((&status["state"], &status["states"]["accepted"]), (&"done".into(), &54.into()));
    assert!(status["ended_at"].is_i64());
    // Said again, it changes nothing.
    assert_eq!(project.json(&["campaign", "resolve", "spring", "--resend"])["state"], "done");
    let audit = project.json(&["audit", "list", "spring"]);
    let last: Vec<&str> =
        audit["entries"].as_array().unwrap().iter().filter_map(|entry| entry["action"].as_str()).collect();
    assert_eq!(last[last.len() - 3..], ["resolve", "finish", "resolve"]);
}

#[test]
fn what_is_unknown_of_an_ended_campaign_is_settled_and_nothing_of_it_goes_out_again() {
    let sink =
        Sink::new(|number| if [10, 20].contains(&number) { Answer::TakenAndCut } else { Answer::Taken });
    let project = Project::new(60, &mail_server(sink.port, 1));
    project.plan("spring", "");
    project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().success();
    project.run(&["campaign", "send", "spring", "--yes"]).assert().success();
    let ledger = project.json(&["campaign", "ledger", "spring", "--find", "unknown"]);
    let unknown = ledger["sends"].as_array().unwrap();
    assert_eq!(unknown.len(), 2, "{ledger}");
    project.run(&["campaign", "cancel", "spring"]).assert().success();
    let refused = project.run(&["campaign", "resolve", "spring", "--resend"]).assert().code(2);
    assert!(text(&refused.get_output().stderr).contains("was ended, and nothing of it is sent any more"));
    // As if the second one had never arrived.
    let log = sink.log().replace(unknown[1]["message_id"].as_str().unwrap(), "none");
    std::fs::write(project.path().join("mail.log"), log).unwrap();
    let resolved = project.json(&["campaign", "resolve", "spring", "--log", "mail.log"]);
    assert_eq!((&resolved["taken"], &resolved["sent_again"]), (&1.into(), &0.into()), "{resolved}");
    assert_eq!(resolved["state"], "cancelled");
    assert_eq!(["unknown", "intended"].map(|state| project.count("spring", state)), [0, 0]);
    let reserved = project.json(&["coupons", "list", "--campaign", "spring"]);
    let codes = reserved["codes"].as_array().unwrap();
    assert!(codes.iter().all(|code| code["state"] != "reserved"), "{reserved}");
}

#[test]
fn two_programs_do_not_send_the_same_campaign() {
    let sink = Sink::new(|_| Answer::Taken);
    let project = Project::new(600, &mail_server(sink.port, 1));
    project.plan("spring", "per-minute = 3000");
    project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().success();
    let mut first = sending(&project).spawn().unwrap();
    wait_for_the_first(&sink);
    let refused = project.run(&["campaign", "send", "spring", "--yes"]).assert().code(1);
    let told = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(told.contains("another Perennial is sending"), "{told}");
    // A pause from outside is obeyed by the one that sends.
    project
        .run(&["campaign", "pause", "spring", "--as", "reviewer", "--why", "a mistake"])
        .assert()
        .success();
    assert!(first.wait().unwrap().success());
    let paused = sink.count().0;
    assert!(paused < 540, "{paused}");
    project.run(&["campaign", "resume", "spring", "--as", "reviewer"]).assert().success();
    project.run(&["campaign", "send", "spring", "--yes"]).assert().success();
    assert_eq!(sink.count(), (540, 0));
}

#[test]
fn a_message_that_files_have_is_known_after_a_kill() {
    let sending_to = "[sending]\nfrom-address = \"news@shop.example\"\npostal-address = \"1 High Street\"\n\
                      [sending.email]\nfile-form = \"json-lines\"\n";
    let project = Project::new(3_000, sending_to);
    project.plan("spring", "");
    project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().success();
    let file = project.path().join("sent/spring/email.jsonl");
    let lines = || std::fs::read_to_string(&file).map_or(0, |text| text.lines().count());
    let mut moments = Moments(7);
    for _ in 0..12 {
        let mut process = sending(&project).spawn().unwrap();
        let begun = Instant::now();
        let before = lines();
        while lines() == before && process.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_mins(1), "nothing is written");
        }
        std::thread::sleep(Duration::from_micros(moments.next(4_000)));
        process.kill().unwrap();
        process.wait().unwrap();
    }
    project.run(&["campaign", "send", "spring", "--yes"]).assert().success();
    let text = std::fs::read_to_string(&file).unwrap();
    let ids: std::collections::BTreeSet<String> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["message_id"].to_string())
        .collect();
    assert_eq!((text.lines().count(), ids.len()), (2_700, 2_700));
    assert_eq!(project.count("spring", "accepted"), 2_700);
    assert_eq!(project.count("spring", "unknown"), 0);
}

#[test]
fn a_disk_that_fills_up_stops_it_and_doubles_nothing() {
    let Some(disk) = Odd::small(6 << 20) else { return };
    let sink = Sink::new(|_| Answer::Taken);
    let project = Project::at(disk.place(), 1_000, &mail_server(sink.port, 3));
    project.plan("spring", "per-minute = 30000");
    project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().success();
    let mut process = sending(&project).stderr(Stdio::piped()).spawn().unwrap();
    wait_for_the_first(&sink);
    let filler = disk.place().join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    drop(file);
    let mut told = String::new();
    process.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    let status = process.wait().unwrap();
    let before = sink.count().0;
    assert_eq!(status.code(), Some(1), "{told}");
    assert!(told.contains("disk is full") || told.contains("cannot be read or written"), "{told}");
    assert!(before < 900, "it stopped: {before}");
    std::fs::remove_file(&filler).unwrap();
    project.run(&["campaign", "send", "spring", "--yes"]).assert().success();
    std::fs::write(disk.place().join("mail.log"), sink.log()).unwrap();
    project.run(&["campaign", "resolve", "spring", "--log", "mail.log"]).assert().success();
    project.run(&["campaign", "send", "spring", "--yes"]).assert().success();
    assert_eq!(sink.count(), (900, 0));
    assert_eq!(project.count("spring", "accepted"), 900);
}
