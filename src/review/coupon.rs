//! Coupon codes: one for each customer and strategy, easy to read out and to type.
//!
//! In: a seed, and who is to have a code for what. Out: codes, all different, the same for the same input
//! in whatever order it comes. A code has ten random characters (42 bits) and one that checks them, as in
//! `K7RM3-XHP9TW`.
//!
//! The alphabet has 19 characters. There is no vowel in it, so that no word comes out by chance, and no
//! two of them look or sound alike: no `0 O D Q`, `1 I L`, `5 S`, `2 Z`... only one of each such group at
//! most. 19 is prime, so that a weighted sum of the characters tells every single wrong character and every
//! two that changed places.

use std::collections::HashSet;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

/// What a code is made of, in the order of their values.
pub const ALPHABET: [char; 19] =
    ['2', '3', '4', '6', '7', '8', '9', 'C', 'F', 'H', 'J', 'K', 'M', 'P', 'R', 'T', 'V', 'W', 'X'];

const BASE: u64 = ALPHABET.len() as u64;
/// Characters that carry the code, without the one that checks them.
const DRAWN: usize = 10;
/// Place of the hyphen.
const HYPHEN: usize = 5;
/// Number of different codes: 19^10, more than 2^42.
const CODES: u64 = BASE.pow(DRAWN as u32);

/// A code of a customer for a strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient<'a> {
    pub strategy: &'a str,
    pub customer: &'a str,
}

