//! Messages into files: each once, whole, and known again after a crash.

use std::fs;
use std::path::{Path, PathBuf};

use mail_parser::MessageParser;

use perennial::campaign::channel::{Carrier, Line, Outcome};
use perennial::campaign::message::Outgoing;
use perennial::data::Channel;
use perennial::strategy::Part;

use super::{mail, send, settings};
use crate::messages::short_message;

fn open(folder: &Path, channel: Channel, form: &str) -> Result<Box<dyn Carrier>, String> {
    let text =
        format!("[email]\nfile-form = \"{form}\"\n[sms]\nfile-form = \"{}\"\n", form.replace("eml", "csv"));
    let line = Line::of(channel, &settings(&text), folder).unwrap();
    assert_eq!(line.connections(), 1);
    line.carrier().map_err(|error| error.to_string())
}

fn sms(number: usize, text: &str) -> Outgoing {
    Outgoing {
        message_id: format!("{number:032x}@shop.example"),
        ..short_message(Channel::Sms, &[(Part::Body, text)], "+49 170 1234567")
    }
}

fn reply(outcome: Outcome) -> String {
    match outcome {
        Outcome::Accepted { reply } => reply,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_e_mail_is_a_file_of_its_own_and_is_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let message = mail(1, "anna@mail.example");
    let mut carrier = open(folder.path(), Channel::Email, "eml").unwrap();
    assert_eq!(carrier.already_taken(&message.message_id), Some(false));
    assert!(reply(send(carrier.as_mut(), &message)).starts_with("written to "));
    carrier.settle().unwrap();
    let path = folder.path().join("email").join(format!("{}.eml", message.message_id));
    assert_eq!(fs::read(&path).unwrap(), message.mail);
    assert!(MessageParser::default().parse(&message.mail).is_some());
    // A second run, which does not know what became of the message.
    drop(carrier);
    let mut carrier = open(folder.path(), Channel::Email, "eml").unwrap();
    assert_eq!(carrier.already_taken(&message.message_id), Some(true));
    assert!(reply(send(carrier.as_mut(), &message)).contains("already"));
    assert_eq!(fs::read_dir(folder.path().join("email")).unwrap().count(), 1);
    // After a power cut a name may stand there with half of its content, or none.
    for left in [0, message.mail.len() / 2] {
        fs::write(&path, &message.mail[..left]).unwrap();
        assert_eq!(carrier.already_taken(&message.message_id), Some(false));
        send(carrier.as_mut(), &message);
        assert_eq!(fs::read(&path).unwrap(), message.mail);
    }
}

fn csv_bodies(path: &PathBuf) -> Vec<String> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.records().map(|record| record.unwrap()[9].to_owned()).collect()
}

fn json_bodies(path: &PathBuf) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let of = |line: &str| {
        serde_json::from_str::<serde_json::Value>(line).unwrap()["body"].as_str().unwrap().to_owned()
    };
    text.lines().map(of).collect()
}

/// Whatever a crash leaves of the last row, the next run cuts it off and goes on where it was.
#[test]
fn a_file_that_was_cut_anywhere_is_taken_up_again_with_each_message_once() {
    let bodies = ["Plain", "With \"quotes\", commas\nand two lines", "=SUM(A1)", "您好"];
    let messages: Vec<Outgoing> = bodies.iter().enumerate().map(|(number, body)| sms(number, body)).collect();
    for (form, name, read) in [
        ("csv", "sms.csv", csv_bodies as fn(&PathBuf) -> Vec<String>),
        ("json-lines", "sms.jsonl", json_bodies),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let mut carrier = open(folder.path(), Channel::Sms, form).unwrap();
        for message in &messages {
            reply(send(carrier.as_mut(), message));
        }
        carrier.close();
        drop(carrier);
        let whole = fs::read(&path).unwrap();
        let all = read(&path);
        assert_eq!(all.len(), 4);
        if form == "csv" {
            assert_eq!(all[2], "'=SUM(A1)");
        } else {
            assert_eq!(all, bodies);
        }
        for length in 0..=whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let mut carrier = open(folder.path(), Channel::Sms, form).unwrap();
            let known =
                messages.iter().filter(|one| carrier.already_taken(&one.message_id) == Some(true)).count();
            for (number, message) in messages.iter().enumerate() {
                let said = reply(send(carrier.as_mut(), message));
                assert_eq!(said.contains("already"), number < known, "cut at {length}: {said}");
            }
            drop(carrier);
            assert_eq!(fs::read(&path).unwrap(), whole, "cut at {length}");
        }
    }
}

#[test]
fn an_e_mail_in_json_lines_is_there_whole() {
    let folder = tempfile::tempdir().unwrap();
    let message = mail(1, "anna@mail.example");
    let mut carrier = open(folder.path(), Channel::Email, "json-lines").unwrap();
    reply(send(carrier.as_mut(), &message));
    let line = fs::read_to_string(folder.path().join("email.jsonl")).unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["mail"].as_str().unwrap().as_bytes(), message.mail);
    assert_eq!(line["subject"], "New in");
    assert_eq!(line["customer_id"], "C1");
}

#[test]
fn a_file_is_written_by_one_process_and_never_over_somebody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let _first = open(folder.path(), Channel::Sms, "csv").unwrap();
    let refused = open(folder.path(), Channel::Sms, "csv").err().unwrap();
    assert!(refused.contains("another process"), "{refused}");
    fs::write(folder.path().join("sms.jsonl"), "not ours\n").unwrap();
    let refused = open(folder.path(), Channel::Sms, "json-lines").err().unwrap();
    assert!(refused.contains("no messages"), "{refused}");
    assert_eq!(fs::read_to_string(folder.path().join("sms.jsonl")).unwrap(), "not ours\n");
}
