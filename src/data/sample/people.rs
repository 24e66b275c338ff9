//! One row of `customers.csv`.

use super::calendar::civil;
use super::draw::Draw;
use super::kinds::Kind;
use super::names::{Person, Region};
use super::row;

pub(super) const HEADER: &str = "customer_id,first_name,last_name,email,phone,language,country,time_zone,\
birth_date,gender,created_at,email_consent,sms_consent,push_consent,source\n";

const DOMAINS: [&str; 3] = ["example.com", "example.org", "example.net"];
const SOURCES: [&str; 6] = ["organic", "newsletter", "paid-search", "social", "friend", "marketplace"];

/// Appends the customer. Some cells stay empty, as they do in real shops.
pub(super) fn write(
    out: &mut Vec<u8>,
    customer: u32,
    kind: &Kind,
    region: &Region,
    created_at: i64,
    draw: &mut Draw,
) {
    let Person { first_name, last_name, mailbox, female } = region.person(draw);
    row::customer_id(out, customer);
    out.push(b',');
    if draw.chance(990) {
        row::text(out, &first_name);
        row::text(out, &last_name);
    } else {
        out.extend_from_slice(b",,");
    }
    if draw.chance(970) {
        out.extend_from_slice(mailbox.as_bytes());
        out.push(b'.');
        row::number(out, u64::from(customer) + 1, 1);
        out.push(b'@');
        out.extend_from_slice(draw.one(&DOMAINS).as_bytes());
    }
    out.push(b',');
    if draw.chance(640) {
        out.extend_from_slice(region.phone(draw).as_bytes());
    }
    out.push(b',');
    // Many people on the continent read the shop in English.
    let reads_own = matches!(region.language, "en" | "zh") || draw.chance(550);
    if draw.chance(980) {
        out.extend_from_slice(if reads_own { region.language } else { "en" }.as_bytes());
    }
    out.push(b',');
    row::text(out, region.country);
    row::text(out, if draw.chance(970) { region.zone.name } else { "" });
    if draw.chance(580) {
        birth_date(out, draw);
    }
    out.push(b',');
    if draw.chance(620) {
        out.extend_from_slice(if female { b"female" } else { b"male" });
    }
    out.push(b',');
    row::time(out, created_at);
    out.push(b',');
    for permille in kind.consent {
        if draw.chance(970) {
            out.extend_from_slice(if draw.chance(permille) { b"true" } else { b"false" });
        }
        out.push(b',');
    }
    out.extend_from_slice(SOURCES[draw.weighted(&[34, 12, 22, 16, 10, 6])].as_bytes());
    out.push(b'\n');
}

/// A date of birth between 1945 and 2007, mostly around 1983.
fn birth_date(out: &mut Vec<u8>, draw: &mut Draw) {
    // 4,900 days after 1970-01-01 is in 1983; the spread is 24 years.
    let days = 4900 + i64::from(draw.around(1000)) * 876 / 100 - 8760;
    // `civil` wants days that are not negative: 28 years are a whole number of leap cycles.
    let (year, month, day) = civil(days + 10_227);
    row::number(out, u64::from(year) - 28, 4);
    out.push(b'-');
    row::number(out, u64::from(month), 2);
    out.push(b'-');
    row::number(out, u64::from(day), 2);
}
