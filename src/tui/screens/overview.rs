//! Overview: what the data holds, whether it can be trusted, and what to do next.

mod view;

use ratatui::layout::Rect;

use crate::data::{AmbiguousDate, DataReport, NO_CURRENCY, Severity};
use crate::jobs::End;
use crate::tui::app::{Load, Request, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::{Action, Availability};
use crate::tui::numbers;
use crate::tui::pane::{Mouse, News, Pane};
use crate::tui::popups::ask::{Ask, Question};
use crate::tui::popups::choose::{Answer, Choose};
use crate::tui::popups::mapping::Mapping;
use crate::tui::popups::set_aside::SetAsideList;
use crate::tui::settings_file::DataChange;
use crate::tui::summary::Summary;
use crate::tui::widgets::{List, Scroll};
use crate::tui::work::{CampaignNews, Outcome, Work};

const STEPS: u8 = 0;
const HEALTH: u8 = 1;

/// A column that was recognised with less confidence than this is worth a look.
pub const SURE: f64 = 0.8;

#[derive(Default)]
pub struct Overview {
    steps: List,
    health: Scroll,
    on_health: bool,
    /// Whether a campaign was launched, as far as the campaigns were read.
    sent: bool,
}

/// Something to do next: its key, and a sentence.
struct Step {
    action: Action,
    sentence: String,
}

/// What to do next, the most pressing first.
fn steps(shared: &Shared, sent: bool) -> Vec<Step> {
    let Load::Ready(summary) = &shared.summary else {
        return Vec::new();
    };
    let mut steps = Vec::new();
    let mut step = |action, sentence: String| steps.push(Step { action, sentence });
    let grave = summary.report.findings.iter().any(|finding| finding.severity == Severity::Error);
    if let Some(date) = &summary.report.ambiguous_date {
        let sentence = format!("Say which comes first in {}, the day or the month", date.written);
        step(Action::AskDateOrder, sentence);
    }
    let aside = set_aside(&summary.report);
    let unsure = unsure(&summary.report);
    if grave && aside > 0 {
        step(Action::ShowSetAside, "Look at the rows that were set aside".into());
    }
    if unsure > 0 {
        let columns = if unsure == 1 { "1 column was".into() } else { format!("{unsure} columns were") };
        step(Action::ShowMapping, format!("Check the mapping: {columns} guessed"));
    }
    if shared.setup.unnamed_brand.is_some() {
        step(Action::NameShop, "Say what the shop is called: messages are signed with it".into());
    }
    if needs_currency(shared) && summary.currency == NO_CURRENCY {
        step(Action::SetCurrency, "Say in which currency the shop counts".into());
    }
    let kinds = shared.segmentation.ready().map(|segmentation| segmentation.k);
    step(
        Action::Segments,
        kinds.map_or("See which kinds of customer there are".into(), |kinds| {
            format!("See the {kinds} kinds of customer")
        }),
    );
    step(Action::Customers, "Find a customer".into());
    step(Action::Strategies, "Choose what to say to a segment, and watch it being written".into());
    let drafts = shared.drafts.filter(|drafts| drafts.open + drafts.approved > 0);
    step(
        Action::Review,
        drafts.map_or("Review the drafts; approve what may be sent".into(), |drafts| {
            let wait = if drafts.open == 1 { "waits" } else { "wait" };
            format!(
                "{} {wait} for review, {} approved",
                numbers::counted(drafts.open, "draft"),
                drafts.approved
            )
        }),
    );
    if drafts.is_some_and(|drafts| drafts.approved > 0) {
        let plan = shared.keymap.shown(Action::PlanCampaign);
        step(
            Action::Campaigns,
            format!(
                "Send what is approved: {plan} in Review plans a campaign, which is approved and sent here"
            ),
        );
    }
    if sent {
        step(Action::Results, "See what the campaigns that were sent changed".into());
    }
    if !grave && aside > 0 {
        step(Action::ShowSetAside, "Look at the rows that were set aside".into());
    }
    steps
}

/// Rows that were set aside, in all tables.
fn set_aside(report: &DataReport) -> u64 {
    report.tables.iter().flat_map(|table| &table.set_aside).map(|aside| aside.rows).sum()
}

/// Columns that were recognised with little confidence.
fn unsure(report: &DataReport) -> usize {
    report
        .tables
        .iter()
        .flat_map(|table| &table.mapping)
        .filter(|column| column.source.is_some() && column.confidence < SURE)
        .count()
}

fn summary(shared: &Shared) -> Option<&Summary> {
    shared.summary.ready().map(AsRef::as_ref)
}

/// Whether the files do not say which currency the amounts are in.
fn needs_currency(shared: &Shared) -> bool {
    shared.setup.config.data.currency.is_some()
        || summary(shared).is_some_and(|summary| summary.currency == NO_CURRENCY)
}

fn ambiguous_date(shared: &Shared) -> Option<&AmbiguousDate> {
    summary(shared)?.report.ambiguous_date.as_ref()
}

/// Asks which of the two readings of a date is meant.
fn date_question(date: &AmbiguousDate, shared: &Shared) -> Choose {
    let answer = |day: jiff::civil::Date, note: &str, order| Answer {
        label: day.strftime("%-d %B %Y").to_string(),
        note: note.to_owned(),
        work: Work::SaveData { folder: shared.setup.folder.clone(), change: DataChange::DateOrder(order) },
    };
    Choose::new(
        "Day or month first?",
        format!(
            "The files write dates such as {}, and none of them shows which number is the day. Which date is that?",
            date.written
        ),
        ("Date", "Then"),
        vec![
            answer(date.day_first, "the day comes first", "day-first"),
            answer(date.month_first, "the month comes first", "month-first"),
        ],
        None,
    )
}

const NOT_READ: &str = "The shop's files have not been read yet.";

impl Pane for Overview {
    fn availability(&self, action: Action, shared: &Shared) -> Availability {
        match action {
            // Just where the shop cannot be read, the mapping is what is to be mended.
            Action::NameShop if shared.setup.config.brand.is_sample() => Availability::Hidden,
            Action::SetCurrency if !needs_currency(shared) => Availability::Hidden,
            Action::ShowMapping | Action::NameShop | Action::SetCurrency => Availability::Yes,
            Action::AskDateOrder => Availability::when(
                ambiguous_date(shared).is_some(),
                "The files leave no doubt whether the day or the month comes first.",
            ),
            Action::ShowSetAside => match summary(shared) {
                None => Availability::No(NOT_READ.into()),
                Some(summary) => Availability::when(
                    set_aside(&summary.report) > 0,
                    "No row was set aside: all of them count.",
                ),
            },
            Action::Reload => {
                Availability::when(!matches!(shared.shop, Load::Loading(_)), "The files are being read now.")
            }
            Action::Open => Availability::when(
                !self.on_health && summary(shared).is_some(),
                "Choose a next step with the arrow keys.",
            ),
            Action::NextPanel | Action::PreviousPanel if summary(shared).is_some() => Availability::Yes,
            _ if summary(shared).is_none() => Availability::Hidden,
            _ if self.on_health => self.health.availability(action),
            _ => List::new(steps(shared, self.sent).len()).availability(action),
        }
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        self.steps.set_len(steps(shared, self.sent).len());
        match action {
            Action::ShowMapping => {
                let popup = Mapping::open(shared);
                shared.open(popup);
            }
            Action::NameShop => {
                let popup = Ask::new(Question::ShopName, shared);
                shared.open(popup);
            }
            Action::SetCurrency => {
                let popup = Ask::new(Question::Currency, shared);
                shared.open(popup);
            }
            Action::AskDateOrder => {
                if let Some(date) = ambiguous_date(shared) {
                    let popup = date_question(date, shared);
                    shared.open(popup);
                }
            }
            Action::ShowSetAside => {
                if let Some(summary) = summary(shared) {
                    let popup = SetAsideList::new(&summary.report);
                    shared.open(popup);
                }
            }
            Action::Reload => shared.reload(),
            Action::Open => {
                let steps = steps(shared, self.sent);
                if let Some(step) = self.steps.selected().and_then(|row| steps.get(row)) {
                    shared.request(Request::Do(step.action));
                }
            }
            Action::NextPanel | Action::PreviousPanel => self.on_health = !self.on_health,
            _ if self.on_health => drop(self.health.act(action)),
            _ => drop(self.steps.act(action)),
        }
    }

    fn mouse(&mut self, hit: Hit, mouse: Mouse, shared: &mut Shared) {
        self.steps.set_len(steps(shared, self.sent).len());
        match hit {
            Hit::Row { list: STEPS, index } => {
                self.on_health = false;
                if self.steps.mouse(Some(index), mouse) {
                    self.act(Action::Open, shared);
                }
            }
            Hit::List(HEALTH) => {
                self.on_health = true;
                self.health.mouse(mouse);
            }
            _ => {}
        }
    }

    fn hear(&mut self, news: News<'_>, _: &mut Shared) {
        if let News::Ended { end: End::Done(Outcome::Campaign(CampaignNews::Listed(entries))), .. } = news {
            self.sent = entries.iter().any(|entry| entry.state.is_some());
        }
    }

    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        view::draw(self, shared, area, canvas);
    }
}
