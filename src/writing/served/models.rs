//! Asks a server which models it has.
//!
//! In: a server. Out: the documents that it answers with, after a pause and another try where it fails for a while; and
//! here are the words for a server that says nothing, and for one that is none.

use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, unbounded};
use serde_json::Value;

use super::http::{Again, News, Question, Trouble, start};
use super::round::{End, LOOK};
use super::{Fault, Server, Shared, retry};
use crate::jobs::{Cancel, Cancelled};

/// Asks which models a server has, as it answers.
pub(super) fn models(shared: &Shared, cancel: &Cancel) -> Result<Vec<Value>, End> {
    let server = &shared.server;
    let mut tries = 0;
    loop {
        tries += 1;
        let (sender, news) = unbounded();
        let agent = start(server, Question::Models, 0, sender)?;
        let begun = Instant::now();
        let mut found = Vec::new();
        let ended = loop {
            if cancel.is_cancelled() {
                agent.shutdown();
                return Err(End::Cancelled);
            }
            match news.recv_timeout(LOOK) {
                Ok((_, News::Document(document))) => found.push(document),
                Ok((_, News::Ended(ended))) => break ended,
                Err(RecvTimeoutError::Timeout) if begun.elapsed() < server.settings.first => {}
                Err(_) => {
                    agent.shutdown();
                    break Err(silent(shared, server.settings.first, false));
                }
            }
        };
        match ended {
            Ok(()) => return Ok(found),
            Err(trouble) => match retry::pause(trouble.again, tries, std::process::id().into()) {
                Some(pause) => wait(pause, cancel)?,
                None => return Err(End::Trouble(trouble)),
            },
        }
    }
}

fn wait(pause: Duration, cancel: &Cancel) -> Result<(), Cancelled> {
    let begun = Instant::now();
    while begun.elapsed() < pause {
        if cancel.is_cancelled() {
            return Err(Cancelled);
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

pub(super) fn silent(shared: &Shared, time: Duration, begun: bool) -> Trouble {
    let what = if begun {
        format!("stopped in the middle of an answer and said nothing for {} s", time.as_secs())
    } else {
        format!("is connected, but said nothing for {} s", time.as_secs())
    };
    let remedy = if begun { "served-idle-seconds" } else { "served-first-seconds" };
    Trouble::new(
        Fault::Silent,
        Again::Soon,
        &shared.server,
        &format!("{what}: see what it does, or give it more time (writing.{remedy})"),
    )
}

/// What answers speaks JSON, but not as a model server does.
pub(super) fn stranger(server: &Server, lacking: &str) -> Trouble {
    let what = format!(
        "answers in JSON, but not as a model server does (there is no \"{lacking}\" in it): check that {} is the address \
         of an OpenAI-compatible interface",
        server.address
    );
    Trouble::new(Fault::Stranger, Again::No, server, &what)
}
