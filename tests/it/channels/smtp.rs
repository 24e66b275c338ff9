//! E-mail to a mail server that is well, ill, or gone.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use perennial::campaign::channel::{Carrier, FaultKind, Outcome};
use perennial::data::Channel;

use super::mail_server::{At, Do, MailServer, Script};
use super::{kind, line, mail, refused, send};

const ALL: [&str; 4] = ["PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 10000000"];

fn server(turns: &[(At, usize, Do)]) -> MailServer {
    MailServer::start(Script { offers: ALL.to_vec(), turns: turns.to_vec(), tls: None })
}

fn to(server: &MailServer) -> Box<dyn Carrier> {
    line(
        Channel::Email,
        &format!(
            "from-address = \"news@shop.example\"\nbounce-address = \"bounces@shop.example\"\n[email]\ncarrier = \"smtp\"\n\
             host = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nanswer-seconds = 1\ntaken-seconds = 1\n",
            server.port
        ),
    )
    .carrier()
    .unwrap()
}

fn accepted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Accepted { reply } if reply == "250 2.0.0 taken as 4711")
}

#[test]
fn messages_go_over_one_connection_in_two_round_trips_each() {
    let server = server(&[]);
    let mut carrier = to(&server);
    for number in 0..5 {
        let message = mail(number, "anna@mail.example");
        assert!(accepted(&send(carrier.as_mut(), &message)));
        assert_eq!(server.taken()[number].mail, message.mail, "with its dots as they were");
    }
    carrier.rest();
    carrier.close();
    assert_eq!(server.connections(), 1);
    assert_eq!(server.pipelined(), 10, "RCPT and DATA come with MAIL");
    assert_eq!(
        (server.taken()[0].from.as_str(), server.taken()[0].to.as_str()),
        ("<bounces@shop.example>", "anna@mail.example")
    );
    let commands = server.commands();
    assert_eq!(commands[0], "EHLO shop.example");
    assert_eq!(commands[commands.len() - 2..], ["NOOP", "QUIT"]);
    assert_eq!(carrier.already_taken("any"), None);
}

#[test]
fn a_server_without_pipelining_is_asked_step_by_step() {
    let server = MailServer::start(Script { offers: vec!["8BITMIME"], ..Script::default() });
    let mut carrier = to(&server);
    for number in 0..3 {
        assert!(accepted(&send(carrier.as_mut(), &mail(number, "anna@mail.example"))));
    }
    assert_eq!((server.pipelined(), server.taken().len()), (0, 3));
}

#[test]
fn not_now_is_temporary_and_the_next_try_takes_it() {
    for at in [At::Mail, At::Recipient, At::Data, At::Message] {
        let server = server(&[(at, 1, Do::Say("451 4.7.1 try again later"))]);
        let mut carrier = to(&server);
        let message = mail(1, "anna@mail.example");
        let first = send(carrier.as_mut(), &message);
        assert!(
            matches!(&first, Outcome::Failed(fault) if fault.kind == FaultKind::Temporary
            && fault.said == "451 4.7.1 try again later"),
            "{at:?}: {first:?}"
        );
        assert!(server.taken().is_empty());
        assert!(accepted(&send(carrier.as_mut(), &message)), "{at:?}");
        assert_eq!((server.taken().len(), server.connections()), (1, 1), "{at:?}");
    }
}

#[test]
fn never_is_permanent_for_a_recipient_and_stops_the_channel_for_a_sender() {
    for (at, wanted) in [
        (At::Recipient, FaultKind::Permanent),
        (At::Data, FaultKind::Permanent),
        (At::Message, FaultKind::Permanent),
        (At::Mail, FaultKind::Channel),
        (At::Greeting, FaultKind::Channel),
        (At::Hello, FaultKind::Channel),
    ] {
        let server = server(&[(at, 1, Do::Say("550 5.1.1 no such user"))]);
        let mut carrier = to(&server);
        let outcome = send(carrier.as_mut(), &mail(1, "nobody@mail.example"));
        assert_eq!(kind(&outcome), wanted, "{at:?}");
        assert!(server.taken().is_empty());
        assert!(accepted(&send(carrier.as_mut(), &mail(2, "anna@mail.example"))), "{at:?}");
    }
}

#[test]
fn a_connection_that_ends_before_the_message_is_a_network_fault() {
    for at in [At::Greeting, At::Hello, At::Mail, At::Recipient, At::Data] {
        for action in [Do::Close, Do::Hang] {
            let server = server(&[(at, 1, action)]);
            let mut carrier = to(&server);
            let began = Instant::now();
            let outcome = send(carrier.as_mut(), &mail(1, "anna@mail.example"));
            assert_eq!(kind(&outcome), FaultKind::Network, "{at:?}: {outcome:?}");
            assert!(began.elapsed() < Duration::from_secs(10), "the server hangs half a minute");
            assert!(accepted(&send(carrier.as_mut(), &mail(1, "anna@mail.example"))), "{at:?}");
            assert_eq!(server.taken().len(), 1);
        }
    }
}

