//! Text messages and push messages to a provider.

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use perennial::campaign::channel::{Carrier, FaultKind, Outcome};
use perennial::campaign::message::Outgoing;
use perennial::data::Channel;
use perennial::strategy::Part;

use super::provider::{Provider, Reply};
use super::smtp::certified;
use super::{line, refused, send};
use crate::messages::short_message;

const OK: Reply = Reply::Say("200 OK", "", "{\"status\": \"queued\", \"id\": 7}");

fn to(provider: &Provider, rest: &str) -> Box<dyn Carrier> {
    let text = format!(
        "[sms]\ncarrier = \"webhook\"\nurl = \"http://127.0.0.1:{}/send\"\nconnect-seconds = 1\ntaken-seconds = 1\n{rest}",
        provider.port
    );
    line(Channel::Sms, &text).carrier().unwrap()
}

fn hostile() -> Outgoing {
    short_message(Channel::Sms, &[(Part::Body, "Say \"hi\" & \\ {{ id }}\n您好 + 1")], "+49 170 1234567")
}

#[test]
fn a_message_is_one_request_with_its_id_and_its_words_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sms.key");
    std::fs::write(&file, "hush\n").unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let provider = Provider::start(&[OK]);
    let mut carrier = to(&provider, &format!("headers = [\"X-Shop: tea\"]\nsecret-file = {file:?}\n"));
    let message = hostile();
    for _ in 0..2 {
        let outcome = send(carrier.as_mut(), &message);
        let wanted = "200 {\"status\": \"queued\", \"id\": 7}";
        assert!(matches!(&outcome, Outcome::Accepted { reply } if reply == wanted), "{outcome:?}");
    }
    let asked = provider.asked();
    for wanted in [
        "POST /send HTTP/1.1\n",
        "content-type: application/json\n",
        "x-shop: tea\n",
        "authorization: Bearer hush\n",
        &format!("idempotency-key: {}\n", message.message_id),
    ] {
        assert!(asked[0].head.contains(wanted), "{wanted} is not in {}", asked[0].head);
    }
    let body: serde_json::Value = serde_json::from_str(&asked[0].body).unwrap();
    assert_eq!(body["text"], message.text[&Part::Body].as_str());
    assert_eq!(body["to"], "+49 170 1234567");
    assert_eq!(body["id"], message.message_id.as_str());
}

#[test]
fn a_form_is_encoded_as_one() {
    let provider = Provider::start(&[OK]);
    let rest = "body-form = \"form\"\nbody = \"To={{ to }}&Body={{ text }}\"\nidempotency-header = \"\"\nmethod = \"PUT\"\n";
    assert!(matches!(send(to(&provider, rest).as_mut(), &hostile()), Outcome::Accepted { .. }));
    let asked = provider.asked();
    assert_eq!(
        asked[0].body,
        "To=%2B49+170+1234567&Body=Say+%22hi%22+%26+%5C+%7B%7B+id+%7D%7D%0A%E6%82%A8%E5%A5%BD+%2B+1"
    );
    assert!(asked[0].head.starts_with("PUT ") && asked[0].head.contains("application/x-www-form-urlencoded"));
    assert!(!asked[0].head.contains("idempotency"));
}

#[test]
fn each_answer_says_whether_to_try_again() {
    for (status, headers, wanted, after) in [
        ("429 Too Many Requests", "Retry-After: 120\r\n", FaultKind::Temporary, Some(120)),
        ("503 Busy", "", FaultKind::Temporary, None),
        ("502 Bad Gateway", "", FaultKind::Temporary, None),
        ("408 Slow", "", FaultKind::Temporary, None),
        ("400 Bad Request", "", FaultKind::Permanent, None),
        ("404 Not Found", "", FaultKind::Permanent, None),
        ("410 Gone", "", FaultKind::Permanent, None),
        ("422 No Such Number", "", FaultKind::Permanent, None),
        ("401 Unauthorized", "", FaultKind::Channel, None),
        ("402 Payment Required", "", FaultKind::Channel, None),
        ("403 Forbidden", "", FaultKind::Channel, None),
        ("302 Found", "Location: http://127.0.0.1:1/\r\n", FaultKind::Channel, None),
    ] {
        let provider = Provider::start(&[Reply::Say(status, headers, "why\r\nnot"), OK]);
        let mut carrier = to(&provider, "");
        match send(carrier.as_mut(), &hostile()) {
            Outcome::Failed(fault) => {
                assert_eq!((fault.kind, fault.after), (wanted, after.map(Duration::from_secs)), "{status}");
                assert_eq!(fault.said, format!("{} why not", &status[..3]));
            }
            other => panic!("{status}: {other:?}"),
        }
        assert!(matches!(send(carrier.as_mut(), &hostile()), Outcome::Accepted { .. }), "{status}");
    }
}

