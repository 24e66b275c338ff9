//! A report and what it was learnt from, in words.
//!
//! In: a [`Report`], [`Counts`]. Out: lines and rows for people, without a terminal's marks.

use std::cmp::Ordering;

use super::{Counts, LEAST_PAIRS, LeftOut, Report, Side, SideBySide, Why};

/// Whether the voice does better than what was there before, and in what.
#[must_use]
pub fn verdict(report: &Report) -> (Ordering, String) {
    let (before, after) = (&report.before, &report.after);
    let drafts = if after.briefs == 1 { "1 draft".into() } else { format!("{} drafts", after.briefs) };
    let rules = format!("{} of {drafts} break none", after.passed);
    match after.passed.cmp(&before.passed) {
        Ordering::Less => {
            return (
                Ordering::Less,
                format!("Breaks rules more often: {rules}, {} did before", before.passed),
            );
        }
        Ordering::Greater => {
            let words = format!("Breaks rules less often: {rules}, {} did before", before.passed);
            return (Ordering::Greater, words);
        }
        Ordering::Equal => {}
    }
    let own =
        format!("{} of {drafts} are the model's own, {} were", after.passed_by_model, before.passed_by_model);
    match after.passed_by_model.cmp(&before.passed_by_model) {
        Ordering::Less => {
            let words =
                format!("Writes less by itself: {own}; in the others the strategies' own texts stand");
            (Ordering::Less, words)
        }
        Ordering::Greater => (Ordering::Greater, format!("Writes more by itself: {own}")),
        Ordering::Equal => (Ordering::Equal, format!("Breaks rules as often as before: {rules}")),
    }
}

/// What stands over the texts of a pair: before, and after.
#[must_use]
pub fn labels(pair: &SideBySide) -> [&'static str; 2] {
    let label = |own: bool, plain, marked| if own { marked } else { plain };
    [
        label(pair.own_before, "before", "before (the strategy's own text)"),
        label(pair.own_after, "after", "after (the strategy's own text)"),
    ]
}

/// The figures before and after: what it is, before, after.
#[must_use]
pub fn compared(report: &Report) -> Vec<[String; 3]> {
    let row = |name: &str, of: &dyn Fn(&Side) -> Option<String>| {
        let figure = |side: &Side| of(side).unwrap_or_else(|| "-".into());
        [name.to_owned(), figure(&report.before), figure(&report.after)]
    };
    let drafts = |count: usize, side: &Side| format!("{count} of {}", side.briefs);
    vec![
        row("drafts that pass every rule", &|side| Some(drafts(side.passed, side))),
        row("of these by the model alone", &|side| Some(drafts(side.passed_by_model, side))),
        row("ln P of a token, approved texts held out", &|side| {
            side.approved.map(|mean| format!("{mean:.3}"))
        }),
        row("ln P of a token, house texts held out", &|side| side.house.map(|mean| format!("{mean:.3}"))),
        row("likeness to rejected texts", &|side| side.like_rejected.map(|mean| format!("{mean:.3}"))),
    ]
}

/// What a voice learns from, a line each.
#[must_use]
pub fn lessons(counts: &Counts) -> Vec<String> {
    let texts = |count: usize| if count == 1 { "1 text".into() } else { format!("{count} texts") };
    let mut lines = vec![format!(
        "{} approved as they were written, {} edited by a person ({} of them held out for judging)",
        texts(counts.approved),
        texts(counts.edited),
        counts.held_out
    )];
    if counts.house > 0 {
        lines.push(format!("{} examples of the house corpus, so that nothing is forgotten", counts.house));
    }
    let pairs = counts.pairs();
    lines.push(if counts.preferences_used {
        format!(
            "{pairs} pairs of a better and a worse text ({} edits, {} rejections) as preferences",
            counts.pairs_of_edits, counts.pairs_of_rejections
        )
    } else {
        format!("{pairs} pairs: preferences need {LEAST_PAIRS}")
    });
    for left_out in &counts.left_out {
        let of = drafts(left_out);
        lines.push(format!("left out: {} ({}){of}", texts(left_out.texts), why(left_out.why)));
    }
    lines.extend(longer(counts));
    lines
}

/// Which drafts were left out, as many as a line holds.
#[must_use]
pub fn drafts(left_out: &LeftOut) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<String> = left_out.drafts.iter().take(SHOWN).map(|id| id.0.to_string()).collect();
    match shown.len() {
        0 => String::new(),
        1 => format!(": draft {}", shown[0]),
        count => {
            let more = left_out.drafts.len() - count;
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!(": drafts {}{more}", shown.join(", "))
        }
    }
}

/// What is to be done so that texts with more sentences are written; `None` where there are none.
#[must_use]
pub fn longer(counts: &Counts) -> Option<String> {
    let most = counts.longer.iter().map(|longer| longer.sentences).max()?;
    let texts: usize = counts.longer.iter().map(|longer| longer.texts).sum();
    let texts = if texts == 1 { "1 text has".into() } else { format!("{texts} texts have") };
    let mut strategies: Vec<&str> = counts.longer.iter().map(|longer| longer.strategy.as_str()).collect();
    strategies.dedup();
    Some(format!(
        "{texts} more sentences than the strategy asks for, and the model keeps to the strategy: put sentences={most} into \
         write(...) of {}",
        strategies.join(", ")
    ))
}

/// Where a learning began.
#[must_use]
pub fn began(report: &Report) -> String {
    match (&report.start.adapter, report.start.gone_on) {
        (Some(name), true) => format!("gone on from {name}"),
        (Some(name), false) => format!("begun anew, as {name} cannot be gone on from"),
        (None, _) => "begun with the model by itself".into(),
    }
}

/// What is said where nothing came of the learning.
#[must_use]
pub fn no_better(report: &Report) -> Option<&'static str> {
    (report.best_step == 0)
        .then_some("nothing that it learnt made held-out texts likelier: it is what it began with")
}

/// Why a text teaches nothing.
#[must_use]
pub fn why(why: Why) -> &'static str {
    match why {
        Why::Personal => "somebody's data could not be taken out for certain",
        Why::NoFields => "it needs a field where its slot takes none",
        Why::OwnText => "the strategy's own text, which nobody touched",
        Why::NoTemplate => "the strategy that asked for it is not kept, or asks for something else",
        Why::Empty => "empty",
        Why::Twice => "the same text for the same request is there already",
    }
}
