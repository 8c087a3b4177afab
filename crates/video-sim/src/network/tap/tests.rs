//! What is heard on a connection.

use super::*;

const WALL: std::time::SystemTime = std::time::UNIX_EPOCH;

fn frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    [&[0x81, length][..], text.as_bytes()].concat()
}

fn socket() -> (Tap, Wire) {
    let wire = Wire::default();
    let number = wire.lock().add_client(None, None);
    (Tap::new(number, 1, Purpose::Socket, None), wire)
}

#[test]
fn a_word_before_the_token_is_noticed() {
    let (mut tap, wire) = socket();
    tap.sent(b"GET / HTTP/1.1\r\n\r\n", &wire);
    tap.sent(&frame(r#"{"token":"a.b.c"}"#), &wire);
    assert_eq!(wire.lock().accusations(), [""; 0]);
    tap.sent(&frame("[early]"), &wire);
    assert!(wire.lock().accusations()[0].contains("before it was accepted"));
    let (mut tap, wire) = socket();
    tap.sent(b"GET / HTTP/1.1\r\n\r\n", &wire);
    tap.sent(&frame("[earlier]"), &wire);
    assert!(wire.lock().accusations()[0].contains("before it showed a token"));
}

#[test]
fn events_count_from_the_acceptance_on_and_what_is_none_from_the_first() {
    let (mut tap, wire) = socket();
    tap.received(b"HTTP/1.1 101 ok\r\n\r\n", Duration::ZERO, &wire);
    for text in [
        r#"{"type":"early"}"#,
        "early garbage",
        r#"{"type":"connection.ok"}"#,
        r#"{"type":"x"}"#,
        "garbage",
        r#"["type"]"#,
        r#"{"type":1}"#,
    ] {
        tap.received(&frame(text), Duration::ZERO, &wire);
    }
    let mut witness = wire.lock();
    let texts: Vec<_> = witness
        .client(0)
        .arrivals()
        .map(|a| a.message.to_string())
        .collect();
    let garbage = |length| format!("{length} bytes that are no event");
    assert_eq!(texts[0], garbage(13));
    assert_eq!(
        texts[1..3],
        [r#"{"type":"connection.ok"}"#, r#"{"type":"x"}"#]
    );
    assert_eq!(texts[3..], [7, 8, 10].map(garbage));
}

#[test]
fn an_answer_to_head_has_no_body() {
    let wire = Wire::default();
    let number = wire.lock().add_client(Some("t1".to_owned()), None);
    let mut tap = Tap::new(number, 1, Purpose::Rest, None);
    let mut exchange = |request: &str, response: &str| {
        let request = format!("{request} / HTTP/1.1\r\nauthorization: t1\r\n\r\n");
        tap.sent(request.as_bytes(), &wire);
        let response = format!("HTTP/1.1 {response} x\r\ncontent-length: 6\r\n\r\n");
        tap.received(response.as_bytes(), Duration::ZERO, &wire);
    };
    exchange("HEAD", "503");
    exchange("HEAD", "401");
    wire.lock().client(number).load_begins(WALL);
    assert_eq!(wire.lock().accusations(), [""; 0], "the refusal was read");
}

#[test]
fn an_answer_belongs_to_the_token_of_its_request() {
    let wire = Wire::default();
    let number = wire.lock().add_client(Some("t1".to_owned()), None);
    let mut tap = Tap::new(number, 1, Purpose::Rest, None);
    tap.sent(
        b"POST /x HTTP/1.1\r\nauthorization: t1\r\ncontent-length: 2\r\n\r\n{}",
        &wire,
    );
    let mut witness = wire.lock();
    witness.client(number).load_begins(WALL);
    assert_eq!(witness.accusations().len(), 1, "nobody has refused it");
    witness
        .client(number)
        .load_ends(None, None, (WALL, Duration::ZERO));
    drop(witness);
    tap.received(
        b"HTTP/1.1 401 no\r\ncontent-length: 11\r\n\r\n{\"code\":40}",
        Duration::ZERO,
        &wire,
    );
    let mut witness = wire.lock();
    witness.client(number).load_begins(WALL);
    assert_eq!(witness.accusations(), [""; 0]);
}
