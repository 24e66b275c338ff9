//! Which of the screen's actions can be done now, and why the others cannot.

use super::{Campaigns, Right};
use crate::campaign::preflight::Weight;
use crate::tui::app::Shared;
use crate::tui::keymap::{Action, Availability};
use crate::workspace::CampaignState;

const NONE: &str = "No campaign is selected: plan one from an approved draft in Review.";
const NOT_SEEN: &str = "The campaign is still being looked at.";

pub(super) fn availability(screen: &Campaigns, action: Action, shared: &Shared) -> Availability {
    let no = |why: &str| Availability::No(why.to_owned());
    let Some(entry) = screen.chosen() else {
        return match action {
            Action::Accept | Action::Leave | Action::Back => Availability::Hidden,
            Action::LookAgain => Availability::Yes,
            _ if is_own(action) => no(NONE),
            _ => screen.list.availability(action),
        };
    };
    let seen = screen.seen();
    match action {
        Action::Accept | Action::Leave => {
            if screen.finding.is_some() {
                Availability::Yes
            } else {
                Availability::Hidden
            }
        }
        // Its launch is on the way, and not told yet.
        Action::ApproveCampaign
        | Action::WithdrawApproval
        | Action::EditPlan
        | Action::PauseCampaign
        | Action::CancelCampaign
        | Action::ShowLedger
            if entry.state.is_none() && screen.being_sent() == Some(entry.name.as_str()) =>
        {
            no("It is being launched this moment: press the key again when it is.")
        }
        Action::EditPlan if entry.state.is_some() => {
            no("It was launched: it goes on as it was approved, whatever becomes of the file.")
        }
        Action::EditPlan => {
            Availability::when(entry.source.is_some(), "The plan's file is not there any more.")
        }
        Action::ApproveCampaign if entry.state.is_some() => {
            no("It was launched: there is nothing left to approve.")
        }
        Action::WithdrawApproval if entry.state.is_some() => no(&match entry.state {
            Some(CampaignState::Done | CampaignState::Cancelled) => {
                "It has come to its end: there is nothing left to take back.".to_owned()
            }
            _ => format!(
                "It was launched, and its approval stays: {} stops it for a while, {} ends it.",
                shared.keymap.shown(Action::PauseCampaign),
                shared.keymap.shown(Action::CancelCampaign)
            ),
        }),
        Action::ApproveCampaign => match seen {
            None => no(NOT_SEEN),
            Some(seen) => Availability::when(!seen.approval.holds(), "It is approved already, as it is now."),
        },
        Action::WithdrawApproval => {
            let approved = seen.is_some_and(|seen| seen.approval.holds());
            Availability::when(approved, "There is no approval to take back.")
        }
        Action::SendCampaign => may_send(screen, shared),
        Action::PauseCampaign => Availability::when(
            entry.state == Some(CampaignState::Sending),
            "Only a campaign that is being sent can be paused.",
        ),
        Action::ResumeCampaign => Availability::when(
            matches!(entry.state, Some(CampaignState::Paused | CampaignState::Stopped)),
            "Only a campaign that is paused, or stopped by itself, can be resumed.",
        ),
        Action::CancelCampaign => match entry.state {
            None => no("It was not launched: remove its file to be rid of it."),
            Some(CampaignState::Done | CampaignState::Cancelled) => no("It has come to its end."),
            Some(_) => Availability::Yes,
        },
        Action::ShowLedger => {
            Availability::when(entry.state.is_some(), "It has no ledger before it is launched.")
        }
        Action::PreviewMessages | Action::BrowserPage | Action::TestSend => match seen {
            None => no(NOT_SEEN),
            Some(seen) if seen.specimens.is_empty() => no("Nobody would get a message: look at the funnel."),
            Some(_) => Availability::Yes,
        },
        Action::PlainCharacters => match &screen.right {
            Right::Messages(number, _) => {
                let count =
                    seen.and_then(|seen| seen.specimens.get(*number)).map_or(0, |one| one.replaceable);
                Availability::when(
                    count > 0,
                    "There is no such character in what was written for this message.",
                )
            }
            _ => Availability::Hidden,
        },
        Action::Find if matches!(screen.right, Right::Ledger(_)) => Availability::Yes,
        Action::LookAgain | Action::Copy | Action::NextPanel | Action::PreviousPanel => Availability::Yes,
        Action::Back => {
            if screen.on_right || !matches!(screen.right, Right::Plan) {
                Availability::Yes
            } else {
                Availability::Hidden
            }
        }
        Action::Open if !screen.on_right => Availability::Yes,
        _ if !screen.on_right => screen.list.availability(action),
        _ => on_right(screen, action),
    }
}

fn on_right(screen: &Campaigns, action: Action) -> Availability {
    match (&screen.right, action) {
        (Right::Plan, Action::Open) => {
            Availability::when(screen.cursor.selected().is_some(), "There is nothing to open here yet.")
        }
        (Right::Plan, _) => screen.cursor.availability(action),
        (Right::Step(step), Action::Left | Action::Right) => {
            if step.others > 0 {
                Availability::Yes
            } else {
                Availability::Hidden
            }
        }
        (Right::Step(step), Action::Open) => {
            Availability::when(step.list.selected().is_some(), "Nobody is here.")
        }
        (Right::Step(step), _) => step.list.availability(action),
        (Right::Ledger(ledger), Action::Open) => {
            Availability::when(ledger.chosen().is_some(), "No line is selected.")
        }
        (Right::Ledger(ledger), _) => ledger.list.availability(action),
        (Right::Messages(..), Action::Left | Action::Right) => {
            let several = screen.seen().is_some_and(|seen| seen.specimens.len() > 1);
            if several { Availability::Yes } else { Availability::Hidden }
        }
        (Right::Messages(_, scroll), _) => scroll.availability(action),
    }
}

fn may_send(screen: &Campaigns, shared: &Shared) -> Availability {
    let no = |why: String| Availability::No(why);
    if let Some(name) = screen.being_sent() {
        return no(format!("{name} is being sent: one at a time."));
    }
    let key = |action| shared.keymap.shown(action);
    match screen.state() {
        Some(CampaignState::Sending) => {
            let Some(seen) = screen.seen() else { return no(NOT_SEEN.into()) };
            return match &seen.to {
                Ok(_) => Availability::Yes,
                Err(why) => no(why.clone()),
            };
        }
        Some(CampaignState::Paused | CampaignState::Stopped) => {
            return no(format!("It stands still: {} lets it go on first.", key(Action::ResumeCampaign)));
        }
        Some(CampaignState::Done) => return no("It was sent, and a campaign is sent once.".into()),
        Some(CampaignState::Cancelled) => return no("It was ended, and stays so.".into()),
        None => {}
    }
    let Some(prospect) = screen.seen().and_then(|seen| seen.prospect.as_ref()) else {
        return no(NOT_SEEN.into());
    };
    let stops: Vec<_> = prospect.checks.iter().filter(|check| check.weight == Weight::Blocking).collect();
    match stops.as_slice() {
        [] => Availability::Yes,
        [only] if only.check == "approval" => {
            no(format!("It is not approved as it is now: {} approves it.", key(Action::ApproveCampaign)))
        }
        [first, ..] => {
            no(format!("It cannot be sent: {}. {}", first.found.trim_end_matches('.'), first.remedy))
        }
    }
}

fn is_own(action: Action) -> bool {
    action.row().scope == crate::tui::keymap::Scope::Screen(crate::tui::screens::ScreenId::Campaigns)
        && action != Action::PlainCharacters
}
