//! Words by which a slot would state a fact. Facts stand in the strategy's own text, where they come from the shop's
//! data; what a model makes up must not look like one.

/// All of them, in lower case; whole words, but for the Chinese ones.
pub(super) const WORDS_OF_FACTS: [&[&str]; 9] =
    [&OFFERS, &NUMBERS, &TIMES, &STOCK, &ELSEWHERE, &GIVEN, &WHEN, &COMPARED, &PARTS];

/// What the code of a coupon is called beside it.
pub const CODE_WORDS: [&str; 2] = ["code", "优惠码"];

/// What is offered or given, and for what money.
const OFFERS: [&str; 79] = [
    "percent",
    "percentage",
    "discount",
    "discounts",
    "discounted",
    "coupon",
    "coupons",
    "voucher",
    "vouchers",
    "promo",
    "promotion",
    "promotions",
    "code",
    "codes",
    "free",
    "complimentary",
    "refund",
    "refunds",
    "cashback",
    "sale",
    "sales",
    "price",
    "prices",
    "priced",
    "half-price",
    "giveaway",
    "giveaways",
    "gift",
    "gifts",
    "present",
    "presents",
    "reward",
    "rewards",
    "prize",
    "prizes",
    "bonus",
    "bonuses",
    "deal",
    "deals",
    "bargain",
    "bargains",
    "offer",
    "offers",
    "offering",
    "saving",
    "savings",
    "cheap",
    "cheaper",
    "cheapest",
    "guarantee",
    "guarantees",
    "guaranteed",
    "warranty",
    "shipping",
    "delivery",
    "dollar",
    "dollars",
    "euro",
    "euros",
    "pound",
    "pounds",
    "cents",
    "cent",
    "postage",
    "markdown",
    "clearance",
    "slashed",
    "rebate",
    "pay",
    "pays",
    "paid",
    "cost",
    "costs",
    "money",
    "get one",
    "buy one",
    "on us",
    "for nothing",
    "dot com",
];

/// Numbers that are spelled out.
const NUMBERS: [&str; 45] = [
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "fifteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "hundred",
    "hundreds",
    "thousand",
    "thousands",
    "million",
    "dozen",
    "dozens",
    "double",
    "thirteen",
    "fourteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
    "half",
    "halves",
    "third",
    "thirds",
    "quarter",
    "quarters",
    "fifth",
    "fifths",
    "tenth",
    "triple",
    "twice",
];

/// Days, dates and spans. (Not `may` and `march`, which are other words too.)
const TIMES: [&str; 38] = [
    "today",
    "tomorrow",
    "tonight",
    "yesterday",
    "weekend",
    "weekends",
    "hour",
    "hours",
    "minute",
    "minutes",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "year",
    "years",
    "deadline",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "holidays",
    "christmas",
    "easter",
];

/// Turns of phrase by which a small model leaves the shop for somewhere else.
const ELSEWHERE: [&str; 10] = [
    "project",
    "projects",
    "the world",
    "your love",
    "what you can do",
    "take a walk",
    "way of doing things",
    "journey",
    "adventure",
    "story",
];

/// What is in the shop, how it is made, and how it compares.
const STOCK: [&str; 26] = [
    "arrived",
    "arrives",
    "restocked",
    "stock",
    "sold",
    "selling",
    "available",
    "unavailable",
    "exclusive",
    "exclusively",
    "limited",
    "unique",
    "handmade",
    "handcrafted",
    "organic",
    "sustainable",
    "certified",
    "award",
    "awards",
    "award-winning",
    "best",
    "finest",
    "never",
    "everything",
    "shelf",
    "shelves",
];

/// What is offered or given, in Chinese.
const GIVEN: [&str; 21] = [
    "优惠",
    "优惠券",
    "免费",
    "包邮",
    "特价",
    "降价",
    "半价",
    "返现",
    "赠",
    "促销",
    "礼券",
    "礼品",
    "礼物",
    "买一送一",
    "块钱",
    "运费",
    "退钱",
    "退款",
    "满减",
    "便宜",
    "成价",
];

/// Days and spans in Chinese.
const WHEN: [&str; 22] = [
    "今天",
    "明天",
    "今晚",
    "周末",
    "小时",
    "分钟",
    "月底",
    "年底",
    "周一",
    "周二",
    "周三",
    "周四",
    "周五",
    "周六",
    "周日",
    "星期",
    "礼拜",
    "双十一",
    "双十二",
    "会员日",
    "午夜前",
    "店庆",
];

/// How it compares, in Chinese.
const COMPARED: [&str; 3] = ["领先", "史无前例", "卖完"];

/// What is in many words that state nothing, and not written all the same.
const PARTS: [&str; 8] = ["折", "元", "奖", "百", "千", "半", "第一", "微信"];

/// What a word of facts tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Offer,
    Number,
    Time,
    Stock,
    Rank,
}

/// English words that a model must not write and that a person may: as often as not they state nothing.
const OPEN_TO_PEOPLE: [&str; 26] = [
    "hour",
    "minute",
    "cost",
    "costs",
    "pays",
    "paid",
    "present",
    "presents",
    "third",
    "thirds",
    "fifth",
    "fifths",
    "tenth",
    "quarter",
    "quarters",
    "half",
    "halves",
    "double",
    "shelf",
    "shelves",
    "never",
    "everything",
    "available",
    "unavailable",
    "best",
    "pay",
];

/// Ways to use such words that state nothing, in lower case.
pub const MEANS_NOTHING: [&str; 9] = [
    "how are you today",
    "your week",
    "the years",
    "all year",
    "time of year",
    "a great deal",
    "a good deal",
    "小时候",
    "周末愉快",
];

/// Words in lower case by which a text states a fact, whoever writes it.
pub fn stated() -> impl Iterator<Item = (Subject, &'static str)> {
    let of =
        |subject: Subject, words: &'static [&'static str]| words.iter().map(move |word| (subject, *word));
    of(Subject::Offer, &OFFERS)
        .chain(of(Subject::Number, &NUMBERS))
        .chain(of(Subject::Time, &TIMES))
        .chain(of(Subject::Stock, &STOCK))
        .chain(of(Subject::Offer, &GIVEN))
        .chain(of(Subject::Time, &WHEN))
        .chain(of(Subject::Rank, &COMPARED))
        .filter(|(_, word)| !OPEN_TO_PEOPLE.contains(word))
}
