//! What a model is told that has learnt the trade: the form that adapters are tuned on.
//!
//! In: what is to be written, where it stands, how long, and what it must use. Out: a prompt that ends where the text
//! begins. It is shorter than a list of examples, and the corpus in `assets/training` is put into the very same words,
//! so a change here makes every adapter that was tuned before a stranger to it: then [`FORM`] changes too.

use super::Prompt;
use super::drafts::DEFAULT_LIMIT;
use super::prompt::LONGEST_INSTRUCTION;
use super::voice::Voice;
use crate::data::Channel;
use crate::segments::Stage;
use crate::strategy::{OfferKind, Part, Slot, Strategy};

/// Number of the form that follows; an adapter's card says on which it was tuned.
pub const FORM: u32 = 1;
/// Examples that are shown at most, of the brand's own and of the slot's.
const MOST_EXAMPLES: usize = 2;

/// All that a prompt of this form says.
#[derive(Clone, Debug, PartialEq)]
pub struct Brief<'a> {
    pub chinese: bool,
    /// What the marketer asks for.
    pub task: &'a str,
    pub channel: Channel,
    pub part: Part,
    pub stage: Stage,
    pub tone: &'a str,
    /// Characters at most.
    pub limit: usize,
    pub sentences: usize,
    /// Of a text that tells of the offer.
    pub offer: Option<OfferKind>,
    /// Words and fields (`{first_name}`) that the text must have.
    pub must: &'a [String],
    /// Other lines that are told, each with its end.
    pub lines: &'a str,
    /// Texts in the manner that is wanted.
    pub like: Vec<&'a str>,
}

impl Brief<'_> {
    /// The prompt's text. What is written behind it begins with [`gap`].
    #[must_use]
    pub fn text(&self) -> String {
        let Self { task, tone, limit, sentences, lines, .. } = self;
        let tone = tone.trim_end_matches(['.', '。']);
        let (part, stage) = (place(self.channel, self.part, self.chinese), stage(self.stage, self.chinese));
        let mut text = if self.chinese {
            format!(
                "任务：{task}\n用途：{part}，{stage}。语气：{tone}。{}\n",
                limits(true, *limit, *sentences)
            )
        } else {
            let limits = limits(false, *limit, *sentences);
            format!("Task: {task}\nFor: {part}, {stage}. Tone: {tone}. {limits}\n")
        };
        let (offer, must, like, end) = if self.chinese {
            ("优惠：", "须含：", "参考：", "正文：")
        } else {
            ("Offer: ", "Use: ", "Like: ", "Text:")
        };
        let mut line = |label: &str, what: &str| {
            text.extend([label, what, "\n"]);
        };
        if let Some(kind) = self.offer {
            line(offer, offer_name(kind, self.chinese));
        }
        if !self.must.is_empty() {
            line(must, &self.must.join(if self.chinese { "、" } else { ", " }));
        }
        for example in &self.like {
            line(like, example);
        }
        text.push_str(lines);
        text.push_str(end);
        text
    }
}

/// Whether a text begins as a line of the prompt does: a model that has learnt too little goes on with the form.
#[must_use]
pub fn is_echo(text: &str) -> bool {
    const LABELS: [&str; 12] = [
        "Task:",
        "For:",
        "Offer:",
        "Use:",
        "Like:",
        "Text:",
        "任务：",
        "用途：",
        "优惠：",
        "须含：",
        "参考：",
        "正文：",
    ];
    LABELS.iter().any(|label| text.trim_start().starts_with(label))
}

/// What stands between a prompt and the text.
#[must_use]
pub fn gap(chinese: bool) -> &'static str {
    if chinese { "" } else { " " }
}

/// The prompt that asks for a slot's text of at most `limit` characters.
#[must_use]
pub fn of_slot(strategy: &Strategy, slot: &Slot, limit: usize, voice: &Voice) -> Prompt {
    let chinese = strategy.language.starts_with("zh");
    let task: String = slot.instruction.chars().take(LONGEST_INSTRUCTION).collect();
    // The strategy's texts are there for a model that has not learnt the trade; the brand's say how it speaks.
    let like = voice.examples_in(chinese).map(String::as_str).take(MOST_EXAMPLES).collect();
    let brief = Brief {
        chinese,
        task: &task,
        channel: strategy.channel,
        part: slot.part,
        stage: strategy.stage,
        tone: &voice.tone(&strategy.tone, chinese),
        limit,
        sentences: slot.sentences,
        offer: strategy.offer.as_ref().filter(|_| slot.free).map(|offer| offer.kind),
        must: &slot.must,
        lines: &voice.lines(chinese),
        like,
    };
    Prompt::Continue(brief.text())
}

