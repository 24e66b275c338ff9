//! The words of the page, in English and Chinese.

use super::super::sentence::{Language, because, grouped, percent};
use super::super::{Caveat, Comparison, Metric, Tone, Verdict};
use crate::campaign::audience::step_words;

/// Headings and labels.
pub(super) struct Words {
    pub(super) tag: &'static str,
    pub(super) title: &'static str,
    pub(super) message: &'static str,
    pub(super) no_message: &'static str,
    pub(super) audience: &'static str,
    pub(super) step: &'static str,
    pub(super) still_there: &'static str,
    pub(super) left_out: &'static str,
    pub(super) funnel: &'static str,
    pub(super) steps: [&'static str; 8],
    pub(super) outcomes: &'static str,
    pub(super) arm: &'static str,
    pub(super) customers: &'static str,
    pub(super) conversions: &'static str,
    pub(super) orders: &'static str,
    pub(super) rate: &'static str,
    pub(super) interval: &'static str,
    pub(super) revenue: &'static str,
    pub(super) per_customer: &'static str,
    pub(super) retained: &'static str,
    pub(super) active: &'static str,
    pub(super) comparisons: &'static str,
    pub(super) metric: &'static str,
    pub(super) difference: &'static str,
    pub(super) verdict: &'static str,
    pub(super) better_chance: &'static str,
    pub(super) points: &'static str,
    pub(super) retention: &'static str,
    pub(super) week: &'static str,
    pub(super) responders: &'static str,
    pub(super) qini_note: &'static str,
    pub(super) share_sent: &'static str,
    pub(super) at_random: &'static str,
    pub(super) decile: &'static str,
    pub(super) uplift: &'static str,
    pub(super) money: &'static str,
    pub(super) incremental: &'static str,
    pub(super) coupons: &'static str,
    pub(super) messages: &'static str,
    pub(super) gain: &'static str,
    pub(super) back: &'static str,
    pub(super) segments: &'static str,
    pub(super) segment: &'static str,
    pub(super) said: &'static str,
    pub(super) good: &'static str,
    pub(super) bad: &'static str,
    pub(super) ratings: &'static str,
    pub(super) caveats: &'static str,
    pub(super) none: &'static str,
    pub(super) method: &'static str,
    pub(super) methods: [&'static str; 6],
}

const ENGLISH: Words = Words {
    tag: "en",
    title: "Results",
    message: "The message",
    no_message: "Nothing was sent to this arm.",
    audience: "From the segments to the arms",
    step: "Customers who",
    still_there: "Still there",
    left_out: "Left out",
    funnel: "From the arm to the answer",
    steps: [
        "in the arm",
        "accepted",
        "not bounced",
        "clicked",
        "replied",
        "rated",
        "unsubscribed",
        "complained",
    ],
    outcomes: "What customers did",
    arm: "Arm",
    customers: "Customers",
    conversions: "Bought",
    orders: "Orders",
    rate: "Rate",
    interval: "95 % interval",
    revenue: "Revenue",
    per_customer: "Revenue per customer",
    retained: "Bought again",
    active: "Active",
    comparisons: "Differences",
    metric: "Measure",
    difference: "Difference",
    verdict: "Verdict",
    better_chance: "Probability to be better",
    points: "points",
    retention: "Who has bought by the end of each week",
    week: "Week",
    responders: "Who responds",
    qini_note: "Customers in the order of a score made of what was known before; each was scored by a fit that had not \
                seen them. Area between the curve and the straight line",
    share_sent: "share of customers sent to, likeliest responders first",
    at_random: "in any order",
    decile: "Decile",
    uplift: "Uplift",
    money: "What it brought",
    incremental: "Incremental revenue",
    coupons: "Coupons",
    messages: "Messages",
    gain: "Left after costs",
    back: "Return on cost",
    segments: "By segment",
    segment: "Segment",
    said: "What customers wrote",
    good: "Good",
    bad: "Bad",
    ratings: "Ratings",
    caveats: "Keep in mind",
    none: "Nothing to add.",
    method: "How this was counted",
    methods: [
        "Every customer who was assigned to an arm counts, whatever became of the message, and rates are per customer \
         assigned, never per buyer or per click: only the assignment was random, so only it can be compared.",
        "Rates: Wilson intervals, Newcombe's interval of the difference, pooled z test. Fewer than five expected in a \
         cell: no verdict.",
        "Money: Welch's test, narrowed by what customers spent in the year before (CUPED), which decides the verdict; \
         `perennial results` prints the bootstrap's interval (BCa) beside it.",
        "Verdicts and the intervals of differences may be looked at at any time: the error is spent as O'Brien and Fleming would (Lan and DeMets), 5 % \
         over all looks together.",
        "Arms against the control, arms with each other, and segments with arms are adjusted for their number (Benjamini \
         and Hochberg).",
        "Themes and tone come from lists of words, not from understanding; read the quotes.",
    ],
};

const CHINESE: Words = Words {
    tag: "zh-Hans",
    title: "活动结果",
    message: "发送内容",
    no_message: "该组未发送任何消息。",
    audience: "从客群到分组",
    step: "步骤",
    still_there: "剩余",
    left_out: "排除",
    funnel: "从分组到回应",
    steps: ["组内客户", "已接收", "已送达", "点击", "回复", "评分", "退订", "投诉"],
    outcomes: "客户行为",
    arm: "组别",
    customers: "客户数",
    conversions: "购买人数",
    orders: "订单数",
    rate: "比例",
    interval: "95% 区间",
    revenue: "收入",
    per_customer: "每位客户收入",
    retained: "再次购买",
    active: "活跃",
    comparisons: "差异",
    metric: "指标",
    difference: "差异",
    verdict: "结论",
    better_chance: "更优的概率",
    points: "个百分点",
    retention: "每周末累计购买比例",
    week: "周",
    responders: "谁会响应",
    qini_note: "客户按事前信息得出的分数排序；每位客户的分数都来自没有见过该客户结果的拟合。曲线与直线之间的面积",
    share_sent: "发送的客户比例（最可能响应者在前）",
    at_random: "任意顺序",
    decile: "十分位",
    uplift: "增量",
    money: "带来的收益",
    incremental: "增量收入",
    coupons: "优惠券成本",
    messages: "发送成本",
    gain: "扣除成本后",
    back: "成本回报",
    segments: "按客群",
    segment: "客群",
    said: "客户反馈",
    good: "正面",
    bad: "负面",
    ratings: "评分",
    caveats: "注意事项",
    none: "没有需要补充的。",
    method: "统计方法",
    methods: [
        "凡分配到某组的客户都计入，无论消息是否送达；比例以分配的客户为基数，而不是购买者或点击者：只有分配是随机的，因此只有分配可以比较。",
        "比例：Wilson 区间，差异用 Newcombe 区间与合并 z 检验。若某格期望数不足 5，则不下结论。",
        "金额：Welch 检验，并用事前一年的消费缩小误差（CUPED），结论以此为准；`perennial results` 另给出自助法（BCa）区间。",
        "结论与差异区间随时查看都有效：按 O'Brien-Fleming（Lan-DeMets）方式分配误差，所有查看合计 5%。",
        "各组与对照、各组之间、多个客群的 p 值按 Benjamini-Hochberg 方法校正。",
        "主题与语气来自词表，并非理解；请阅读原文引用。",
    ],
};

pub(super) fn words(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::Chinese => &CHINESE,
    }
}

pub(super) fn metric(metric: Metric, language: Language) -> &'static str {
    let (english, chinese) = match metric {
        Metric::ConversionRate => ("Conversion rate", "转化率"),
        Metric::RevenuePerCustomer => ("Revenue per customer", "每位客户收入"),
        Metric::RetentionRate => ("Retention rate", "复购率"),
        Metric::ActivityRate => ("Activity rate", "活跃率"),
    };
    pick(language, english, chinese)
}

