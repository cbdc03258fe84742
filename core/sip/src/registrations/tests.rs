//! Several accounts in one table.

use super::*;
use crate::flow::{FlowId, Origin, Transport};
use crate::transaction::Failure;
use sip_message::{HeaderName, ResponseBuilder, Status as Code, Uri};

fn account(user: &str) -> Account {
    let mut account = Account::new(
        format!("<sip:{user}@pbx.test>").parse().unwrap(),
        "sip:pbx.test".parse().unwrap(),
        format!("sip:{user}@10.0.0.1:5060").parse::<Uri>().unwrap(),
    );
    account.supervised = false;
    account
}

fn drain(table: &mut Registrations) -> Vec<Output> {
    core::iter::from_fn(|| table.poll_output()).collect()
}

/// The request that is under way among `outputs`.
fn sent(outputs: &[Output]) -> (ClientId, Request) {
    let mut all = outputs.iter().filter_map(|output| match output {
        Output::Send { id, request, .. } => Some((*id, request.clone())),
        Output::SendOnce { .. }
        | Output::Abandon { .. }
        | Output::KeepAlive(_, _)
        | Output::Told(_, _)
        | Output::Renewed(_)
        | Output::Dropped(_)
        | Output::Full(_) => None,
    });
    all.next().expect("a request")
}

fn ok(id: ClientId, request: &Request) -> Input {
    let contact = request.headers().text(HeaderName::Contact).unwrap();
    let response = ResponseBuilder::to(request, Code::OK)
        .header(HeaderName::Contact, contact)
        .build();
    let origin = Origin {
        flow: FlowId(1),
        transport: Transport::Udp,
        source: ([192, 0, 2, 1], 5060).into(),
        local: ([10, 0, 0, 1], 5060).into(),
    };
    Input::Reply(One::Response {
        id,
        response,
        origin,
    })
}

const A: AccountId = AccountId(1);
const B: AccountId = AccountId(2);

/// Two accounts, both registering; and what they sent.
fn two() -> (Registrations, [(ClientId, Request); 2]) {
    let mut table = Registrations::new(3, Rng::from_number(1));
    let mut register = |id, user| {
        table.handle(Input::Add(id, Box::new(account(user))), Instant::ZERO);
        table.handle(Input::One(id, One::Register), Instant::ZERO);
        sent(&drain(&mut table))
    };
    let requests = [register(A, "101"), register(B, "102")];
    (table, requests)
}

#[test]
fn m012_each_account_has_its_own_state_and_its_own_replies() {
    let (mut table, [a, b]) = two();
    assert_eq!(a.0.part(), 3);
    assert_eq!(b.0.part(), 3);
    assert_ne!(a.1.headers().call_id(), b.1.headers().call_id());
    table.handle(ok(b.0, &b.1), Instant::ZERO);
    assert_eq!(table.status(A), Some(&Status::Registering));
    assert!(matches!(table.status(B), Some(Status::Registered { .. })));
    let why = Failure::Transport;
    table.handle(Input::Reply(One::Failed { id: a.0, why }), Instant::ZERO);
    assert!(matches!(table.status(A), Some(Status::Failed(_))));
    assert_eq!(table.statuses().count(), 2);
    // Refresh and retry both have their time, and the table wakes for the earlier one.
    let retry = table.deadline().expect("a retry");
    assert!(retry < Instant::from_millis(4000));
    table.handle_time(retry);
    assert_eq!(
        sent(&drain(&mut table)).1.headers().call_id(),
        a.1.headers().call_id()
    );
}

#[test]
fn m012_removing_one_account_leaves_the_others_registered() {
    let (mut table, [a, b]) = two();
    table.handle(ok(a.0, &a.1), Instant::ZERO);
    table.handle(ok(b.0, &b.1), Instant::ZERO);
    drain(&mut table);
    table.handle(Input::Drop(A), Instant::ZERO);
    let removal = sent(&drain(&mut table));
    assert_eq!(removal.1.headers().expires(), Ok(Some(0)));
    assert_eq!(table.status(A), Some(&Status::Unregistering));
    table.handle(ok(removal.0, &removal.1), Instant::ZERO);
    assert!(drain(&mut table).contains(&Output::Dropped(A)));
    assert_eq!(table.status(A), None);
    assert!(matches!(table.status(B), Some(Status::Registered { .. })));
    // What was never registered goes without a word to the registrar.
    table.handle(Input::Add(A, Box::new(account("103"))), Instant::ZERO);
    table.handle(Input::Drop(A), Instant::ZERO);
    table.handle(Input::One(A, One::Register), Instant::ZERO);
    assert_eq!(table.status(A), None);
}

#[test]
fn the_state_goes_through_json_and_on() {
    let (table, [a, b]) = two();
    let saved = table.save();
    let json = serde_json::to_string(&saved).unwrap();
    let back: Saved = serde_json::from_str(&json).unwrap();
    assert_eq!(back, saved);
    let mut table = Registrations::restore(back, Rng::from_number(2));
    table.handle(ok(a.0, &a.1), Instant::ZERO);
    table.handle(ok(b.0, &b.1), Instant::ZERO);
    for (_, status) in table.statuses() {
        assert!(matches!(status, Status::Registered { .. }));
    }
    assert!(table.deadline().is_some());
}

#[test]
fn the_table_is_bounded() {
    let mut table = Registrations::new(3, Rng::from_number(1));
    for number in 0..=MAX_ACCOUNTS {
        let id = AccountId(u32::try_from(number).unwrap());
        table.handle(Input::Add(id, Box::new(account("101"))), Instant::ZERO);
    }
    let last = AccountId(u32::try_from(MAX_ACCOUNTS).unwrap());
    assert_eq!(drain(&mut table), [Output::Full(last)]);
    // Replacing one needs no room.
    table.handle(Input::Add(A, Box::new(account("102"))), Instant::ZERO);
    assert_eq!(drain(&mut table), []);
}
