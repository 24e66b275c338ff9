//! How the variants were sampled and how fast they were written, in a line.
//!
//! ```text
//! Temperature 0.6, top-p 0.9, top-k 40, repetition penalty 1.1, seeds 7 8 9; 62 tokens at 38 a second
//! T 0.6 p 0.9 k 40 r 1.1 seeds 7-9; 62 at 38/s
//! ```

use super::super::Strategies;
use crate::writing::Sampling;

/// In words, or in short; nothing where a model wrote none of them. What is pinned was sampled as it was then, so that
/// the others count where there are others.
pub(super) fn line(screen: &Strategies, words: bool) -> Option<String> {
    let preview = &screen.preview;
    let written: Vec<_> = preview.drafts().filter(|(_, draft)| !draft.0.is_own_text()).collect();
    let others: Vec<Sampling> = written
        .iter()
        .filter(|(place, _)| !screen.is_pinned(*place))
        .map(|(_, draft)| draft.0.sampling)
        .collect();
    let first = others.first().copied().or(written.first().map(|(_, draft)| draft.0.sampling))?;
    let mixed = others.iter().any(|sampling| *sampling != first);
    let seeds: Vec<u64> = preview.drafts().map(|(_, draft)| draft.0.seed).collect();
    let pace = preview.pace();
    Some(if words { long(first, mixed, &seeds, pace) } else { short(first, mixed, &seeds, pace) })
}

fn long(sampling: Sampling, mixed: bool, seeds: &[u64], pace: Option<(usize, f64)>) -> String {
    let mut parts = Vec::new();
    if mixed {
        parts.push("Sampling mixed".to_owned());
    } else {
        parts.extend([format!("Temperature {}", sampling.temperature), format!("top-p {}", sampling.top_p)]);
        parts.extend(sampling.top_k.map(|count| format!("top-k {count}")));
        if sampling.min_p > 0.0 {
            parts.push(format!("min-p {}", sampling.min_p));
        }
        if sampling.repeat_penalty > 1.0 {
            parts.push(format!("repetition penalty {}", sampling.repeat_penalty));
        }
    }
    parts.push(format!("seeds {}", listed(seeds)));
    let pace =
        pace.map_or(String::new(), |(tokens, speed)| format!("; {tokens} tokens at {speed:.0} a second"));
    parts.join(", ") + &pace
}

fn short(sampling: Sampling, mixed: bool, seeds: &[u64], pace: Option<(usize, f64)>) -> String {
    let mut parts = Vec::new();
    if mixed {
        parts.push("sampling mixed,".to_owned());
    } else {
        parts.extend([format!("T {}", sampling.temperature), format!("p {}", sampling.top_p)]);
        parts.extend(sampling.top_k.map(|count| format!("k {count}")));
        if sampling.min_p > 0.0 {
            parts.push(format!("min {}", sampling.min_p));
        }
        if sampling.repeat_penalty > 1.0 {
            parts.push(format!("r {}", sampling.repeat_penalty));
        }
    }
    let in_a_row = seeds.windows(2).all(|two| two[0].checked_add(1) == Some(two[1]));
    let seeds = match (seeds.first(), seeds.last()) {
        (Some(first), Some(last)) if in_a_row && seeds.len() > 2 => format!("{first}-{last}"),
        _ => listed(seeds),
    };
    parts.push(format!("seeds {seeds}"));
    let pace = pace.map_or(String::new(), |(tokens, speed)| format!("; {tokens} at {speed:.0}/s"));
    parts.join(" ") + &pace
}

fn listed(seeds: &[u64]) -> String {
    seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_form_says_the_same_in_less_room() {
        let sampling = Sampling { temperature: 0.6, min_p: 0.02, ..Sampling::default() };
        assert_eq!(
            long(sampling, false, &[7, 8, 9], Some((62, 38.4))),
            "Temperature 0.6, top-p 0.9, top-k 40, min-p 0.02, repetition penalty 1.1, seeds 7 8 9; 62 tokens at 38 a second"
        );
        assert_eq!(
            short(sampling, false, &[7, 8, 9], Some((62, 38.4))),
            "T 0.6 p 0.9 k 40 min 0.02 r 1.1 seeds 7-9; 62 at 38/s"
        );
        assert_eq!(short(sampling, true, &[7, 1008], None), "sampling mixed, seeds 7 1008");
        assert_eq!(long(sampling, true, &[7, 1008], None), "Sampling mixed, seeds 7 1008");
    }
}