fn verdict(verdict: Verdict, language: Language) -> &'static str {
    let (english, chinese) = match verdict {
        Verdict::Better => ("▲ better", "▲ 更好"),
        Verdict::Worse => ("▼ worse", "▼ 更差"),
        Verdict::TooFewToTell => ("– too few to tell", "– 尚不能判断"),
    };
    pick(language, english, chinese)
}

/// A step of the audience, as a sentence about customers ends.
pub(super) fn step(name: &str, language: Language) -> &str {
    let chinese = match name {
        "in-segment" => "属于所选客群",
        "reads-language" => "阅读该语言",
        "has-address" => "有地址",
        "own-address" => "地址不与他人重复",
        "consented" => "已同意接收",
        "not-suppressed" => "未被停发",
        "under-cap" => "未超过频次上限",
        "outside-quiet-hours" => "不在免打扰时段",
        "complete" => "信息符合全部规则",
        "holdout" => "保留作对照",
        "to-be-sent" => "将收到消息",
        "waits-for-cap" => "等待频次上限解除",
        _ => name,
    };
    pick(language, step_words(name), chinese)
}

/// A verdict with its reason, where the p-value beside it does not say it.
pub(super) fn verdict_cell(comparison: &Comparison, language: Language) -> String {
    let said = verdict(comparison.verdict, language);
    match comparison.because.and_then(|why| because(why, language)) {
        Some(why) => format!("{said} ({why})"),
        None => said.to_owned(),
    }
}

