//! What only the shop could know, or say of itself: never in a slot, unless a fact says it.

use std::ops::Range;

/// What things are made of.
pub const MATERIAL: [&str; 56] = [
    "made of",
    "made from",
    "made out of",
    "crafted from",
    "woven from",
    "carved from",
    "solid oak",
    "solid wood",
    "solid gold",
    "solid silver",
    "pure cotton",
    "pure wool",
    "pure silk",
    "pure linen",
    "real leather",
    "genuine leather",
    "real silver",
    "real gold",
    "organic cotton",
    "all natural",
    "all-natural",
    "natural materials",
    "natural ingredients",
    "no plastic",
    "plastic-free",
    "plastic free",
    "vegan",
    "recycled",
    "biodegradable",
    "eco-friendly",
    "hand-woven",
    "handwoven",
    "hand-made",
    "hand made",
    "made by hand",
    "纯棉",
    "全棉",
    "实木",
    "真皮",
    "纯羊毛",
    "羊绒",
    "真丝",
    "纯银",
    "纯金",
    "纯天然",
    "天然材料",
    "有机棉",
    "不含",
    "无添加",
    "环保材料",
    "手工制作",
    "纯手工",
    "手工打造",
    "有机认证",
    "有机茶",
    "有机食品",
];

/// Where things come from.
pub const ORIGIN: [&str; 17] = [
    "made in",
    "imported",
    "locally made",
    "locally sourced",
    "locally grown",
    "sourced from",
    "grown in",
    "straight from the farm",
    "原产",
    "产自",
    "产地",
    "进口",
    "国产",
    "来自意大利",
    "来自法国",
    "来自日本",
    "来自德国",
];

/// Ways to reach somebody that no field gives.
pub const CONTACT: [&str; 51] = [
    "call us",
    "ring us",
    "phone us",
    "give us a call",
    "text us",
    "text back",
    "dm us",
    "message us",
    "email us",
    "e-mail us",
    "write to us at",
    "whatsapp",
    "wechat",
    "telegram",
    "follow us",
    "instagram",
    "facebook",
    "tiktok",
    "scan the",
    "qr code",
    "hotline",
    "phone number",
    "dot com",
    "dot co",
    "dot net",
    "dot org",
    "(dot)",
    "[dot]",
    "微信",
    "加qq",
    "扫码",
    "扫一扫",
    "二维码",
    "加我",
    "加群",
    "进群",
    "私信",
    "拨打",
    "致电",
    "来电",
    "电话",
    "热线",
    "公众号",
    "小红书",
    "抖音",
    "加客服",
    "点com",
    "网址",
    "口令",
    "官网",
    "支付宝",
];

/// What things do for a body.
pub const HEALTH: [&str; 47] = [
    "heals",
    "healing",
    "cures",
    "cure",
    "relieves",
    "relief from",
    "good for your health",
    "good for your skin",
    "healthier",
    "lose weight",
    "weight loss",
    "slimming",
    "anti-ageing",
    "anti-aging",
    "detox",
    "boosts your",
    "immune",
    "immunity",
    "sleep better",
    "better sleep",
    "reduces stress",
    "less pain",
    "back pain",
    "clinically",
    "doctor",
    "doctors",
    "dermatologist",
    "dermatologists",
    "medically",
    "治疗",
    "治好",
    "疗效",
    "养生",
    "保健",
    "减肥",
    "瘦身",
    "抗衰",
    "美白",
    "祛痘",
    "祛斑",
    "免疫力",
    "改善睡眠",
    "助眠",
    "排毒",
    "医生",
    "临床",
    "止痛",
];

/// What others are said to think.
pub const POPULARITY: [&str; 52] = [
    "loved by",
    "most popular",
    "top-rated",
    "top rated",
    "five-star",
    "five star",
    "rave reviews",
    "great reviews",
    "good reviews",
    "customers say",
    "customers agree",
    "our customers love",
    "customers' favourite",
    "customer favourite",
    "customer favourites",
    "customers' favorite",
    "customer favorite",
    "crowd favourite",
    "crowd favorite",
    "everyone's favourite",
    "everyone’s favourite",
    "everyone's favorite",
    "trusted by",
    "recommended by",
    "as seen on",
    "as seen in",
    "trending",
    "gone viral",
    "thousands of people",
    "many happy customers",
    "thousands of customers",
    "爆款",
    "网红",
    "好评",
    "口碑",
    "五星",
    "明星同款",
    "大家都爱",
    "大家都说",
    "顾客都说",
    "顾客都爱",
    "万人",
    "人气",
    "回购",
    "都在用",
    "都在买",
    "都说好",
    "用过的人都",
    "获得过",
    "荣获",
    "得过奖",
    "获奖",
];

