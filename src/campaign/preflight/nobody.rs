//! Why nobody is left, and what is to be done about a rule that messages break.

use crate::campaign::audience::{FunnelLine, step_words};

/// Where the funnel ran empty: the step that left out the last ones, and the one that left out the most where that is another.
/// Empty where nobody was in the segments.
pub(super) fn why_nobody(funnel: &[FunnelLine]) -> String {
    let steps = || funnel.iter().filter(|line| line.left_out > 0);
    let Some(last) = steps().rfind(|line| line.step == "holdout" || line.customers == 0) else {
        return String::new();
    };
    let are_left = match last.left_out {
        1 => "the last customer is".to_owned(),
        number => format!("the last {number} customers are"),
    };
    if last.step == "holdout" {
        return format!("; {are_left} held out");
    }
    let most = steps().max_by_key(|line| line.left_out).filter(|most| most.left_out > last.left_out);
    let before = most.map_or_else(String::new, |most| {
        format!("; most, {}, at the step \"{}\"", most.left_out, step_words(most.step))
    });
    format!("; {are_left} left out at the step \"{}\"{before}", step_words(last.step))
}

/// The step that left out the last ones.
pub(super) fn emptied_by(funnel: &[FunnelLine]) -> Option<&'static str> {
    funnel.iter().rfind(|line| line.left_out > 0 && line.customers == 0).map(|line| line.step)
}

/// What a rule found and what it says is to be done, which stands at the end.
pub(super) fn apart(detail: &str) -> (&str, Option<&str>) {
    match detail.trim_end().rsplit_once(". ") {
        Some((found, remedy)) if remedy.ends_with('.') => (found, Some(remedy)),
        _ => (detail, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn funnel(lines: &[(&'static str, u64, u64)]) -> Vec<FunnelLine> {
        lines.iter().map(|&(step, customers, left_out)| FunnelLine { step, customers, left_out }).collect()
    }

    #[test]
    fn the_step_that_emptied_the_funnel_is_named_and_not_only_the_greediest() {
        let quiet = [
            ("in-segment", 500, 0),
            ("reads-language", 231, 269),
            ("outside-quiet-hours", 0, 231),
            ("complete", 0, 0),
            ("holdout", 0, 0),
            ("to-be-sent", 0, 0),
        ];
        assert_eq!(
            why_nobody(&funnel(&quiet)),
            "; the last 231 customers are left out at the step \"are outside quiet hours\"; most, 269, at the step \
             \"read the language\""
        );
        let one = [("in-segment", 9, 0), ("consented", 0, 9), ("holdout", 0, 0)];
        assert_eq!(
            why_nobody(&funnel(&one)),
            "; the last 9 customers are left out at the step \"have consented\""
        );
        let held = [("in-segment", 1, 0), ("holdout", 1, 1), ("to-be-sent", 0, 0)];
        assert_eq!(why_nobody(&funnel(&held)), "; the last customer is held out");
        assert_eq!(why_nobody(&funnel(&[("in-segment", 0, 0)])), "");
    }

    #[test]
    fn a_rule_says_itself_what_is_to_be_done() {
        let found = "3 parts of 140 units in UCS-2, because of \"’\"; at most 2 parts";
        let remedy = "Replace that character, or shorten the text.";
        assert_eq!(apart(&format!("{found}. {remedy}")), (found, Some(remedy)));
        assert_eq!(apart("the field is empty"), ("the field is empty", None));
    }
}
