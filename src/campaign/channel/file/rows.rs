//! Messages as rows of a CSV file or as JSON lines, appended.
//!
//! Each row begins with the message's id. A row is written in one piece; what a crash left of half a row is recognised when
//! the file is opened, and cut off. The CSV is safe for spreadsheets.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Form, unwritten};
use crate::campaign::channel::{Carrier, Fault, Outcome};
use crate::campaign::message::Outgoing;
use crate::review::spreadsheet::{Sheet, cell_text};
use crate::strategy::Part;
use crate::workspace::{private_file, private_folder};

const COLUMNS: [&str; 11] = [
    "message_id",
    "campaign",
    "customer_id",
    "channel",
    "address",
    "language",
    "subject",
    "preheader",
    "title",
    "body",
    "coupon_code",
];

/// A line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    message_id: &'a str,
    campaign: &'a str,
    customer_id: &'a str,
    channel: &'a str,
    address: &'a str,
    language: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preheader: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    body: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    coupon_code: Option<&'a str>,
    /// The whole e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    mail: Option<&'a str>,
}

/// What is read back of a line.
#[derive(Deserialize)]
struct Known {
    message_id: String,
}

pub(super) struct Rows {
    path: PathBuf,
    form: Form,
    file: File,
    /// Bytes of whole rows.
    length: u64,
    /// Of each id that stands in the file, half of its SHA-256: 16 bytes however long it is.
    known: HashSet<[u8; 16]>,
    row: Vec<u8>,
    settled: bool,
}

fn short(message_id: &str) -> [u8; 16] {
    let digest = Sha256::digest(message_id.as_bytes());
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    half
}

impl Rows {
    pub fn open(path: &Path, form: Form) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            private_folder(folder)?;
        }
        let mut file = private_file(OpenOptions::new().read(true).append(true).create(true), path)?;
        file.try_lock().map_err(|_| io::Error::other("another process writes it"))?;
        let mut known = HashSet::new();
        let length = match form {
            Form::Csv => {
                let whole = whole_records(BufReader::new(&file))?;
                file.seek(SeekFrom::Start(0))?;
                let mut reader = csv::Reader::from_reader(BufReader::new((&file).take(whole)));
                let mut record = csv::ByteRecord::new();
                while reader.read_byte_record(&mut record).map_err(io::Error::other)? {
                    let id = record.get(0).and_then(|id| std::str::from_utf8(id).ok()).unwrap_or("");
                    known.insert(short(cell_text(id)));
                }
                whole
            }
            _ => read_lines(BufReader::new(&file), &mut known)?,
        };
        if file.metadata()?.len() > length {
            file.set_len(length)?;
        }
        let mut rows =
            Self { path: path.to_owned(), form, file, length, known, row: Vec::new(), settled: true };
        if form == Form::Csv && length == 0 {
            rows.fill(COLUMNS)?;
            rows.append()?;
        }
        Ok(rows)
    }

    fn fill<'c>(&mut self, cells: impl IntoIterator<Item = &'c str>) -> io::Result<()> {
        let mut sheet = Sheet::new(std::mem::take(&mut self.row));
        sheet.row(cells)?;
        self.row = sheet.finish()?;
        Ok(())
    }

    /// Writes the row. Of one that could not be written whole nothing stays.
    fn append(&mut self) -> io::Result<()> {
        self.settled = false;
        let written = self.file.write_all(&self.row);
        match written {
            Ok(()) => self.length += self.row.len() as u64,
            Err(_) => self.file.set_len(self.length)?,
        }
        self.row.clear();
        written
    }

    fn write(&mut self, message: &Outgoing) -> io::Result<()> {
        let part = |part: Part| message.text.get(&part).map(String::as_str);
        self.row.clear();
        if self.form == Form::Csv {
            self.fill([
                message.message_id.as_str(),
                &message.campaign,
                &message.customer,
                message.channel.name(),
                &message.recipient,
                &message.language,
                part(Part::Subject).unwrap_or(""),
                part(Part::Preheader).unwrap_or(""),
                part(Part::Title).unwrap_or(""),
                part(Part::Body).unwrap_or(""),
                message.coupon.as_deref().unwrap_or(""),
            ])?;
        } else {
            let line = Line {
                message_id: &message.message_id,
                campaign: &message.campaign,
                customer_id: &message.customer,
                channel: message.channel.name(),
                address: &message.recipient,
                language: &message.language,
                subject: part(Part::Subject),
                preheader: part(Part::Preheader),
                title: part(Part::Title),
                body: part(Part::Body).unwrap_or(""),
                coupon_code: message.coupon.as_deref(),
                mail: std::str::from_utf8(&message.mail).ok().filter(|mail| !mail.is_empty()),
            };
            serde_json::to_writer(&mut self.row, &line)?;
            self.row.push(b'\n');
        }
        self.append()
    }
}

/// Bytes of the records that end with CR LF outside quotation marks.
fn whole_records(mut reader: impl BufRead) -> io::Result<u64> {
    let (mut at, mut whole, mut quoted, mut before) = (0_u64, 0, false, 0_u8);
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(whole);
        }
        for &byte in bytes {
            at += 1;
            match byte {
                b'"' => quoted = !quoted,
                b'\n' if before == b'\r' && !quoted => whole = at,
                _ => {}
            }
            before = byte;
        }
        let read = bytes.len();
        reader.consume(read);
    }
}

/// Reads the ids of whole lines; how many bytes those are.
fn read_lines(mut reader: impl BufRead, known: &mut HashSet<[u8; 16]>) -> io::Result<u64> {
    let (mut whole, mut line) = (0_u64, Vec::new());
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        if read == 0 || line.last() != Some(&b'\n') {
            return Ok(whole);
        }
        match serde_json::from_slice::<Known>(&line) {
            Ok(one) => {
                known.insert(short(&one.message_id));
            }
            // A whole line that is none of ours: somebody else's file is not written on.
            Err(_) => return Err(io::Error::other("it holds lines that are no messages")),
        }
        whole += read as u64;
    }
}

impl Carrier for Rows {
    fn prepare(&mut self, _: &Outgoing) -> Result<(), Fault> {
        Ok(())
    }

    fn hand_over(&mut self, message: &Outgoing) -> Outcome {
        if self.known.contains(&short(&message.message_id)) {
            return Outcome::Accepted { reply: format!("stands in {} already", self.path.display()) };
        }
        match self.write(message) {
            Ok(()) => {
                self.known.insert(short(&message.message_id));
                Outcome::Accepted { reply: format!("written to {}", self.path.display()) }
            }
            Err(error) => Outcome::Failed(unwritten(&self.path, &error)),
        }
    }

    fn already_taken(&mut self, message_id: &str) -> Option<bool> {
        Some(self.known.contains(&short(message_id)))
    }

    fn window(&self) -> usize {
        super::WINDOW
    }

    fn settle(&mut self) -> Result<(), Fault> {
        if !self.settled {
            self.file.sync_data().map_err(|error| unwritten(&self.path, &error))?;
            self.settled = true;
        }
        Ok(())
    }

    fn close(&mut self) {
        let _ = self.settle();
    }
}
