//! What is asked before something is learnt, accepted or gone back from.

use super::{Row, Voice};
use crate::own_voice::{LEAST_PAIRS, STEPS, Version, name_of};
use crate::tui::app::Shared;
use crate::tui::keymap::Action;
use crate::tui::numbers;
use crate::tui::screens::ScreenId;
use crate::tui::work::Known;

/// From how much, and how long it takes.
pub(super) fn learn(screen: &Voice, shared: &mut Shared) {
    let Some(known) = screen.known.ready() else { return };
    let (lessons, pairs) = (known.lessons.texts(), known.lessons.pairs());
    let mut from = numbers::counted(lessons, "lesson");
    if pairs >= LEAST_PAIRS {
        from = format!("{from} and {}", numbers::counted(pairs, "pair"));
    }
    let key = |action| shared.keymap.shown(action);
    let again = if screen.can_resume() {
        format!(" What was stopped is thrown away; {} goes on with it instead.", key(Action::ResumeLearning))
    } else {
        String::new()
    };
    let question = format!(
        "Learn a voice from {from}? It takes {}, in the background: everything else can be used meanwhile, {} stops it, and \
         nothing is written with it before you accept it.{again}",
        how_long(known),
        key(Action::StopLearning)
    );
    shared.confirm(Some(ScreenId::Voice), Action::LearnVoice, question);
}

/// As long as the last one took, where there is one.
fn how_long(known: &Known) -> String {
    // One that went on after its last step does not know how long it took.
    let pace = known.listed.versions.iter().rev().find_map(|version| {
        let pace = version.report.seconds / version.report.steps.max(1) as f64;
        (pace.is_finite() && pace > 0.0).then_some(pace)
    });
    match pace {
        Some(pace) => {
            let minutes = (pace * STEPS as f64 / 60.0).ceil().max(1.0) as usize;
            format!("about {} at the pace of the last one", numbers::counted(minutes, "minute"))
        }
        None => "some minutes on most machines (the first steps tell how many)".into(),
    }
}

/// Which voice, and what is known of it.
pub(super) fn accept(screen: &Voice, shared: &mut Shared) {
    let (Some(Row::Version(version)), Some(known)) = (screen.row(), screen.known.ready()) else { return };
    let (before, after) = rates(version);
    let note = not_beside(version, known, shared).map(|note| format!(" {note}")).unwrap_or_default();
    let question = format!(
        "Write with {} from now on? {after} of its drafts are the model's own and break no rule, {before} of those before it. \
         What is approved already stays as it is.{note}",
        name_of(version.number)
    );
    shared.confirm(Some(ScreenId::Voice), Action::AcceptVoice, question);
}

/// From which voice to which.
pub(super) fn back(screen: &Voice, shared: &mut Shared) {
    let Some(known) = screen.known.ready() else { return };
    let Some(current) = known.listed.current else { return };
    let to = known.before.map_or_else(|| "what came with the program".into(), name_of);
    let question = format!(
        "Go back from {} to {to}? {} stays in the list and can be accepted again.",
        name_of(current),
        capital(&name_of(current))
    );
    shared.confirm(Some(ScreenId::Voice), Action::VoiceBack, question);
}

/// Shares of drafts that the model wrote by itself and that break no rule, before and after.
pub(super) fn rates(version: &Version) -> (String, String) {
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    (percent(version.report.before.rate_by_model()), percent(version.report.after.rate_by_model()))
}

/// Why a voice would not be written with though it is accepted.
pub(super) fn not_beside(version: &Version, known: &Known, shared: &Shared) -> Option<String> {
    let writing = &shared.setup.config.writing;
    if let Some(adapter) = &writing.adapter {
        return Some(format!(
            "The settings name the adapter {adapter} ([writing] adapter), which comes before it."
        ));
    }
    let model =
        known.model.as_ref().filter(|model| !model.eq_ignore_ascii_case(&version.report.base.name))?;
    Some(format!("It stands beside {} alone, and {model} is chosen now.", version.report.base.name))
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