pub(super) fn tone(tone: Tone, language: Language) -> &'static str {
    let (english, chinese) = match tone {
        Tone::Good => ("good", "正面"),
        Tone::Bad => ("bad", "负面"),
        Tone::Mixed => ("mixed", "褒贬参半"),
        Tone::Neutral => ("neutral", "中性"),
    };
    pick(language, english, chinese)
}

pub(super) fn theme(name: &str, language: Language) -> &str {
    let chinese = match name {
        "price" => "价格",
        "delivery" => "配送",
        "product" => "商品",
        "service" => "服务",
        "message" => "消息本身",
        "shop" => "网店",
        "other" => "其他",
        _ => name,
    };
    pick(language, name, chinese)
}

fn pick<'a>(language: Language, english: &'a str, chinese: &'a str) -> &'a str {
    match language {
        Language::English => english,
        Language::Chinese => chinese,
    }
}

/// A caveat as a sentence, with what to do about it.
#[must_use]
pub fn caveat(caveat: Caveat, language: Language) -> String {
    let english = language == Language::English;
    match caveat {
        Caveat::NoHoldout if english => {
            "Nobody was held out: which arm did better can be told, but not what the \
            campaign did as such. Hold some customers out next time."
                .into()
        }
        Caveat::NoHoldout => {
            "没有保留对照客户：可以比较各组，但无法知道活动本身的作用。下次请保留一部分客户。".into()
        }
        Caveat::NothingAfter if english => {
            "The orders end before the launch: nothing can be said yet. Read later \
            orders with --data."
                .into()
        }
        Caveat::NothingAfter => "订单数据止于发送之前：目前无法得出结论。请用 --data 读入之后的订单。".into(),
        Caveat::LaterOrders(rows) if english => {
            let (rows, they) = if rows == 1 {
                ("1 row of the orders is".to_owned(), "Where it is right")
            } else {
                (format!("{} rows of the orders are", grouped(rows)), "Where they are right")
            };
            format!(
                "{rows} dated in the future, and set aside. {they}, name the last day that counts: \
                 `perennial results NAME --as-of DATE`, or as-of under [data] in perennial.toml."
            )
        }
        Caveat::LaterOrders(rows) => format!(
            "有 {} 行订单的日期在今天之后，未计入。如日期无误，请指定计入的最后一天：`perennial results NAME --as-of 日期`，\
             或在 perennial.toml 的 [data] 中写 as-of。",
            grouped(rows)
        ),
        Caveat::WindowOpen(days) if english => {
            let days = if days == 1 { "one more day".to_owned() } else { format!("{days} more days") };
            format!(
                "The window is open for {days}: figures will change, and verdicts ask for more until then."
            )
        }
        Caveat::WindowOpen(days) => format!("观察期还有 {days} 天：数字仍会变化，此前下结论的要求更高。"),
        Caveat::NotSent(share) if english => format!(
            "{} of the customers in the arms were sent nothing; they count all the same, which makes the effect look a \
             little smaller than it is on those who were.",
            percent(share)
        ),
        Caveat::NotSent(share) => {
            format!(
                "组内 {} 的客户没有收到消息，但仍计入，因此效果看起来会比收到者身上的略小。",
                percent(share)
            )
        }
        Caveat::UnknownCustomers(1) if english => {
            "One customer of the ledger is not in the shop's files, and is left out of every arm.".into()
        }
        Caveat::UnknownCustomers(count) if english => {
            format!(
                "{} customers of the ledger are not in the shop's files, and are left out of every arm.",
                grouped(count)
            )
        }
        Caveat::UnknownCustomers(count) => {
            format!("台账中有 {} 位客户不在店铺数据里，各组均未计入。", grouped(count))
        }
        Caveat::Erased(count) if english => {
            let (who, are) =
                if count == 1 { ("1 customer was".to_owned(), "is") } else { (format!("{} customers were", grouped(count)), "are") };
            format!("{who} erased since the launch and {are} in no figure any more: arms are smaller by that than they were.")
        }
        Caveat::Erased(count) => {
            format!("发送后有 {} 位客户被删除，不再计入任何数字：相应组的人数因此减少。", grouped(count))
        }
        Caveat::ToldOrders(count) if english => {
            let (orders, them) =
                if count == 1 { ("1 order is".to_owned(), "it") } else { (format!("{} orders are", grouped(count)), "them") };
            format!(
                "{orders} known through the door alone, and the shop's files do not have {them}: arms can be compared only if the \
                 shop tells of every order, those of customers who got no message too."
            )
        }
        Caveat::ToldOrders(count) => format!(
            "有 {} 笔订单仅由网店实时通知得知，店铺数据中尚无：只有当网店通知所有订单（包括未收到消息的客户）时，各组才可比较。",
            grouped(count)
        ),
        Caveat::ToldLeftOut(count) if english => {
            let orders =
                if count == 1 { "1 order that was told of has".to_owned() } else { format!("{} orders that were told of have", grouped(count)) };
            format!("{orders} no amount in the shop's currency and is not counted until the shop's files have it.")
        }
        Caveat::ToldLeftOut(count) => {
            format!("有 {} 笔实时通知的订单没有金额或币种不同，在店铺数据包含之前不计入。", grouped(count))
        }
        Caveat::WrittenElsewhere(count) if english => format!(
            "{count} of these customers also got a message of another campaign within the window: what they did may be its doing."
        ),
        Caveat::WrittenElsewhere(count) => {
            format!("观察期内另有 {count} 位客户收到了其他活动的信息：他们的行为可能由此引起。")
        }
        Caveat::HeldOutWrittenTo(count) if english => format!(
            "{count} of those who were held out got a message of another campaign within the window: the difference is then not \
             that from no message at all, and is likely to be shown too small."
        ),
        Caveat::HeldOutWrittenTo(count) => {
            format!(
                "对照组中有 {count} 位客户在观察期内收到了其他活动的信息：差异不再是相对于未发送的差异，可能偏小。"
            )
        }
        Caveat::NoEvents if english => {
            "The shop's files have no visits or searches: activity is orders alone.".into()
        }
        Caveat::NoEvents => "店铺数据中没有访问或搜索记录：活跃仅指下单。".into(),
        Caveat::SampleRatio(p) if english => format!(
            "The arms are not as large as planned (p {p:.6}): something put customers into arms or took them out other \
             than chance. Find out what before you trust these figures."
        ),
        Caveat::SampleRatio(p) => {
            format!(
                "各组人数与计划不符（p {p:.6}）：分组受到了随机以外因素的影响。请先查明原因再采信这些数字。"
            )
        }
        Caveat::Scanners(1) if english => {
            "The links of one customer were opened by mail filters alone; these are not counted as clicks.".into()
        }
        Caveat::Scanners(count) if english => format!(
            "The links of {} customers were opened by mail filters alone; these are not counted as clicks.",
            grouped(count)
        ),
        Caveat::Scanners(count) => {
            format!("有 {} 位客户的链接仅被邮件过滤器打开，不计为点击。", grouped(count))
        }
        Caveat::ManySegments(1) if english => {
            "One comparison within segments was made. A segment without a verdict is not one without an effect.".into()
        }
        Caveat::ManySegments(count) if english => format!(
            "{count} comparisons within segments were made; their p-values are adjusted for that. A segment without a \
             verdict is not a segment without an effect."
        ),
        Caveat::ManySegments(count) => {
            format!("客群内共做了 {count} 次比较，p 值已相应校正。没有结论的客群并不等于没有效果。")
        }
        Caveat::NoMargin if english => {
            "What the goods cost is not known: what is left after costs takes the whole \
            price as margin. Say the margin with --margin."
                .into()
        }
        Caveat::NoMargin => "商品成本未知：“扣除成本后”把全部价格当作毛利。请用 --margin 指定毛利率。".into(),
    }
}