#[test]
fn an_answer_of_200_that_says_no_is_a_no() {
    let rest = "success-pointer = \"/status\"\nsuccess-value = \"queued\"\n";
    let say = |body| [Reply::Say("200 OK", "", body)];
    for (body, wanted) in [
        ("{\"status\": \"queued\"}", true),
        ("{\"status\": \"rejected\"}", false),
        ("{}", false),
        ("<html>", false),
    ] {
        let provider = Provider::start(&say(body));
        let outcome = send(to(&provider, rest).as_mut(), &hostile());
        assert_eq!(matches!(outcome, Outcome::Accepted { .. }), wanted, "{body}");
        assert!(wanted || super::kind(&outcome) == FaultKind::Permanent, "{body}");
    }
    let provider = Provider::start(&say("{\"code\": 0}"));
    let rest = "success-pointer = \"/code\"\nsuccess-value = \"0\"\n";
    assert!(matches!(send(to(&provider, rest).as_mut(), &hostile()), Outcome::Accepted { .. }));
}

#[test]
fn no_answer_is_unknown_and_no_connection_is_certain() {
    for reply in [Reply::Close, Reply::Hang] {
        let provider = Provider::start(&[reply, OK]);
        let mut carrier = to(&provider, "");
        let began = Instant::now();
        let outcome = send(carrier.as_mut(), &hostile());
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
        assert!(began.elapsed() < Duration::from_secs(10));
        assert_eq!(provider.asked().len(), 1, "a request of unknown fate is not sent again unasked");
        assert!(matches!(send(carrier.as_mut(), &hostile()), Outcome::Accepted { .. }));
    }
    // Whoever stands before the provider does not know either, unless the provider knows a message that comes twice.
    let gateway = Provider::start(&[Reply::Say("504 Gateway Timeout", "", "")]);
    let outcome = send(to(&gateway, "idempotency-header = \"\"\n").as_mut(), &hostile());
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = format!("[sms]\ncarrier = \"webhook\"\nurl = \"http://127.0.0.1:{nobody}/send\"\n");
    let outcome = send(line(Channel::Sms, &text).carrier().unwrap().as_mut(), &hostile());
    assert_eq!(super::kind(&outcome), FaultKind::Network, "{outcome:?}");
}

/// The port of a provider with a certificate, which takes one request and says so.
fn safe_provider(config: Arc<rustls::ServerConfig>) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = rustls::ServerConnection::new(config).unwrap();
        let mut stream = rustls::StreamOwned::new(connection, stream);
        let (mut asked, mut piece) = (Vec::new(), [0; 1024]);
        // The body is JSON, and ends in a brace.
        while !asked.ends_with(b"}") {
            match stream.read(&mut piece) {
                Ok(read) if read > 0 => asked.extend_from_slice(&piece[..read]),
                _ => return,
            }
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    });
    port
}

#[test]
fn a_provider_that_is_not_trusted_stops_the_channel_and_one_of_ones_own_authority_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, config) = certified(folder.path(), "localhost");
    let outcome = |rest: &str| {
        let port = safe_provider(Arc::clone(&config));
        let text = format!("[sms]\ncarrier = \"webhook\"\nurl = \"https://localhost:{port}/send\"\n{rest}");
        send(line(Channel::Sms, &text).carrier().unwrap().as_mut(), &hostile())
    };
    let trusted = outcome(&format!("ca-file = {authority:?}\n"));
    assert!(matches!(trusted, Outcome::Accepted { .. }), "{trusted:?}");
    let unknown = outcome("");
    assert_eq!(super::kind(&unknown), FaultKind::Channel, "{unknown:?}");
    let (_, for_another) = certified(folder.path(), "provider.example");
    let port = safe_provider(for_another);
    let text = format!(
        "[sms]\ncarrier = \"webhook\"\nurl = \"https://localhost:{port}/send\"\nca-file = {authority:?}\n"
    );
    let wrong = send(line(Channel::Sms, &text).carrier().unwrap().as_mut(), &hostile());
    assert_eq!(super::kind(&wrong), FaultKind::Channel, "{wrong:?}");
}

#[test]
fn settings_that_do_not_do_are_told_before_anything_is_sent() {
    let told = |rest: &str| refused(Channel::Push, &format!("[push]\ncarrier = \"webhook\"\n{rest}"));
    let url = "url = \"https://api.provider.example/push\"\n";
    for (rest, wanted) in [
        ("", "url = \"https://…\" under [sending.push]"),
        ("url = \"http://api.provider.example/\"", "clear text"),
        ("url = \"https://me:hush@api.provider.example/\"", "holds a name or a password"),
        ("url = \"nonsense\"", "no address"),
    ] {
        assert!(told(rest).contains(wanted), "{rest}: {}", told(rest));
        assert!(!told(rest).contains("hush"));
    }
    for (rest, wanted) in [
        ("body = '{\"to\": \"{{ to }}\"}'", "body makes no JSON"),
        ("body = '{{ too }}'", "body cannot be filled in"),
        ("body = '{{ to '", "body cannot be understood"),
        ("headers = [\"no colon\"]", "is no header"),
        ("headers = [\"X-A: b\\r\\nX-B: c\"]", "is no header"),
        ("idempotency-header = \"a b\"", "is no header"),
        ("success-pointer = \"/a\"", "go together"),
        ("success-pointer = \"a\"\nsuccess-value = \"b\"", "begins with a slash"),
        ("ca-file = \"/no/such.pem\"", "ca-file"),
        ("secret-file = \"/no/such.key\"", "cannot be read"),
    ] {
        let told = told(&format!("{url}{rest}\n"));
        assert!(told.contains(wanted) && told.contains("[sending.push]"), "{rest}: {told}");
    }
}
