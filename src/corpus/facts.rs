//! What fields are filled with while a model is tuned: categories, products and names that chance draws.
//!
//! In: lists, and a source of chance. Out: a [`Filling`]: one value for each field, and the number of each noun.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

use super::CorpusError;
use super::read::Language;
use crate::strategy::OfferKind;

/// Lists of what shops sell and what people are called.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    language: Language,
    /// Categories that are many: "board games".
    pub plural: Vec<String>,
    /// Categories that are not counted: "tea".
    pub mass: Vec<String>,
    pub products: Vec<Product>,
    pub first_names: Vec<String>,
    pub last_names: Vec<String>,
    pub shops: Vec<String>,
    pub seasons: Vec<String>,
    pub months: Vec<String>,
    pub codes: Vec<String>,
    #[serde(skip)]
    pub chinese: bool,
}

/// What is sold, and where it belongs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    pub name: String,
    /// One of the categories.
    pub category: String,
}

/// A noun, and whether it is many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noun {
    pub text: String,
    pub plural: bool,
}

/// A value for each field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filling {
    pub chinese: bool,
    pub category: Noun,
    pub second_category: Noun,
    pub product: String,
    pub last_product: String,
    pub first_name: String,
    pub last_name: String,
    pub shop_name: String,
    pub season: String,
    pub month: String,
    pub last_order_month: String,
    /// As customers read it; empty where there is none.
    pub offer: String,
    /// The number of it with its unit, where it has one.
    pub offer_value: String,
    pub offer_ends: String,
    pub coupon_code: String,
}

impl Facts {
    /// Reads the lists of one language.
    ///
    /// # Errors
    /// A list is missing, or there is nothing to draw from.
    pub fn read(name: &str, source: &str) -> Result<Self, CorpusError> {
        let wrong = |what: String| CorpusError::Wrong(format!("{name} holds no facts: {what}"));
        let mut facts: Self = toml::from_str(source).map_err(|error| wrong(error.to_string()))?;
        facts.chinese = facts.language == Language::Zh;
        if let Some(product) =
            facts.products.iter().find(|product| facts.noun_of(&product.category).is_none())
        {
            return Err(wrong(format!(
                "{} is of a category that is not listed: {}",
                product.name, product.category
            )));
        }
        let lists = [
            &facts.first_names,
            &facts.last_names,
            &facts.shops,
            &facts.seasons,
            &facts.months,
            &facts.codes,
        ];
        if facts.plural.len() + facts.mass.len() < 2
            || facts.products.is_empty()
            || lists.iter().any(|list| list.is_empty())
        {
            return Err(wrong("each list needs an entry, and there must be two categories".into()));
        }
        Ok(facts)
    }

    /// Every category.
    pub fn categories(&self) -> impl Iterator<Item = Noun> + '_ {
        let noun = |plural: bool| move |text: &String| Noun { text: text.clone(), plural };
        self.plural.iter().map(noun(true)).chain(self.mass.iter().map(noun(false)))
    }

    /// The category of this name.
    fn noun_of(&self, name: &str) -> Option<Noun> {
        self.categories().find(|noun| noun.text == name)
    }

    /// Draws a value for each field. Where a text names a product, the category is the product's.
    #[must_use]
    pub fn draw(&self, offer: Option<OfferKind>, names_product: bool, chance: &mut ChaCha8Rng) -> Filling {
        let categories = self.plural.len() + self.mass.len();
        let category = chance.random_range(0..categories);
        // Another one.
        let second = (category + chance.random_range(1..categories)) % categories;
        let product = self.one(&self.products, chance);
        let last_product = loop {
            let other = self.one(&self.products, chance);
            if other != product || self.products.len() < 2 {
                break other;
            }
        };
        let own =
            product.as_ref().and_then(|product| self.noun_of(&product.category)).filter(|_| names_product);
        let (offer, offer_value) = self.offer(offer, chance);
        let year = 2023 + chance.random_range(0..3);
        let month = self.one(&self.months, chance).unwrap_or_default();
        let day = chance.random_range(1..=30);
        let other_month = self.one(&self.months, chance).unwrap_or_default();
        Filling {
            chinese: self.chinese,
            category: own.unwrap_or_else(|| self.noun(category)),
            second_category: self.noun(second),
            product: product.map(|product| product.name).unwrap_or_default(),
            last_product: last_product.map(|product| product.name).unwrap_or_default(),
            first_name: self.one(&self.first_names, chance).unwrap_or_default(),
            last_name: self.one(&self.last_names, chance).unwrap_or_default(),
            shop_name: self.one(&self.shops, chance).unwrap_or_default(),
            season: self.one(&self.seasons, chance).unwrap_or_default(),
            last_order_month: if self.chinese {
                format!("{year}年{other_month}")
            } else {
                format!("{other_month} {year}")
            },
            offer,
            offer_value,
            offer_ends: if self.chinese { format!("{month}{day}日") } else { format!("{day} {month}") },
            month,
            coupon_code: self.one(&self.codes, chance).unwrap_or_default(),
        }
    }

    fn noun(&self, index: usize) -> Noun {
        let plural = index < self.plural.len();
        let list = if plural { &self.plural } else { &self.mass };
        let index = if plural { index } else { index - self.plural.len() };
        Noun { text: list.get(index).cloned().unwrap_or_default(), plural }
    }

    #[expect(clippy::unused_self, reason = "reads as a draw from these facts")]
    fn one<T: Clone>(&self, list: &[T], chance: &mut ChaCha8Rng) -> Option<T> {
        list.get(chance.random_range(0..list.len().max(1))).cloned()
    }

    /// An offer of this kind as customers read it, and its value.
    fn offer(&self, kind: Option<OfferKind>, chance: &mut ChaCha8Rng) -> (String, String) {
        let Some(kind) = kind else { return (String::new(), String::new()) };
        let tenth = chance.random_range(1..=4_u32);
        let amount = 5 * chance.random_range(1..=8_u32);
        match (kind, self.chinese) {
            (OfferKind::Percentage, false) => (format!("{}% off", tenth * 5), format!("{}%", tenth * 5)),
            (OfferKind::Percentage, true) => {
                let (text, value) =
                    [("九五折优惠", "5%"), ("九折优惠", "10%"), ("八五折优惠", "15%"), ("八折优惠", "20%")]
                        [(tenth - 1) as usize % 4];
                (text.into(), value.into())
            }
            (OfferKind::Amount, false) => (format!("{amount} EUR off"), format!("{amount} EUR")),
            (OfferKind::Amount, true) => (format!("立减{amount}元"), format!("{amount}元")),
            (OfferKind::FreeShipping, false) => ("free delivery".into(), String::new()),
            (OfferKind::FreeShipping, true) => ("包邮".into(), String::new()),
            (OfferKind::Gift, false) => ("a small gift".into(), String::new()),
            (OfferKind::Gift, true) => ("一份小礼物".into(), String::new()),
            (OfferKind::EarlyAccess, false) => ("early access".into(), String::new()),
            (OfferKind::EarlyAccess, true) => ("优先选购".into(), String::new()),
        }
    }
}
