//! What a form or a mail program posts: pairs of names and values.
//!
//! In: a content type and a body that is small already. Out: pairs. Both ways of RFC 8058 (section 3.2) are read:
//! `application/x-www-form-urlencoded` and `multipart/form-data` (RFC 7578).

/// Fields that are read at most.
const MOST: usize = 32;

/// The pairs of a body; what cannot be read is left out.
pub(super) fn pairs(content_type: &str, body: &[u8]) -> Vec<(String, String)> {
    if content_type.trim_start().to_ascii_lowercase().starts_with("multipart/form-data") {
        return boundary(content_type).map_or_else(Vec::new, |boundary| parts(boundary, body));
    }
    body.split(|&byte| byte == b'&')
        .take(MOST)
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let mut halves = pair.splitn(2, |&byte| byte == b'=');
            let mut half = || decoded(halves.next().unwrap_or_default());
            (half(), half())
        })
        .collect()
}

/// The value of a name; the first where it stands twice.
pub(super) fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn decoded(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let digits = after.get(..2).filter(|digits| byte == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let escaped = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (byte, escaped) {
            (_, Some(escaped)) => {
                out.push(escaped);
                rest = &after[2..];
            }
            (b'+', _) => out.push(b' '),
            (other, _) => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn boundary(content_type: &str) -> Option<&str> {
    let at = content_type.to_ascii_lowercase().find("boundary=")? + "boundary=".len();
    let rest = content_type.get(at..)?;
    let found = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split([';', ' ']).next()?,
    };
    (!found.is_empty() && found.len() <= 70).then_some(found)
}

fn parts(boundary: &str, body: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body);
    let line = format!("--{boundary}");
    let mut found = Vec::new();
    for part in text.split(line.as_str()).skip(1).take(MOST) {
        let Some((head, value)) = part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n")) else {
            continue;
        };
        let name = head.split("name=\"").nth(1).and_then(|rest| rest.split('"').next());
        let value = value.strip_suffix("\r\n").or_else(|| value.strip_suffix('\n')).unwrap_or(value);
        found.extend(name.map(|name| (name.to_owned(), value.to_owned())));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_forms_are_read() {
        let plain = pairs("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click");
        assert_eq!(value(&plain, "List-Unsubscribe"), Some("One-Click"));
        let said = pairs("", "rating=5&text=Sch%C3%B6n+%2B+gut%&text=later&empty&%zz=%4&sign=%+1".as_bytes());
        assert_eq!(value(&said, "text"), Some("Schön + gut%"));
        assert_eq!(value(&said, "empty"), Some(""));
        assert_eq!(value(&said, "%zz"), Some("%4"));
        assert_eq!(value(&said, "sign"), Some("% 1"));
        assert_eq!(value(&said, "nothing"), None);
        for quoted in ["--x7", "\"--x7\""] {
            let parts = pairs(
                &format!("multipart/form-data; charset=utf-8; boundary={quoted}"),
                b"----x7\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n----x7--\r\n",
            );
            assert_eq!(parts, [("List-Unsubscribe".to_owned(), "One-Click".to_owned())]);
        }
        assert!(pairs("multipart/form-data", b"--x\r\n\r\n").is_empty());
    }
    proptest::proptest! {
        #[test]
        fn whatever_is_posted_is_read(kind in "(multipart/form-data; boundary=)?[ -~]{0,9}", body: Vec<u8>) {
            let read = pairs(&kind, &body);
            proptest::prop_assert!(read.len() <= MOST);
        }
    }
}