#[test]
fn what_the_server_said_nothing_of_is_unknown() {
    // Taken and cut off before the answer, taken and silent: from here they look the same as not taken.
    for action in [Do::Close, Do::Hang] {
        let server = server(&[(At::Message, 1, action)]);
        let mut carrier = to(&server);
        let message = mail(1, "anna@mail.example");
        carrier.prepare(&message).unwrap();
        let outcome = carrier.hand_over(&message);
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
        assert!(accepted(&send(carrier.as_mut(), &mail(2, "bob@mail.example"))));
        assert_eq!(server.connections(), 2, "the connection of a message of unknown fate is given up");
    }
}

#[test]
fn a_message_that_was_lost_on_the_way_is_not_taken_where_that_is_certain() {
    let server = server(&[(At::Middle, 1, Do::Close)]);
    let mut carrier = to(&server);
    // More than the buffers of both sides hold: the write itself fails, and the final dot never left.
    let mut large = mail(1, "anna@mail.example");
    large.mail.extend(b"x".repeat(70).iter().chain(b"\r\n").cycle().take(64 << 20));
    carrier.prepare(&large).unwrap();
    match carrier.hand_over(&large) {
        Outcome::Failed(fault) => assert_eq!(fault.kind, FaultKind::Network),
        // Where the reset comes before the next write, it cannot be told from one that comes after the dot.
        Outcome::Unknown { .. } => {}
        Outcome::Accepted { .. } => panic!("nothing was taken"),
    }
    assert!(server.taken().is_empty());
    // A small one is in the buffers whole, and nobody here can know how much of it was read.
    let server = self::server(&[(At::Middle, 1, Do::Close)]);
    let mut carrier = to(&server);
    let small = mail(2, "anna@mail.example");
    carrier.prepare(&small).unwrap();
    assert!(matches!(carrier.hand_over(&small), Outcome::Unknown { .. }));
    assert!(accepted(&send(carrier.as_mut(), &mail(3, "anna@mail.example"))));
}

#[test]
fn a_message_that_is_given_up_after_it_was_prepared_is_never_taken() {
    let server = server(&[]);
    let mut carrier = to(&server);
    carrier.prepare(&mail(1, "anna@mail.example")).unwrap();
    assert!(accepted(&send(carrier.as_mut(), &mail(2, "bob@mail.example"))));
    carrier.prepare(&mail(3, "anna@mail.example")).unwrap();
    drop(carrier);
    let taken = server.taken();
    assert_eq!((taken.len(), taken[0].to.as_str()), (1, "bob@mail.example"));
}

#[test]
fn a_connection_that_the_server_closed_meanwhile_is_opened_anew_without_a_fault() {
    for action in [Do::Close, Do::Say("421 4.4.2 too many messages on this connection")] {
        let server = server(&[(At::Mail, 2, action)]);
        let mut carrier = to(&server);
        for number in 0..3 {
            assert!(accepted(&send(carrier.as_mut(), &mail(number, "anna@mail.example"))));
        }
        assert_eq!((server.taken().len(), server.connections()), (3, 2));
    }
}

#[test]
fn a_recipient_that_is_refused_while_the_message_is_asked_for_does_not_confuse_the_next() {
    // A server that answers DATA with 354 although its only recipient was refused.
    let server = server(&[
        (At::Recipient, 1, Do::Say("550 5.1.1 no such user")),
        (At::Message, 1, Do::Say("554 5.5.1 no valid recipients")),
    ]);
    let mut carrier = to(&server);
    assert_eq!(kind(&send(carrier.as_mut(), &mail(1, "nobody@mail.example"))), FaultKind::Permanent);
    assert!(accepted(&send(carrier.as_mut(), &mail(2, "anna@mail.example"))));
    assert_eq!((server.taken().len(), server.connections()), (1, 1));
}

#[test]
fn addresses_beyond_ascii_need_a_server_that_takes_them() {
    let plain = MailServer::start(Script { offers: vec!["PIPELINING", "8BITMIME"], ..Script::default() });
    let outcome = send(to(&plain).as_mut(), &mail(1, "zoë@mail.example"));
    assert!(
        matches!(&outcome, Outcome::Failed(fault) if fault.kind == FaultKind::Permanent && fault.said.contains("SMTPUTF8"))
    );
    let able = server(&[]);
    let message = mail(1, "zoë@mail.example");
    assert!(accepted(&send(to(&able).as_mut(), &message)));
    let commands = able.commands();
    assert!(
        commands.iter().any(|command| command == "MAIL FROM:<bounces@shop.example> SMTPUTF8 BODY=8BITMIME"),
        "{commands:?}"
    );
    assert_eq!(able.taken()[0].mail, message.mail);
}

