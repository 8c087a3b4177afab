//! What a listener hears, against what arrived.

use video_client::{ConnectionId, Event};

use super::*;

const LATER: Duration = Duration::from_millis(1);

fn event(n: usize) -> String {
    format!(r#"{{"n":{n},"type":"custom"}}"#)
}

fn item(n: usize) -> EventItem {
    EventItem::Event(Event::parse(event(n).into()).unwrap())
}

/// Two links, with events 0 to 3 on the first and 4 to 6 on the second.
fn wire() -> (ClientWire, Delivery) {
    let mut wire = ClientWire::default();
    let delivery = Delivery::from(LATER, &wire, &ConnectionState::Idle);
    for n in 0..7 {
        let (link, id) = if n < 4 { (1, "a") } else { (2, "b") };
        wire.arrived(
            (link, Duration::ZERO),
            (n == 0 || n == 4).then_some(id),
            Message::Event(event(n)),
        );
    }
    (wire, delivery)
}

fn hear(items: &[EventItem]) -> Result<(), String> {
    let (wire, mut delivery) = wire();
    items
        .iter()
        .try_for_each(|item| delivery.heard(item, &wire))
}

fn state(id: &str) -> ConnectionState {
    let connection_id = ConnectionId::new(id);
    ConnectionState::Connected { connection_id }
}

#[test]
fn what_arrived_is_heard_once_and_in_order() {
    assert_eq!(hear(&[0, 1, 2, 3].map(item)), Ok(()));
    assert!(hear(&[item(0), item(0)]).is_err(), "twice");
    assert!(hear(&[item(1), item(0)]).is_err(), "out of order");
    assert!(hear(&[item(9)]).is_err(), "out of nowhere");
}

#[test]
fn a_gap_needs_a_word() {
    let lag = |missed| EventItem::Lagged { missed };
    assert!(hear(&[item(0), item(2)]).is_err());
    assert_eq!(hear(&[item(0), lag(1), item(2)]), Ok(()));
    assert!(hear(&[item(0), lag(1), item(3)]).is_err());
    let lost = EventItem::Connection(ConnectionState::Paused);
    assert!(hear(&[item(0), item(4)]).is_err());
    assert_eq!(hear(&[item(0), lost.clone(), item(4)]), Ok(()));
    assert!(
        hear(&[item(0), lost, item(5)]).is_err(),
        "4 came on the same link"
    );
}

#[test]
fn a_lag_may_hide_the_word_that_the_link_of_the_next_event_is_lost() {
    let (mut wire, mut delivery) = wire();
    wire.arrived((3, Duration::ZERO), None, Message::Event(event(7)));
    let lag = EventItem::Lagged { missed: 4 };
    let connected = EventItem::Connection(state("c"));
    // Event 4 tells why the second link is lost; 5 and 6 came too late for that.
    for item in [&item(0), &lag, &item(4), &connected, &item(7)] {
        assert_eq!(delivery.heard(item, &wire), Ok(()));
    }
    assert!(hear(&[item(0), EventItem::Connection(state("b")), item(4)]).is_err());
}

#[test]
fn who_comes_while_something_arrives_may_hear_it_or_not() {
    let mut wire = ClientWire::default();
    for (at, n) in [(Duration::ZERO, 0), (LATER, 1), (LATER, 2)] {
        wire.arrived((1, at), None, Message::Event(event(n)));
    }
    let [mut one, mut other, mut third] =
        [0; 3].map(|_| Delivery::from(LATER, &wire, &ConnectionState::Idle));
    wire.arrived((1, LATER), None, Message::Event(event(3)));
    assert_eq!(one.heard(&item(3), &wire), Ok(()));
    assert_eq!(other.heard(&item(1), &wire), Ok(()));
    assert!(other.heard(&item(3), &wire).is_err(), "2 came after 1");
    assert!(third.heard(&item(0), &wire).is_err(), "that was before");
}

#[test]
fn of_two_equal_events_either_may_be_missed() {
    let mut wire = ClientWire::default();
    let mut delivery = Delivery::from(LATER, &wire, &ConnectionState::Idle);
    for n in [0, 1, 1, 2, 3] {
        wire.arrived((1, Duration::ZERO), None, Message::Event(event(n)));
    }
    let lag = EventItem::Lagged { missed: 1 };
    for item in [&item(0), &lag, &item(1), &item(2)] {
        assert_eq!(delivery.heard(item, &wire), Ok(()));
    }
}

#[test]
fn the_end_of_what_arrived_counts_on_the_connection_that_is_alive() {
    let (wire, mut delivery) = wire();
    let lost = EventItem::Connection(ConnectionState::Paused);
    for item in [&item(0), &lost, &item(4), &item(5)] {
        delivery.heard(item, &wire).unwrap();
    }
    assert!(
        delivery.settled(LATER, &state("b"), &wire).is_err(),
        "told: paused"
    );
    delivery
        .heard(&EventItem::Connection(state("b")), &wire)
        .unwrap();
    assert!(
        delivery.settled(LATER, &state("b"), &wire).is_err(),
        "6 is missing"
    );
    delivery.heard(&item(6), &wire).unwrap();
    assert_eq!(delivery.settled(LATER, &state("b"), &wire), Ok(()));
}

#[test]
fn a_connection_that_nothing_names_is_noticed() {
    let (wire, delivery) = wire();
    assert!(delivery.settled(LATER, &state("c"), &wire).is_err());
}

/// What is heard here: event `n`, or that so many bytes were skipped, and how many messages in all.
#[derive(Debug, Clone, Copy)]
enum Item {
    Event(usize),
    Skipped(usize, u64),
    Lag(u64),
    Lost,
}

use Item::{Lag, Lost, Skipped};

fn hear_all(delivery: &mut Delivery, items: &[Item], wire: &ClientWire) -> Result<(), String> {
    items.iter().try_for_each(|heard| match *heard {
        Item::Event(n) => delivery.heard(&item(n), wire),
        Skipped(length, total) => delivery.skipped(length, total, wire),
        Lag(missed) => delivery.heard(&EventItem::Lagged { missed }, wire),
        Lost => delivery.heard(&EventItem::Connection(ConnectionState::Paused), wire),
    })
}

/// Event 0, garbage of 5, 6 and 5 bytes, event 1, and on another link garbage of 7 bytes and event 2.
fn littered() -> (ClientWire, Delivery) {
    let mut wire = ClientWire::default();
    let delivery = Delivery::from(LATER, &wire, &ConnectionState::Idle);
    let [zero, one, two] = [0, 1, 2].map(|n| Message::Event(event(n)));
    let garbage = Message::Garbage;
    for message in [zero, garbage(5), garbage(6), garbage(5), one] {
        wire.arrived((1, Duration::ZERO), None, message);
    }
    for message in [garbage(7), two] {
        wire.arrived((2, Duration::ZERO), None, message);
    }
    (wire, delivery)
}

fn hear_litter(items: &[Item]) -> Result<(), String> {
    let (wire, mut delivery) = littered();
    hear_all(&mut delivery, items, &wire)
}

const ZERO: Item = Item::Event(0);
const ONE: Item = Item::Event(1);
const TWO: Item = Item::Event(2);

#[test]
fn what_is_no_event_is_told_of_once_in_its_place_and_counted() {
    let all = [Skipped(5, 1), Skipped(6, 2), Skipped(5, 3)];
    let told = [&[ZERO], &all[..], &[ONE, Lost, Skipped(7, 4), TWO]].concat();
    assert_eq!(hear_litter(&told), Ok(()));
    for (wrong, why) in [
        (vec![ZERO, ONE], "no word"),
        (vec![ZERO, all[0], all[1], ONE], "two words of three"),
        (vec![ZERO, all[0], Skipped(5, 2)], "one is passed over"),
        (vec![ZERO, all[0], Skipped(6, 1)], "not counted"),
        (vec![ZERO, Skipped(5, 2)], "counted twice"),
        (vec![ZERO, Skipped(6, 1)], "out of order"),
        (vec![ZERO, Skipped(9, 1)], "out of nowhere"),
        (vec![all[0], ZERO], "before its time"),
        (vec![ZERO, all[0], all[0]], "twice"),
        (
            vec![ZERO, all[0], all[1], all[2], Skipped(7, 4)],
            "a loss needs a word",
        ),
        (
            vec![ZERO, all[0], all[1], all[2], ONE, Lost, Skipped(7, 5)],
            "of four",
        ),
    ] {
        assert!(hear_litter(&wrong).is_err(), "{why}");
    }
}

#[test]
fn what_is_no_event_may_be_missed_with_a_word_and_is_counted_all_the_same() {
    for right in [
        vec![ZERO, Lag(3), ONE],
        vec![ZERO, Lag(2), Skipped(5, 3), ONE],
        vec![Lag(1), Skipped(5, 1), Skipped(6, 2)],
        vec![ZERO, Lag(3), ONE, Lost, Skipped(7, 4), TWO],
        // What was on its way when the socket was given up is not counted.
        vec![ZERO, Skipped(5, 1), Lost, Skipped(7, 2), TWO],
    ] {
        assert_eq!(hear_litter(&right), Ok(()), "{right:?}");
    }
    for wrong in [
        vec![ZERO, Lag(2), ONE],
        vec![ZERO, Lag(1), Skipped(5, 3)],
        vec![ZERO, Skipped(5, 1), Lost, Skipped(7, 4)],
    ] {
        assert!(hear_litter(&wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_socket_that_is_being_closed_tells_of_no_event_but_of_all_that_is_none() {
    let mut wire = ClientWire::default();
    let mut one = Delivery::from(LATER, &wire, &ConnectionState::Idle);
    let mut other = Delivery::from(LATER, &wire, &ConnectionState::Idle);
    let [zero, one_more] = [0, 1].map(|n| Message::Event(event(n)));
    for message in [zero, one_more, Message::Garbage(5), Message::Garbage(6)] {
        wire.arrived((1, Duration::ZERO), None, message);
    }
    let told = [ZERO, Lost, Skipped(5, 1), Skipped(6, 2)];
    assert_eq!(hear_all(&mut one, &told, &wire), Ok(()));
    assert!(hear_all(&mut other, &[ZERO, Lost, Skipped(6, 1)], &wire).is_err());
}

#[test]
fn who_comes_later_goes_on_counting() {
    let (mut wire, mut first) = littered();
    let told = [ZERO, Skipped(5, 1), Skipped(6, 2)];
    assert_eq!(hear_all(&mut first, &told, &wire), Ok(()));
    let later =
        |wire: &ClientWire| Delivery::from(LATER, wire, &ConnectionState::Idle).after(&first);
    let [mut one, mut other, mut third] = [0; 3].map(|_| later(&wire));
    wire.arrived((2, LATER), None, Message::Garbage(8));
    assert_eq!(hear_all(&mut one, &[Skipped(8, 5)], &wire), Ok(()));
    assert!(hear_all(&mut other, &[Skipped(8, 2)], &wire).is_err());
    assert!(hear_all(&mut third, &[Skipped(8, 6)], &wire).is_err());
}

#[test]
fn what_is_no_event_and_is_never_told_of_is_noticed_while_its_socket_is_open() {
    let (mut wire, _) = littered();
    let delivery = Delivery::from(LATER, &wire, &ConnectionState::Paused);
    wire.arrived((3, Duration::ZERO), None, Message::Garbage(5));
    let settled = |wire: &ClientWire| delivery.settled(LATER, &ConnectionState::Paused, wire);
    assert_eq!(settled(&wire), Ok(()));
    wire.socket_came(3);
    assert!(settled(&wire).is_err());
}
