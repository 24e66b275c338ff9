//! Fills a text so that its grammar holds.
//!
//! In: a text with fields, and a filling. Out: the same with what is the same for everyone filled in. `{is|are}` takes
//! the left word for a noun that is not counted and the right one for many: that of the nearest category before it, or
//! the next one where there is none. `{a product}` takes the article that the name wants.

use super::facts::{Filling, Noun};

/// Fields that stay as they are: the customer's own, and the offer's.
pub(super) const KEPT: [&str; 8] = [
    "first_name",
    "last_product",
    "last_order_month",
    "shop_name",
    "month",
    "offer",
    "offer_ends",
    "coupon_code",
];

/// The field in a pair of braces that begins here, and what follows it.
fn field(rest: &str) -> Option<(&str, &str)> {
    let inner = rest.strip_prefix('{')?;
    let end = inner.find('}')?;
    Some((&inner[..end], &inner[end + 1..]))
}

/// Names of all fields of a text, as they stand; choices apart.
pub(super) fn fields(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        rest = &rest[open..];
        match field(rest) {
            Some((name, after)) => {
                if !name.contains('|') {
                    found.push(name);
                }
                rest = after;
            }
            None => rest = &rest[1..],
        }
    }
    found
}

/// Marks that end a sentence.
pub(super) const ENDS: [char; 6] = ['.', '!', '?', '。', '！', '？'];

/// Sentences of a text.
pub(super) fn sentences(text: &str) -> usize {
    text.matches(ENDS).count()
}

/// Whether a text names a product that all recipients are told of.
pub(super) fn names_product(text: &str) -> bool {
    text.contains("product}") && fields(text).iter().any(|name| matches!(*name, "product" | "a product"))
}

/// The text with what holds for everyone filled in; [`KEPT`] fields stay in braces.
pub(super) fn fill(text: &str, filling: &Filling) -> String {
    fill_with(text, filling, &|name| KEPT.contains(&name).then(|| format!("{{{name}}}")))
}

/// The text as a customer reads it.
pub(super) fn fill_all(text: &str, filling: &Filling) -> String {
    fill_with(text, filling, &|name| own(name, filling))
}

/// A customer's or an offer's value.
pub(super) fn own(name: &str, filling: &Filling) -> Option<String> {
    let value = match name {
        "first_name" => &filling.first_name,
        "last_product" => &filling.last_product,
        "last_order_month" => &filling.last_order_month,
        "shop_name" => &filling.shop_name,
        "month" => &filling.month,
        "offer" => &filling.offer,
        "offer_ends" => &filling.offer_ends,
        "coupon_code" => &filling.coupon_code,
        _ => return None,
    };
    Some(value.clone())
}

fn fill_with(text: &str, filling: &Filling, other: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    let mut noun: Option<&Noun> = None;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let Some((name, after)) = field(rest) else {
            out.push('{');
            rest = &rest[1..];
            continue;
        };
        match name {
            "category" | "second_category" => {
                let own = if name == "category" { &filling.category } else { &filling.second_category };
                noun = Some(own);
                let begins = begins_sentence(&out);
                out.push_str(&if begins { capital(&own.text) } else { own.text.clone() });
            }
            "product" => out.push_str(&filling.product),
            "a product" => {
                let vowel = filling.product.starts_with(['A', 'E', 'I', 'O', 'U']);
                // Letters that sound like a consonant at the beginning: a Ukulele, a Unicorn.
                let vowel = vowel
                    && !["Uk", "Uni", "Eu", "One"].iter().any(|start| filling.product.starts_with(start));
                let article = if vowel { "an" } else { "a" };
                let article = if begins_sentence(&out) { capital(article) } else { article.to_owned() };
                out.push_str(&format!("{article} {}", filling.product));
            }
            "season" => {
                let begins = begins_sentence(&out);
                out.push_str(&if begins { capital(&filling.season) } else { filling.season.clone() });
            }
            choice if choice.contains('|') => {
                let of = noun.unwrap_or_else(|| next_noun(after, filling));
                let (left, right) = choice.split_once('|').unwrap_or((choice, choice));
                let word = if of.plural { right } else { left };
                out.push_str(&if begins_sentence(&out) { capital(word) } else { word.to_owned() });
            }
            name => out.push_str(&other(name).unwrap_or_else(|| format!("{{{name}}}"))),
        }
        rest = after;
    }
    out + rest
}

fn next_noun<'a>(after: &str, filling: &'a Filling) -> &'a Noun {
    match fields(after).into_iter().find(|name| matches!(*name, "category" | "second_category")) {
        Some("second_category") => &filling.second_category,
        _ => &filling.category,
    }
}

/// Whether what comes next begins a sentence.
fn begins_sentence(before: &str) -> bool {
    let before = before.trim_end();
    before.is_empty() || before.ends_with(ENDS)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::corpus::shipped_facts;

    fn filling(category: &str, plural: bool) -> Filling {
        let [facts, _] = shipped_facts().unwrap();
        let mut filling = facts.draw(None, false, &mut ChaCha8Rng::seed_from_u64(1));
        filling.category = Noun { text: category.into(), plural };
        filling.second_category = Noun { text: "rope".into(), plural: false };
        filling.product = "Oak Bench".into();
        filling
    }

    #[test]
    fn the_number_of_a_noun_and_its_article_hold() {
        let text = "{category} {is|are} here, {first_name}. {This|These} {second_category} {goes|go} with {it|them}; \
                    {a product} too. {a product}.";
        assert_eq!(
            fill(text, &filling("tea", false)),
            "Tea is here, {first_name}. This rope goes with it; an Oak Bench too. An Oak Bench."
        );
        assert_eq!(
            fill("{category} {is|are} here. Have {a little|a few}?", &filling("mugs", true)),
            "Mugs are here. Have a few?"
        );
        // Before any noun the next one decides.
        assert_eq!(fill("Take {this|these} {category}.", &filling("mugs", true)), "Take these mugs.");
    }

    #[test]
    fn braces_that_are_no_field_are_left_alone() {
        assert_eq!(fill("{unknown} { open", &filling("tea", false)), "{unknown} { open");
        assert_eq!(fields("{a} {b|c} {d"), ["a"]);
    }
}
