//! What is promised beside numbers: offers that nobody makes, superlatives, false urgency, guilt.

use super::{Check, Message, judged, words};

/// Words that promise something, and the words of an offer that make the promise true.
const PROMISES: [(&[&str], &[&str]); 7] = [
    (
        &[
            "free",
            "complimentary",
            "at no cost",
            "costs nothing",
            "cost nothing",
            "on the house",
            "免费",
            "赠送",
            "白送",
        ],
        &["free", "gift", "免费", "包邮", "礼", "赠"],
    ),
    (
        &[
            "a present with",
            "a present for you",
            "you a present",
            "with a present",
            "a gift with",
            "a gift for you",
            "you a gift",
            "with a gift",
            "gift is waiting",
            "gifts are waiting",
            "送您礼物",
            "送上礼物",
            "附赠",
            "赠品",
        ],
        &["gift", "present", "礼", "赠"],
    ),
    (&["tenner", "fiver", "quid"], &[]),
    (
        &[
            "discount",
            "discounts",
            "sale",
            "on sale",
            "% off",
            "percent off",
            "reduced price",
            "bargain",
            "打折",
            "折扣",
            "优惠",
            "特价",
            "促销",
            "满减",
            "立减",
            "返现",
            "降价",
        ],
        &["off", "discount", "折", "优惠", "减"],
    ),
    (
        &["free shipping", "free delivery", "包邮", "免运费", "免邮"],
        &["shipping", "delivery", "包邮", "运费", "免邮"],
    ),
    (
        &["gift card", "voucher", "coupon", "promo code", "优惠券", "代金券", "红包"],
        &["voucher", "coupon", "code", "off", "券", "折", "优惠", "减"],
    ),
    (
        &[
            "refund",
            "money back",
            "money-back",
            "warranty",
            "guarantee",
            "guaranteed",
            "退款",
            "保证",
            "质保",
            "包退",
            "包换",
        ],
        &["refund", "guarantee", "warranty", "退", "保"],
    ),
];

/// Superlatives, urgency and guilt. Chinese advertising law (article 9) forbids the first kind outright.
const OVERCLAIMS: [&str; 64] = [
    "the best",
    "best ever",
    "best price",
    "best prices",
    "best deal",
    "best quality",
    "cheapest",
    "lowest price",
    "lowest prices",
    "number one",
    "no. 1",
    "#1",
    "world-class",
    "unbeatable",
    "once in a lifetime",
    "once-in-a-lifetime",
    "the greatest",
    "the finest",
    "the most",
    "miracle",
    "100%",
    "last chance",
    "final call",
    "hurry",
    "act now",
    "act fast",
    "don't miss",
    "do not miss",
    "don’t miss",
    "limited time",
    "limited-time",
    "only today",
    "today only",
    "ends tonight",
    "ends today",
    "tomorrow",
    "tonight",
    "before it's too late",
    "while supplies last",
    "while stocks last",
    "selling fast",
    "almost gone",
    "you forgot",
    "why did you leave",
    "you left us",
    "we are hurt",
    "最好",
    "最佳",
    "最低",
    "最优",
    "最大",
    "最高",
    "最便宜",
    "最后机会",
    "第一品牌",
    "国家级",
    "顶级",
    "极致",
    "史上",
    "全网",
    "唯一",
    "绝无仅有",
    "仅限今天",
    "抓紧",
];
const OVERCLAIMS_MORE: [&str; 12] = [
    "立即抢购",
    "马上抢",
    "错过不再",
    "错过就没",
    "倒计时",
    "限时",
    "秒杀",
    "售罄",
    "明天截止",
    "今晚截止",
    "为什么离开",
    "抢购",
];

/// Ways to use such words that promise nothing.
const HARMLESS: [&str; 7] =
    ["feel free", "free to", "at best", "best wishes", "best regards", "all the best", "free time"];

/// Offers in the slots that the strategy does not make.
pub(super) fn invented_offer(message: &Message<'_>) -> Check {
    let offer =
        format!("{} {}", message.fact("offer").unwrap_or(""), message.fact("offer_conditions").unwrap_or(""))
            .to_lowercase();
    let facts = own_words(message);
    let mut found = Vec::new();
    for (index, slot) in message.slots.iter().enumerate() {
        let text = harmless(&words::without(slot, &facts));
        for (promises, kept) in PROMISES {
            if kept.iter().any(|word| offer.contains(word)) {
                continue;
            }
            let promise = promises.iter().find(|promise| words::find_lower(&text, promise));
            found.extend(
                promise
                    .map(|promise| format!("slot {} promises \"{promise}\", and no offer does", index + 1)),
            );
        }
    }
    // What the author wrote around the fields; the word for a code is no promise.
    let around = harmless(message.around);
    let around = around.replace("优惠码", " ").replace("优惠券码", " ").replace("coupon code", " ");
    for (promises, kept) in PROMISES {
        if !kept.iter().any(|word| offer.contains(word)) {
            let promise = promises.iter().find(|promise| words::find_lower(&around, promise));
            found.extend(
                promise
                    .map(|promise| format!("the strategy's text promises \"{promise}\", and no offer does")),
            );
        }
    }
    judged(
        "invented-offer",
        found,
        "Delete it, or give the strategy that offer.",
        "Nothing is promised beyond the offer.",
    )
}

/// Superlatives and pressure anywhere in the message.
pub(super) fn overclaim(message: &Message<'_>) -> Check {
    let found = overclaims(&words::without(&message.whole(), &own_words(message)))
        .map(|claim| format!("\"{claim}\" cannot be proved, or presses"))
        .collect();
    judged(
        "overclaim",
        found,
        "Say what is true and leave the choice to the reader.",
        "No superlative and no pressure.",
    )
}

/// Superlatives and pressure in a text without the values of facts.
pub(super) fn overclaims(text: &str) -> impl Iterator<Item = &'static str> {
    let text = harmless(text);
    let all = OVERCLAIMS.into_iter().chain(OVERCLAIMS_MORE);
    all.filter(move |claim| words::find_lower(&text, claim))
}

fn harmless(text: &str) -> String {
    let mut text = text.to_lowercase();
    for phrase in HARMLESS {
        text = text.replace(phrase, " ");
    }
    text
}

/// Facts whose words are nobody's promise.
pub(super) const OWN_WORDS: [&str; 5] =
    ["last_product", "shop_name", "favourite_category", "segment_category", "segment_second_category"];

/// Values of facts: a product may be called "The Best of Bach".
fn own_words<'a>(message: &'a Message<'_>) -> Vec<&'a str> {
    OWN_WORDS.iter().filter_map(|name| message.fact(name)).collect()
}