/// A code for each recipient, in their order. Recipients must differ from each other.
///
/// A code depends only on the seed, the strategy and the customer's id, unless two come out the same (one
/// chance in twelve among a million): then the one whose names come later in the alphabet draws again.
#[must_use]
pub fn codes(seed: u64, recipients: &[Recipient<'_>]) -> Vec<String> {
    let mut drawn: Vec<u64> = recipients.par_iter().map(|recipient| draw(seed, recipient, 0)).collect();
    redraw_doubles(&mut drawn, recipients, |recipient, attempt| draw(seed, recipient, attempt));
    drawn.into_par_iter().map(code).collect()
}

/// Another code for a recipient whose code is somebody else's; each attempt, counted from 1, gives another one.
#[must_use]
pub fn drawn_again(seed: u64, recipient: &Recipient<'_>, attempt: u32) -> String {
    code(draw(seed, recipient, attempt))
}

/// Draws again, with the next attempt, for all but one of the recipients that have the same number.
fn redraw_doubles(
    drawn: &mut [u64],
    recipients: &[Recipient<'_>],
    draw: impl Fn(&Recipient<'_>, u32) -> u64,
) {
    let mut order: Vec<u32> = (0..drawn.len() as u32).collect();
    order.par_sort_unstable_by_key(|&at| {
        let recipient = &recipients[at as usize];
        (drawn[at as usize], recipient.strategy, recipient.customer)
    });
    let again: Vec<u32> = order
        .windows(2)
        .filter(|pair| drawn[pair[0] as usize] == drawn[pair[1] as usize])
        .map(|pair| pair[1])
        .collect();
    if again.is_empty() {
        return;
    }
    let mut taken: HashSet<u64> = drawn.iter().copied().collect();
    for at in again {
        let mut attempt = 1;
        loop {
            let number = draw(&recipients[at as usize], attempt);
            if taken.insert(number) {
                drawn[at as usize] = number;
                break;
            }
            attempt += 1;
        }
    }
}

/// A number below [`CODES`].
fn draw(seed: u64, recipient: &Recipient<'_>, attempt: u32) -> u64 {
    let mut hash = Sha256::new();
    hash.update(b"perennial coupon 1\n");
    hash.update(seed.to_le_bytes());
    hash.update(attempt.to_le_bytes());
    hash.update((recipient.strategy.len() as u64).to_le_bytes());
    hash.update(recipient.strategy.as_bytes());
    hash.update(recipient.customer.as_bytes());
    let hash = hash.finalize();
    let first = hash.iter().take(16).fold(0_u128, |number, &byte| number << 8 | u128::from(byte));
    (first % u128::from(CODES)) as u64
}

/// The code of a number.
fn code(number: u64) -> String {
    let mut rest = number;
    let mut digits = [0_u64; DRAWN];
    for digit in digits.iter_mut().rev() {
        *digit = rest % BASE;
        rest /= BASE;
    }
    let mut text = String::with_capacity(DRAWN + 2);
    for (place, digit) in digits.iter().chain([&checking(&digits)]).enumerate() {
        if place == HYPHEN {
            text.push('-');
        }
        text.push(ALPHABET[*digit as usize]);
    }
    text
}

/// The digit that makes the weighted sum of all eleven a multiple of 19.
fn checking(digits: &[u64; DRAWN]) -> u64 {
    let sum: u64 = digits.iter().zip(2..).map(|(digit, weight)| digit * weight).sum();
    (BASE - sum % BASE) % BASE
}

/// Whether a text is a code, as a person types it: hyphens, spaces and the case of letters do not matter.
/// Every single wrong character is found, and any two neighbours that changed places.
#[must_use]
pub fn is_code(text: &str) -> bool {
    let mut digits = Vec::with_capacity(DRAWN + 1);
    for letter in text.chars().filter(|letter| !matches!(letter, '-' | ' ')) {
        match ALPHABET.iter().position(|&known| known == letter.to_ascii_uppercase()) {
            Some(digit) if digits.len() <= DRAWN => digits.push(digit as u64),
            _ => return false,
        }
    }
    let Some((last, first)) = digits.split_last() else { return false };
    <&[u64; DRAWN]>::try_from(first).is_ok_and(|first| checking(first) == *last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_alphabet_has_no_vowels_and_no_look_alikes() {
        for letter in "AEIOUY01LDQ5SZBGN".chars() {
            assert!(!ALPHABET.contains(&letter), "{letter}");
        }
        let different: HashSet<char> = ALPHABET.into_iter().collect();
        assert_eq!(different.len(), ALPHABET.len());
        assert!(
            (2..ALPHABET.len()).all(|divisor| !ALPHABET.len().is_multiple_of(divisor)),
            "the check needs a prime"
        );
        const { assert!(CODES > 1 << 40) };
    }

    #[test]
    fn codes_are_unique_and_do_not_depend_on_the_order() {
        let ids: Vec<String> = (0..200_000).map(|number| format!("C{number}")).collect();
        let recipients: Vec<Recipient<'_>> =
            ids.iter().map(|id| Recipient { strategy: "win-back", customer: id }).collect();
        let codes = codes(7, &recipients);
        assert_eq!(codes.iter().collect::<HashSet<_>>().len(), ids.len());
        let some: Vec<Recipient<'_>> = recipients.iter().rev().step_by(1000).cloned().collect();
        let again = super::codes(7, &some);
        assert!(again.iter().zip(codes.iter().rev().step_by(1000)).all(|(a, b)| a == b));
        assert_ne!(super::codes(8, &some), again);
    }

    #[test]
    fn what_was_drawn_twice_is_drawn_again() {
        let ids = ["c", "a", "b", "d"];
        let recipients: Vec<Recipient<'_>> =
            ids.iter().map(|id| Recipient { strategy: "s", customer: id }).collect();
        let mut drawn = vec![5, 5, 5, 9];
        // The first new draw is taken as well: it must be passed over.
        redraw_doubles(
            &mut drawn,
            &recipients,
            |_, attempt| if attempt == 1 { 9 } else { 10 + u64::from(attempt) },
        );
        assert_eq!(drawn[1], 5, "the first in the alphabet keeps it");
        assert_eq!(drawn.iter().collect::<HashSet<_>>().len(), 4);
    }

    proptest! {
        #[test]
        fn a_code_is_known_and_a_slip_is_found(number in 0..CODES, place in 0..11_usize, other in 0..19_usize) {
            let code = code(number);
            prop_assert_eq!(code.len(), 12);
            prop_assert!(code.chars().all(|letter| letter == '-' || ALPHABET.contains(&letter)));
            prop_assert!(is_code(&code.to_lowercase().replace('-', " ")));
            let letters: Vec<char> = code.chars().filter(|&letter| letter != '-').collect();
            let mut wrong = letters.clone();
            wrong[place] = ALPHABET[other];
            prop_assert_eq!(is_code(&wrong.iter().collect::<String>()), wrong == letters);
            let mut swapped = letters.clone();
            swapped.swap(place, (place + 1).min(10));
            prop_assert_eq!(is_code(&swapped.iter().collect::<String>()), swapped == letters);
        }

        #[test]
        fn other_text_is_no_code(text in "\\PC{0,14}") {
            prop_assume!(text.chars().filter(|letter| ALPHABET.contains(&letter.to_ascii_uppercase())).count() != 11);
            prop_assert!(!is_code(&text));
        }
    }
}
