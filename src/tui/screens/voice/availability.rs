//! Which of the screen's actions can be done now, and why the others cannot.

use super::{Panel, Row, Voice};
use crate::own_voice::{LEAST_LESSONS, Standing, name_of};
use crate::tui::app::Shared;
use crate::tui::keymap::{Action, Availability};
use crate::tui::numbers;

pub(super) fn availability(screen: &Voice, action: Action, shared: &Shared) -> Availability {
    let no = |why: &str| Availability::No(why.to_owned());
    match action {
        Action::LearnVoice => may_learn(screen, shared),
        Action::ResumeLearning => match may_run(screen, shared) {
            Availability::Yes if !screen.can_resume() => no("No learning was stopped."),
            answer => answer,
        },
        Action::StopLearning => Availability::when(screen.is_learning(), "No voice is being learnt."),
        Action::AcceptVoice => match screen.row() {
            None => no("No voice has been learnt yet."),
            Some(Row::Learning) => no("This one is not there yet: select a voice that is, in the list."),
            Some(Row::Damaged(damaged)) => no(&damaged.why),
            Some(Row::Version(version)) => Availability::when(
                version.standing != Standing::InUse,
                format!("{} is in use already.", name_of(version.number)),
            ),
        },
        Action::VoiceBack => {
            let current = screen.known.ready().and_then(|known| known.listed.current);
            Availability::when(
                current.is_some(),
                "No voice of the shop's own is in use: there is nothing to go back from.",
            )
        }
        Action::ReadVoices => Availability::Yes,
        Action::Copy => Availability::when(
            matches!(screen.row(), Some(Row::Version(_))),
            "There is no comparison to copy here.",
        ),
        Action::NextPanel | Action::PreviousPanel if screen.known.ready().is_some() => Availability::Yes,
        Action::Open if screen.panel == Panel::Voices && screen.row().is_some() => Availability::Yes,
        Action::Back if screen.panel != Panel::Voices => Availability::Yes,
        _ => match screen.panel {
            Panel::Voices => screen.list.availability(action),
            Panel::Page => screen.page.availability(action),
            Panel::Lessons => screen.lessons.availability(action),
        },
    }
}

/// Whether a learning can run at all.
fn may_run(screen: &Voice, shared: &Shared) -> Availability {
    if screen.is_learning() {
        let stop = shared.keymap.shown(Action::StopLearning);
        return Availability::No(format!("A voice is being learnt: {stop} stops it."));
    }
    let model = &shared.setup.config.writing.model;
    if shared.host().is_some() || model == "none" {
        return Availability::No(
            "A voice is learnt beside a model on this machine, and none is chosen: name one under [writing], or start with \
             --model NAME."
                .into(),
        );
    }
    Availability::when(screen.known.ready().is_some(), "What there is to learn from has not been read yet.")
}

fn may_learn(screen: &Voice, shared: &Shared) -> Availability {
    let answer = may_run(screen, shared);
    let Some(known) = screen.known.ready() else { return answer };
    let lessons = known.lessons.texts();
    if answer == Availability::Yes && lessons < LEAST_LESSONS {
        return Availability::No(too_few(lessons, shared));
    }
    answer
}

/// How much is missing, and what to do.
pub(super) fn too_few(lessons: usize, shared: &Shared) -> String {
    let missing = numbers::counted(LEAST_LESSONS.saturating_sub(lessons), "more draft");
    let there = match lessons {
        0 => "there are none".to_owned(),
        1 => "there is 1".to_owned(),
        _ => format!("there are {lessons}"),
    };
    format!(
        "It takes {LEAST_LESSONS} lessons, and {there}: approve or edit {missing} in Review ({}).",
        shared.keymap.shown(Action::Review)
    )
}
