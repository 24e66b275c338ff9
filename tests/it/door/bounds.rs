//! What the server takes from one caller, and that others are served all the while.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::{ANNA, LI, exchange, now, open};

#[test]
fn bodies_heads_and_addresses_are_bounded() {
    let door = open(|_| {});
    let link = door.links.feedback(ANNA);
    assert_eq!(door.post(&link, &format!("text={}", "x".repeat(20_000))).status, 413);
    // A length that is only promised is refused before a byte of it is read.
    let promised = format!("POST {link} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");
    assert_eq!(exchange(door.address, promised.as_bytes()).status, 413);
    let head = format!("GET {link} HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(20_000));
    assert_eq!(exchange(door.address, head.as_bytes()).status, 431);
    assert_eq!(door.get(&format!("/u/{}", "A".repeat(3_000))).status, 414);
    // Without end: the connection is closed, whatever was answered.
    let endless = format!("GET {link} HTTP/1.1\r\nHost: x\r\n{}", "X: y\r\n".repeat(400_000));
    assert!([0, 400, 431].contains(&exchange(door.address, endless.as_bytes()).status));
    assert_eq!(exchange(door.address, b"\x16\x03\x01\x02\x00 no http\r\n\r\n").status, 400);
    assert!(door.feedback(ANNA).is_empty());
    assert_eq!(door.get(&link).status, 200);
}

#[test]
fn a_connection_takes_one_request() {
    let door = open(|_| {});
    let request = format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", door.links.unsubscribe(ANNA));
    let answer = exchange(door.address, request.repeat(3).as_bytes());
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(answer.body.matches("HTTP/1.1").count(), 0, "the others were not answered");
}

#[test]
fn whoever_asks_too_often_waits_but_can_unsubscribe() {
    let door = open(|config| (config.door.requests_per_second, config.door.burst) = (1, 3));
    let codes: Vec<u16> = (0..5).map(|_| door.get("/u/guess").status).collect();
    assert_eq!(codes, [404, 404, 404, 429, 429]);
    let busy = door.get(&door.links.unsubscribe(ANNA));
    assert_eq!((busy.status, busy.header("retry-after")), (429, Some("60")));
    // Mail providers do it for many from one address; a signature is needed, so nobody can flood.
    assert_eq!(door.post(&door.links.unsubscribe(ANNA), "List-Unsubscribe=One-Click").status, 200);
    assert_eq!(door.post("/u/guess", "List-Unsubscribe=One-Click").status, 429);
    // But not to press the buttons of the page to and fro.
    assert_eq!(door.post(&door.links.unsubscribe(ANNA), "preferences=1&email=yes").status, 429);
    // A provider that shows the secret is not counted.
    assert_eq!(door.hook("delivery", r#"{"id":"d","message_id":"m1@shop.example"}"#).status, 202);
    assert_eq!(door.suppressed().len(), 1);
}

#[test]
fn behind_a_proxy_each_customer_has_a_bucket() {
    let door = open(|config| {
        (config.door.requests_per_second, config.door.burst, config.door.behind_proxy) = (1, 2, true);
    });
    let ask = |forwarded: &str| {
        door.ask("GET", "/u/guess", &format!("X-Forwarded-For: {forwarded}\r\n"), "").status
    };
    // What a caller writes before the proxy's own word counts for nothing.
    let codes = ["1.1.1.1, 192.0.2.1", "2.2.2.2, 192.0.2.1", "3.3.3.3, 192.0.2.1", "192.0.2.2"].map(ask);
    assert_eq!(codes, [404, 404, 429, 404]);
}

#[test]
fn without_a_proxy_nobody_chooses_an_address() {
    let door = open(|config| (config.door.requests_per_second, config.door.burst) = (1, 2));
    let ask = |number: u32| {
        door.ask("GET", "/u/guess", &format!("X-Forwarded-For: 192.0.2.{number}\r\n"), "").status
    };
    assert_eq!([1, 2, 3].map(ask), [404, 404, 429]);
}

#[test]
fn slow_callers_keep_nobody_waiting() {
    let door = open(|config| config.door.connections = 8);
    let slow: Vec<TcpStream> = (0..7)
        .map(|_| {
            let mut stream = TcpStream::connect(door.address).unwrap();
            stream.write_all(b"POST /u/x HTTP/1.1\r\nHost:").unwrap();
            stream
        })
        .collect();
    for _ in 0..20 {
        assert_eq!(door.get(&door.links.unsubscribe(ANNA)).status, 200);
    }
    drop(slow);
}

#[test]
fn whoever_never_ends_is_ended_and_the_places_are_free_again() {
    let door = open(|config| config.door.connections = 8);
    let mut slow: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = TcpStream::connect(door.address).unwrap();
            stream.write_all(b"POST /u/x HTTP/1.1\r\nHost:").unwrap();
            stream
        })
        .collect();
    // Every place is taken: this one is served when they have been ended.
    assert_eq!(door.get(&door.links.unsubscribe(ANNA)).status, 200);
    for stream in &mut slow {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(!rest.starts_with(b"HTTP/1.1 2"), "{rest:?}");
    }
}

#[test]
fn many_at_once_are_all_kept() {
    let door = open(|_| {});
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let door = &door;
            scope.spawn(move || {
                for number in 0..25 {
                    let at = now() - 1_000;
                    let event = format!(
                        r#"[{{"kind":"reply","id":"{thread}-{number}","send":{LI},"text":"t","at":{at}}},
                            {{"kind":"delivery","id":"same","send":{LI},"at":{at}}}]"#
                    );
                    assert_eq!(door.hook("events", &event).status, 202);
                }
            });
        }
    });
    assert_eq!(door.feedback(LI).len(), 8 * 25 + 1);
    assert!(door.log.lock().unwrap().is_empty(), "{:?}", door.log);
}