/// A prompt for a slot of a draft.
pub struct Asked {
    pub prompt: String,
    /// The sentence of it that says how long the text may be: its numbers are the slot's, and nobody's.
    pub limits: String,
}

/// The prompt that a slot of a draft is asked with, where a model writes that has learnt the trade.
#[must_use]
pub fn for_slot(strategy: &Strategy, slot: &Slot, voice: &Voice) -> Asked {
    let limit = voice.limit(slot.limit.unwrap_or(DEFAULT_LIMIT));
    let limits = limits(strategy.language.starts_with("zh"), limit, slot.sentences);
    Asked { prompt: of_slot(strategy, slot, limit, voice).text(), limits }
}

/// How long a text may be.
fn limits(chinese: bool, limit: usize, sentences: usize) -> String {
    match sentences {
        _ if chinese => format!("最多{limit}字，{sentences}句。"),
        1 => format!("At most {limit} characters, 1 sentence."),
        _ => format!("At most {limit} characters, {sentences} sentences."),
    }
}

fn place(channel: Channel, part: Part, chinese: bool) -> &'static str {
    let (english, own) = match (channel, part) {
        (Channel::Sms, _) => ("text message", "短信"),
        (Channel::Push, Part::Title) => ("push title", "推送标题"),
        (Channel::Push, _) => ("push text", "推送正文"),
        (Channel::Email, Part::Subject | Part::Title) => ("e-mail subject", "邮件标题"),
        (Channel::Email, Part::Preheader) => ("e-mail preheader", "邮件预览"),
        (Channel::Email, Part::Body) => ("e-mail text", "邮件正文"),
    };
    if chinese { own } else { english }
}

fn stage(stage: Stage, chinese: bool) -> &'static str {
    let own = match stage {
        Stage::Acquisition => "拉新",
        Stage::Activation => "首购之后",
        Stage::Retention => "常来",
        Stage::WinBack => "召回",
        Stage::Loyalty => "老顾客",
    };
    if chinese { own } else { stage.name() }
}

fn offer_name(kind: OfferKind, chinese: bool) -> &'static str {
    let (english, own) = match kind {
        OfferKind::Percentage => ("percentage", "折扣"),
        OfferKind::Amount => ("amount", "立减"),
        OfferKind::FreeShipping => ("free delivery", "包邮"),
        OfferKind::Gift => ("gift", "赠礼"),
        OfferKind::EarlyAccess => ("early access", "优先选购"),
    };
    if chinese { own } else { english }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brief(chinese: bool) -> Brief<'static> {
        Brief {
            chinese,
            task: "A line about tea.",
            channel: Channel::Sms,
            part: Part::Body,
            stage: Stage::WinBack,
            tone: "warm.",
            limit: 130,
            sentences: 1,
            offer: None,
            must: &[],
            lines: "",
            like: Vec::new(),
        }
    }

    #[test]
    fn every_line_of_a_prompt_is_an_echo_and_a_text_is_none() {
        let must = ["tea".to_owned()];
        for chinese in [false, true] {
            let whole = Brief {
                offer: Some(OfferKind::Gift),
                must: &must,
                like: vec!["A cup is a pause."],
                ..brief(chinese)
            };
            assert!(whole.text().lines().all(is_echo), "{}", whole.text());
        }
        assert!(!is_echo("For you, a cup of tea.") && !is_echo("任务完成了，谢谢您。"));
    }

    #[test]
    fn the_form_is_the_one_that_adapters_are_tuned_on() {
        // A change here makes a stranger of every adapter that there is: see FORM.
        assert_eq!(
            brief(false).text(),
            "Task: A line about tea.\nFor: text message, win-back. Tone: warm. At most 130 characters, 1 sentence.\nText:"
        );
        let must = ["{first_name}".to_owned(), "tea".to_owned()];
        let whole = Brief {
            offer: Some(OfferKind::Gift),
            must: &must,
            lines: "Do: be brief.\n",
            like: vec!["A cup is a pause."],
            sentences: 2,
            ..brief(false)
        };
        assert_eq!(
            whole.text(),
            "Task: A line about tea.\nFor: text message, win-back. Tone: warm. At most 130 characters, 2 sentences.\n\
             Offer: gift\nUse: {first_name}, tea\nLike: A cup is a pause.\nDo: be brief.\nText:"
        );
        assert_eq!(
            Brief { offer: Some(OfferKind::Amount), must: &must, ..brief(true) }.text(),
            "任务：A line about tea.\n用途：短信，召回。语气：warm。最多130字，1句。\n优惠：立减\n须含：{first_name}、tea\n正文："
        );
    }
}
