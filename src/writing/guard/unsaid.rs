//! What a model does not say in a strategy's name, though it is neither a fact nor a claim.
//!
//! In: a strategy. Out: words that its slots must not hold: those of somebody else than the shop, those of a letter where
//! there is none, and those of a long acquaintance with people who have only just come.

use crate::data::Channel;
use crate::segments::Stage;
use crate::strategy::Strategy;

/// Words by which somebody else than the shop speaks, or is spoken of, in lower case.
pub const SINGULAR: [&str; 16] = [
    "i", "i'm", "i’m", "i've", "i’ve", "i'll", "i’ll", "i'd", "i’d", "me", "my", "mine", "myself", "he",
    "she", "him",
];

/// Words about customers, in which a model goes on with the brief instead of writing to one of them.
const OF_CUSTOMERS: [&str; 12] = [
    "your regulars",
    "your regular customers",
    "your loyal customers",
    "your customers",
    "your customer",
    "thank a customer",
    "the customer",
    "the customers",
    "thank them",
    "tell them",
    "remind them",
    "invite them",
];

/// Words for e-mail, of which no text message and no push note speaks as if it were one.
const OF_MAIL: [&str; 10] =
    ["mail", "mails", "e-mail", "e-mails", "email", "emails", "邮件", "来信", "回信", "写封信"];

/// What is said to people who have bought more than once.
const OF_OLD_FRIENDS: [&str; 27] = [
    "welcome back",
    "loyal",
    "loyalty",
    "regular",
    "regulars",
    "been with us",
    "every order",
    "all your orders",
    "your orders",
    "your continued",
    "over the years",
    "long time",
    "miss you",
    "missed you",
    "一直以来",
    "长久以来",
    "多次",
    "多年",
    "您常来",
    "老顾客",
    "老客",
    "老朋友",
    "回头客",
    "好久不见",
    "久违",
    "每次光临",
    "每一次光临",
];

/// What is said, besides, only to people who have bought.
const OF_BUYERS: [&str; 9] = [
    "again",
    "last order",
    "previous order",
    "past orders",
    "coming back",
    "再次",
    "再来",
    "欢迎回来",
    "回来看",
];

/// The words that a strategy's slots must not hold.
pub fn words(strategy: &Strategy) -> impl Iterator<Item = &'static str> + use<> {
    let mail = strategy.channel == Channel::Email;
    let of_mail = OF_MAIL.into_iter().filter(move |_| !mail);
    SINGULAR.into_iter().chain(OF_CUSTOMERS).chain(of_mail).chain(too_soon(strategy.stage))
}

/// What would be untrue of the people that a stage writes to: those who have not bought yet, or once.
pub fn too_soon(stage: Stage) -> impl Iterator<Item = &'static str> {
    let (friends, buyers) = match stage {
        Stage::Acquisition => (true, true),
        Stage::Activation => (true, false),
        Stage::Retention | Stage::WinBack | Stage::Loyalty => (false, false),
    };
    let friends = OF_OLD_FRIENDS.into_iter().filter(move |_| friends);
    friends.chain(OF_BUYERS.into_iter().filter(move |_| buyers))
}
