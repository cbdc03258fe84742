//! Every case at the parser: nothing panics, and each becomes what it has to.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use sip_message::{
    Capabilities, End, Frame, Limits, Message, Stream, check_request, parse_datagram,
};
use torture::{CASES, Case, Class, cases, valid};

fn class_of(bytes: &[u8]) -> Class {
    match parse_datagram(bytes.to_vec().into(), &Limits::DEFAULT) {
        Ok(message) => verdict(&message),
        Err(_) => Class::Dropped,
    }
}

fn verdict(message: &Message) -> Class {
    match message {
        Message::Request(request) => match check_request(request, &Capabilities::default()) {
            Ok(()) => Class::Accepted,
            Err(refusal) => {
                assert!(
                    !refusal
                        .response(request)
                        .to_tag("t")
                        .build()
                        .bytes()
                        .is_empty()
                );
                Class::Refused(refusal.status.code())
            }
        },
        Message::Response(_) => Class::Dropped,
    }
}

#[test]
fn there_are_as_many_cases_as_promised_each_with_its_own_name() {
    let names: BTreeSet<_> = cases().map(|case| case.name).collect();
    assert_eq!(names.len(), CASES);
    assert_eq!(CASES, 5_376);
}

#[test]
fn the_template_itself_is_fine() {
    assert_eq!(class_of(&valid()), Class::Accepted);
}

#[test]
fn every_case_becomes_what_it_has_to() {
    let mut tally: BTreeMap<Class, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for Case { name, bytes, class } in cases() {
        *tally.entry(class).or_default() += 1;
        let found = class_of(&bytes);
        if class != Class::Either && found != class {
            wrong.push(format!("{name}: {found:?}, not {class:?}"));
        }
    }
    eprintln!("{tally:?}");
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn no_case_takes_long() {
    let slow = if cfg!(debug_assertions) { 20 } else { 1 };
    for Case { name, bytes, .. } in cases() {
        let once = || {
            let started = Instant::now();
            class_of(&bytes);
            started.elapsed()
        };
        let took = (0..3).map(|_| once()).min().unwrap_or_default();
        assert!(took < Duration::from_millis(5) * slow, "{name}: {took:?}");
    }
}

/// On a stream each case ends somehow: no frame is larger than what was pushed, and a lost stream
/// stays lost.
#[test]
fn every_case_ends_on_a_stream_too() {
    for Case { name, bytes, .. } in cases() {
        let mut stream = Stream::new(Limits::DEFAULT, End::Accepted);
        let mut out = 0;
        'pieces: for piece in bytes.chunks(1000) {
            stream.push(piece);
            loop {
                match stream.next() {
                    Ok(Some(Frame::Message(message))) => {
                        verdict(&message);
                        out += message.bytes().len();
                    }
                    Ok(Some(Frame::Ping | Frame::Pong)) => out += 2,
                    Ok(None) => break,
                    Err(error) => {
                        assert_eq!(stream.next(), Err(error), "{name}");
                        break 'pieces;
                    }
                }
            }
        }
        assert!(out <= bytes.len(), "{name}");
    }
}
