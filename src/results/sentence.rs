//! What a comparison says, as one sentence, in English or Chinese.

use super::{ArmResult, Because, Comparison, Metric, Verdict};
use crate::statistics::Interval;
use crate::statistics::qini::Knows;

/// The language of a sentence or a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    English,
    Chinese,
}

/// The finding of one comparison. `arm` and `control` are the sums of its two arms; `currency` stands after amounts.
#[must_use]
pub fn finding(
    comparison: &Comparison,
    arm: &ArmResult,
    control: &ArmResult,
    currency: &str,
    language: Language,
) -> String {
    let metric = comparison.metric;
    let (difference, interval) = comparison.judged();
    let values = value(metric, arm).zip(value(metric, control));
    let money = metric == Metric::RevenuePerCustomer;
    let shown = |value: f64| if money { amount(value, currency) } else { percent(value) };
    // Narrowed by what was spent before, it is not the difference of the two values.
    let narrowed = match language {
        _ if comparison.adjusted.is_none() => "",
        Language::English => " allowing for what they spent before",
        Language::Chinese => "（已扣除事前消费的影响）",
    };
    let size = if money { signed(difference, currency) + narrowed } else { points(difference, language) };
    let ends = ends(interval, money, language);
    let p = p_value(comparison.p_adjusted);
    let looks = comparison.any_look().is_some();
    let (label, p) = match language {
        Language::English => (
            if looks { "95 % interval for any number of looks" } else { "95 % interval" },
            if comparison.is_adjusted() {
                format!("{p}, corrected for the comparisons beside it (the interval is not)")
            } else {
                p
            },
        ),
        Language::Chinese => (
            if looks { "任意次查看的 95% 区间" } else { "95% 区间" },
            if comparison.is_adjusted() {
                format!("{p}（已按多重比较校正，区间未校正）")
            } else {
                p
            },
        ),
    };
    let rates = values.map_or_else(String::new, |(a, b)| match language {
        Language::English => format!("{} against {}, ", shown(a), shown(b)),
        Language::Chinese => format!("{} 对 {}，", shown(a), shown(b)),
    });
    let (a, b) = (&comparison.arm, &comparison.against);
    match language {
        Language::English => {
            let does = english(metric);
            let more = comparison.needed.map_or_else(String::new, |needed| {
                format!(
                    " If the difference seen is the true one, it takes about {} customers to tell, {} more than there are.",
                    grouped(needed.customers),
                    grouped(needed.more)
                )
            });
            match comparison.verdict {
                Verdict::Better => {
                    format!("{a} {does} than {b}: {rates}{size} ({label} {ends}), p {p}.")
                }
                Verdict::Worse => {
                    let does = english_worse(metric);
                    format!("{a} {does} than {b}: {rates}{size} ({label} {ends}), p {p}.")
                }
                Verdict::TooFewToTell => format!(
                    "Too few to tell whether {a} {does} than {b}: {rates}{size} ({label} {ends}), p {p}.{}{more}",
                    comparison
                        .because
                        .and_then(|why| because(why, language))
                        .map_or_else(String::new, |why| format!(
                            " The p-value is not to be trusted here: {why}."
                        ))
                ),
            }
        }
        Language::Chinese => {
            let what = chinese(metric);
            let more = comparison.needed.map_or_else(String::new, |needed| {
                format!(
                    "若观察到的差异就是真实差异，大约需要 {} 位客户才能判断，还差 {} 位。",
                    grouped(needed.customers),
                    grouped(needed.more)
                )
            });
            let detail = format!("{rates}{size}（{label} {ends}），p {p}。");
            match comparison.verdict {
                Verdict::Better => format!("“{a}”的{what}高于“{b}”：{detail}"),
                Verdict::Worse => format!("“{a}”的{what}低于“{b}”：{detail}"),
                Verdict::TooFewToTell => {
                    let why = comparison.because.and_then(|why| because(why, language));
                    let why = why.map_or_else(String::new, |why| format!("该 p 值不可采信：{why}。"));
                    format!("客户太少，无法判断“{a}”的{what}是否高于“{b}”：{detail}{why}{more}")
                }
            }
        }
    }
}

/// Why there is no verdict although the p-value may be small; `None`: the p-value itself says so.
#[must_use]
pub fn because(why: Because, language: Language) -> Option<&'static str> {
    let (english, chinese) = match why {
        Because::FewExpected => {
            ("fewer than five customers of an arm are expected to do it, or not to", "某组的期望人数不足 5")
        }
        Because::FewCustomers => ("an arm has fewer than ten customers", "某组客户不足 10 位"),
        Because::PValue => return None,
    };
    Some(if language == Language::English { english } else { chinese })
}