/// An authority in a file, and a server's settings with a certificate for `name` that it signed.
pub fn certified(folder: &std::path::Path, name: &str) -> (PathBuf, Arc<ServerConfig>) {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let file = folder.join("authority.pem");
    std::fs::write(&file, issuer.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    (file, Arc::new(config))
}

fn secret(folder: &std::path::Path, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let file = folder.join("smtp.password");
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    file
}

#[test]
fn a_safe_connection_shows_who_is_who_by_starttls_and_from_the_first_byte() {
    let folder = tempfile::tempdir().unwrap();
    let password = secret(folder.path(), "hush hush\n");
    for (implicit, tls) in [(false, "starttls"), (true, "implicit")] {
        for offer in ["AUTH PLAIN LOGIN", "AUTH LOGIN"] {
            let (authority, config) = certified(folder.path(), "localhost");
            let script = Script {
                offers: vec!["PIPELINING", offer],
                turns: Vec::new(),
                tls: Some((config, implicit)),
            };
            let server = MailServer::start(script);
            let mut carrier = line(
                Channel::Email,
                &format!(
                    "from-address = \"news@shop.example\"\n[email]\ncarrier = \"smtp\"\nhost = \"localhost\"\nport = {}\n\
                     tls = \"{tls}\"\nca-file = {authority:?}\nuser = \"shop\"\npassword-file = {password:?}\n",
                    server.port
                ),
            )
            .carrier()
            .unwrap();
            let outcome = send(carrier.as_mut(), &mail(1, "anna@mail.example"));
            assert!(accepted(&outcome), "{tls}: {outcome:?}");
            let commands = server.commands();
            if offer.contains("PLAIN") {
                // "\0shop\0hush hush" in base64.
                assert!(commands.contains(&"AUTH PLAIN AHNob3AAaHVzaCBodXNo".to_owned()), "{commands:?}");
            }
            if offer == "AUTH LOGIN" {
                let words: Vec<&str> = commands.iter().map(String::as_str).collect();
                assert!(
                    words.windows(3).any(|three| three == ["AUTH LOGIN", "c2hvcA==", "aHVzaCBodXNo"]),
                    "{words:?}"
                );
            }
            assert_eq!(commands.iter().any(|command| command == "STARTTLS"), !implicit);
        }
    }
}

#[test]
fn a_connection_that_is_not_safe_or_a_wrong_password_stops_the_channel() {
    let folder = tempfile::tempdir().unwrap();
    let password = secret(folder.path(), "hush hush\n");
    let settings = |server: &MailServer, rest: &str| {
        format!(
            "from-address = \"news@shop.example\"\n[email]\ncarrier = \"smtp\"\nhost = \"localhost\"\nport = {}\n\
             answer-seconds = 2\n{rest}\n",
            server.port
        )
    };
    let fails = |server: &MailServer, rest: &str| {
        let mut carrier = line(Channel::Email, &settings(server, rest)).carrier().unwrap();
        let outcome = send(carrier.as_mut(), &mail(1, "anna@mail.example"));
        assert!(server.taken().is_empty());
        match outcome {
            Outcome::Failed(fault) if fault.kind == FaultKind::Channel => fault.said,
            other => panic!("{rest}: {other:?}"),
        }
    };
    let (authority, config) = certified(folder.path(), "localhost");
    let safe = || MailServer::start(Script { tls: Some((Arc::clone(&config), false)), ..Script::default() });
    // Nobody whom everybody trusts has signed for it.
    assert!(fails(&safe(), "").contains("no safe connection"));
    // It is somebody else's.
    let (other, for_another) = certified(folder.path(), "mail.example");
    let another = MailServer::start(Script { tls: Some((for_another, false)), ..Script::default() });
    assert!(fails(&another, &format!("ca-file = {other:?}")).contains("no safe connection"));
    // It has none.
    let clear = MailServer::start(Script::default());
    assert!(fails(&clear, "").contains("offers no STARTTLS"));
    // The password is wrong, and is not told.
    let (authority_again, config) = certified(folder.path(), "localhost");
    assert_eq!(authority, authority_again);
    let strict = MailServer::start(Script {
        offers: vec!["AUTH PLAIN"],
        turns: vec![(At::Auth, 1, Do::Say("535 5.7.8 hush hush is wrong"))],
        tls: Some((config, false)),
    });
    let said =
        fails(&strict, &format!("ca-file = {authority:?}\nuser = \"shop\"\npassword-file = {password:?}"));
    assert!(said.contains("535 5.7.8 … is wrong") && said.contains("[sending.email]"), "{said}");
}

#[test]
fn settings_that_do_not_do_are_told_before_anything_is_sent() {
    let told = |text: &str| refused(Channel::Email, text);
    let smtp = "[email]\ncarrier = \"smtp\"\n";
    assert!(told(smtp).contains("host = \"…\" under [sending.email]"));
    assert!(told(&format!("{smtp}host = \"mail.example\"\n")).contains("from-address"));
    let from = "from-address = \"news@shop.example\"\n";
    let user = "host = \"mail.example\"\nuser = \"shop\"\n";
    assert!(told(&format!("{from}{smtp}{user}")).contains("PERENNIAL_SMTP_PASSWORD"));
    assert!(told(&format!("{from}{smtp}{user}tls = \"none\"\n")).contains("clear text"));
    assert!(told(&format!("{from}{smtp}{user}ca-file = \"/no/such.pem\"\n")).contains("ca-file"));
    assert!(
        told(&format!("{from}{smtp}host = \"mail.example\"\nhello-name = \"a b\"\n")).contains("hello-name")
    );
}