/// What somebody is said to have bought, which a field tells or nobody.
pub const PURCHASE: [&str; 26] = [
    "since you bought",
    "when you bought",
    "your last order",
    "your last purchase",
    "your recent order",
    "your recent purchase",
    "your previous order",
    "your previous purchase",
    "your latest order",
    "your latest purchase",
    "bought last time",
    "ordered last time",
    "上次买",
    "上次购买",
    "之前买",
    "之前购买",
    "您买过",
    "您买的",
    "您购买的",
    "您买了",
    "你买过",
    "你买的",
    "您下过单",
    "上一单",
    "上次下单",
    "去年买",
];

/// All of them.
pub const SHOPS: [&[&str]; 6] = [&MATERIAL, &ORIGIN, &CONTACT, &HEALTH, &POPULARITY, &PURCHASE];

/// "You bought a teapot" names a thing, "you bought from us" does not.
const BOUGHT: [&str; 4] = ["bought", "ordered", "purchased", "picked up"];
const YOU: [&str; 8] = ["you", "you have", "you've", "you’ve", "have you", "you had", "you once", "you last"];
/// Words with which the name of a thing begins.
const THINGS: [&str; 12] =
    ["a", "an", "the", "your", "our", "some", "that", "those", "these", "this", "two", "several"];

/// Where a text in lower case says that the reader bought something by name, in bytes.
pub fn bought_things(lower: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    BOUGHT.into_iter().flat_map(move |verb| {
        lower.match_indices(verb).filter_map(move |(at, _)| {
            let end = at + verb.len();
            let before = lower[..at].trim_end();
            let you = YOU.into_iter().find(|you| before.ends_with(you))?;
            let start = before.len() - you.len();
            let whole = lower[..start].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
            let thing = lower[end..].strip_prefix(' ')?.split(|c: char| !c.is_alphanumeric()).next()?;
            (whole && THINGS.contains(&thing)).then_some(start..end + 1 + thing.len())
        })
    })
}

/// Countries and places whose craft is told of, with what makes it a claim behind them.
const PLACES: [&str; 24] = [
    "意大利",
    "法国",
    "日本",
    "德国",
    "英国",
    "美国",
    "韩国",
    "瑞士",
    "瑞典",
    "丹麦",
    "芬兰",
    "挪威",
    "荷兰",
    "西班牙",
    "葡萄牙",
    "土耳其",
    "泰国",
    "越南",
    "印度",
    "欧洲",
    "北欧",
    "景德镇",
    "京都",
    "台湾",
];
const CRAFT: [&str; 10] = ["工匠", "匠人", "制造", "进口", "原装", "手工", "工艺", "生产", "出品", "设计师"];
/// The same in English.
const NATIONS: [&str; 17] = [
    "italian",
    "french",
    "japanese",
    "german",
    "british",
    "english",
    "swiss",
    "swedish",
    "danish",
    "finnish",
    "norwegian",
    "dutch",
    "spanish",
    "portuguese",
    "turkish",
    "indian",
    "american",
];
const MAKERS: [&str; 11] = [
    "craftsmen",
    "craftsman",
    "craftspeople",
    "artisans",
    "artisan",
    "makers",
    "craftsmanship",
    "workshop",
    "workshops",
    "made",
    "potters",
];

/// Where a text in lower case says who in which country made a thing, in bytes.
pub fn made_by(lower: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let chinese = PLACES.into_iter().flat_map(move |place| {
        lower.match_indices(place).filter_map(move |(at, _)| {
            let end = at + place.len();
            let after = lower[end..].strip_prefix('的').unwrap_or(&lower[end..]);
            let craft = CRAFT.into_iter().find(|craft| after.starts_with(craft))?;
            Some(at..lower.len() - after.len() + craft.len())
        })
    });
    let english = NATIONS.into_iter().flat_map(move |nation| {
        lower.match_indices(nation).filter_map(move |(at, _)| {
            let whole = lower[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
            let after = lower[at + nation.len()..].strip_prefix([' ', '-'])?;
            let maker = after.split(|c: char| !c.is_alphanumeric()).next()?;
            let end = lower.len() - after.len() + maker.len();
            (whole && MAKERS.contains(&maker)).then_some(at..end)
        })
    });
    chinese.chain(english)
}