/// What is told before any order since the launch is known. `until`: the last day that is. `later`: whether there are
/// orders that were set aside for being dated after today.
#[must_use]
pub fn nothing_after(until: &str, launched: &str, later: bool, language: Language) -> String {
    match language {
        Language::English => {
            let counted = if later { "counted" } else { "known" };
            format!(
                "Nothing can be said yet: no orders are {counted} after {until}, and the messages went out on {launched}."
            )
        }
        Language::Chinese => {
            let counted = if later { "计入的订单" } else { "订单数据" };
            format!("目前无法得出结论：{counted}截至 {until}，而消息于 {launched} 发送。")
        }
    }
}

/// What the order of a score is worth.
#[must_use]
pub fn knows(knows: Knows, language: Language) -> &'static str {
    let (english, chinese) = match knows {
        Knows::Yes => ("the score finds them", "分数能找出会响应的客户"),
        Knows::Unsure => ("nothing that could be told from chance", "分数与随机无法区分"),
        Knows::Reversed => ("the score puts them last", "分数把会响应的客户排在了最后"),
    };
    if language == Language::English { english } else { chinese }
}

fn english(metric: Metric) -> &'static str {
    match metric {
        Metric::ConversionRate => "makes more customers buy",
        Metric::RevenuePerCustomer => "brings more revenue per customer",
        Metric::RetentionRate => "makes more customers buy again",
        Metric::ActivityRate => "makes more customers active",
    }
}

fn english_worse(metric: Metric) -> &'static str {
    match metric {
        Metric::ConversionRate => "makes fewer customers buy",
        Metric::RevenuePerCustomer => "brings less revenue per customer",
        Metric::RetentionRate => "makes fewer customers buy again",
        Metric::ActivityRate => "makes fewer customers active",
    }
}

fn chinese(metric: Metric) -> &'static str {
    match metric {
        Metric::ConversionRate => "转化率",
        Metric::RevenuePerCustomer => "每位客户收入",
        Metric::RetentionRate => "复购率",
        Metric::ActivityRate => "活跃率",
    }
}

/// The metric's value of an arm; `None` where it is not known.
#[must_use]
pub fn value(metric: Metric, arm: &ArmResult) -> Option<f64> {
    let of = |count: u64| count as f64 / arm.customers.max(1) as f64;
    match metric {
        Metric::ConversionRate => Some(arm.conversion_rate),
        Metric::RevenuePerCustomer => arm.revenue_per_customer,
        Metric::RetentionRate => arm.retained.map(of),
        Metric::ActivityRate => arm.active.map(of),
    }
}

/// `0.123` as `12.30 %`.
#[must_use]
pub fn percent(rate: f64) -> String {
    format!("{:.2} %", 100.0 * rate)
}

/// A probability, which is never shown as certain.
#[must_use]
pub fn chance(probability: f64) -> String {
    match probability {
        low if low < 0.0001 => "< 0.01 %".into(),
        high if high > 0.9999 => "> 99.99 %".into(),
        other => percent(other),
    }
}

/// An amount in major units with its currency.
#[must_use]
pub fn amount(value: f64, currency: &str) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    let cents = (value.abs() * 100.0).round() as u64;
    format!("{sign}{}.{:02} {currency}", grouped(cents / 100), cents % 100).trim_end().to_owned()
}

/// An amount with its sign.
fn signed(value: f64, currency: &str) -> String {
    format!("{}{}", if value < 0.0 { "" } else { "+" }, amount(value, currency))
}

/// A difference of rates.
fn points(difference: f64, language: Language) -> String {
    match language {
        Language::English => format!("{:+.2} points", 100.0 * difference),
        Language::Chinese => format!("{:+.2} 个百分点", 100.0 * difference),
    }
}

/// Both ends, in points or in money. Where all amounts are the same there is nothing to reckon an interval from, and that
/// is said: two equal ends would look exact.
#[must_use]
pub fn ends(interval: Interval, money: bool, language: Language) -> String {
    if money && interval.low >= interval.high {
        return match language {
            Language::English => "unknown: all amounts are the same".into(),
            Language::Chinese => "未知：所有金额相同".into(),
        };
    }
    let to = match language {
        Language::English => "to",
        Language::Chinese => "至",
    };
    if money {
        format!("{} {to} {}", signed(interval.low, ""), signed(interval.high, ""))
    } else {
        format!("{:+.2} {to} {:+.2}", 100.0 * interval.low, 100.0 * interval.high)
    }
}

/// `0.0285`, `< 0.0001`.
#[must_use]
pub fn p_value(p: f64) -> String {
    if p < 0.0001 { "< 0.0001".into() } else { format!("{p:.4}") }
}

/// `1234567` as `1,234,567`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
