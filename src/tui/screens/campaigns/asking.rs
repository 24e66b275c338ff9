//! What is asked before something is done that cannot be taken back, or that needs a name.

use crate::data::Channel;
use crate::tui::app::Shared;
use crate::tui::keymap::Action;
use crate::tui::numbers;
use crate::tui::popups::typed::{Answer, Typed};
use crate::tui::screens::ScreenId;
use crate::tui::work::Seen;

/// Counts, channel and place, before the campaign's name is asked for.
pub(super) fn send(seen: &Seen, shared: &mut Shared) {
    let channel = match seen.channel {
        Channel::Email => "e-mail",
        Channel::Sms => "text message",
        Channel::Push => "push message",
    };
    let mut told: Vec<String> = seen
        .arms
        .iter()
        .map(|arm| format!("{:>9}  get arm {}", numbers::count(arm.customers), arm.name))
        .collect();
    told.push(format!("{:>9}  are held out and get nothing", numbers::count(seen.holdout)));
    let all: u64 = seen.arms.iter().map(|arm| arm.customers).sum();
    let place = seen.to.as_ref().map_or(String::new(), Clone::clone);
    told.push(format!("By {channel}, to {place}; {}.", seen.when));
    told.push("What is out cannot be called back.".into());
    shared.open(Typed::new(
        (ScreenId::Campaigns, Action::SendCampaign),
        format!("Send {}?", seen.name),
        told,
        format!(
            "Type the campaign's name, {}, to send {}:",
            seen.name,
            numbers::counted(all as usize, "message")
        ),
        "",
        Answer::Exactly(seen.name.clone()),
    ));
}

/// Who approves it.
pub(super) fn approve(name: &str, shared: &mut Shared) {
    let told =
        "It is approved as it is now: plan, messages, audience, sender. Any change afterwards voids it.";
    shared.open(Typed::new(
        (ScreenId::Campaigns, Action::ApproveCampaign),
        format!("Approve {name}?"),
        vec![told.into()],
        "Who approves it?",
        shared.setup.person.clone(),
        Answer::Any,
    ));
}

/// Where a test goes.
pub(super) fn test(shared: &mut Shared) {
    let told = "The message in sight goes to you as a recipient would get it, with a code that is none. Nothing is spent.";
    shared.open(Typed::new(
        (ScreenId::Campaigns, Action::TestSend),
        "Send a test",
        vec![told.into()],
        "Your own address:",
        "",
        Answer::Any,
    ));
}
