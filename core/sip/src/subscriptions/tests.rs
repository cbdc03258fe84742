use super::*;
use crate::auth::Authenticator;
use crate::subscription::Package;
use sip_message::{HeaderName, Method, RequestBuilder};

fn watch(number: u32) -> Watch {
    Watch {
        target: format!("sip:{number}@pbx.test").parse().unwrap(),
        package: Package::Dialog,
        list: false,
        from: "<sip:101@pbx.test>".parse().unwrap(),
        contact: "sip:101@10.0.0.1".parse().unwrap(),
        route: Vec::new(),
        auth: Authenticator::new(None, &[]),
        expires_s: 300,
        poll_every: Duration::from_secs(30),
    }
}

fn table(many: u32) -> Subscriptions {
    let mut table = Subscriptions::new(9, Rng::from_number(7));
    for number in 0..many {
        let watch = Box::new(watch(number));
        table.handle(Input::Add(SubscriptionId(number), watch), Instant::ZERO);
    }
    table
}

/// Lets time pass and gives back when each SUBSCRIBE was sent.
fn sent(table: &mut Subscriptions, until: Instant) -> Vec<(Instant, ClientId, Request)> {
    let mut all = Vec::new();
    let mut now = Instant::ZERO;
    loop {
        while let Some(output) = table.poll_output() {
            if let Output::Send { id, request, .. } = output {
                all.push((now, id, request));
            }
        }
        match table.deadline().filter(|at| *at <= until) {
            Some(at) => now = at.max(now),
            None => return all,
        }
        table.handle_time(now);
    }
}

#[test]
fn m094_five_hundred_start_one_after_the_other() {
    let mut table = table(500);
    let sent = sent(&mut table, Instant::from_millis(20_000));
    assert_eq!(sent.len(), 500);
    let last = sent.last().map(|(at, _, _)| at.as_millis());
    assert_eq!(last, Some(4_990));
    let ids: std::collections::BTreeSet<ClientId> = sent.iter().map(|(_, id, _)| *id).collect();
    assert_eq!(ids.len(), 500);
    assert!(ids.iter().all(|id| id.part() == 9));
}

#[test]
fn past_the_bound_one_more_is_refused() {
    let mut table = table(2_001);
    assert_eq!(table.len(), MAX_SUBSCRIPTIONS);
    let refused = core::iter::from_fn(|| table.poll_output());
    let full = refused.filter(|output| matches!(output, Output::Full(SubscriptionId(2_000))));
    assert_eq!(full.count(), 1);
}

#[test]
fn a_notify_finds_its_subscription_by_its_tag_or_gets_481() {
    let mut table = table(2);
    let sent = sent(&mut table, Instant::from_millis(100));
    let notify = |to: String, call_id: &str| {
        RequestBuilder::new(Method::Notify, "sip:101@10.0.0.1")
            .header(HeaderName::From, "<sip:1@pbx.test>;tag=n")
            .header(HeaderName::To, to)
            .header(HeaderName::CallId, call_id)
            .header(HeaderName::CSeq, "1 NOTIFY")
            .header(HeaderName::Contact, "<sip:1@10.0.0.9>")
            .header(HeaderName::Event, "dialog")
            .header(HeaderName::SubscriptionState, "active;expires=300")
            .build()
    };
    let mut answers = |to: String, call_id: &str| {
        let request = notify(to, call_id);
        let id = ServerId(1);
        table.handle(Input::Notify { id, request }, Instant::from_millis(100));
        let mut said = (None, None);
        while let Some(output) = table.poll_output() {
            match output {
                Output::Respond { response, .. } => said.0 = Some(response.status().code()),
                Output::News(of, _) => said.1 = Some(of.0),
                Output::Send { .. } | Output::Abandon { .. } | Output::Full(_) => {}
            }
        }
        said
    };
    let second = sent[1].2.headers();
    let from = second.from().unwrap().to_string();
    let call_id = second.call_id().unwrap();
    assert_eq!(answers(from.clone(), &call_id), (Some(200), Some(1)));
    assert_eq!(answers(from, "another"), (Some(481), None));
    let unknown = String::from("<sip:101@pbx.test>;tag=s0000000000000000");
    assert_eq!(answers(unknown, &call_id), (Some(481), None));
    let foreign = String::from("<sip:101@pbx.test>;tag=x");
    assert_eq!(answers(foreign, &call_id), (Some(481), None));
}

#[test]
fn the_table_survives_being_written_down_and_what_ended_leaves_nothing() {
    let mut first = table(3);
    sent(&mut first, Instant::from_millis(100));
    let text = serde_json::to_string(&first.save()).unwrap();
    let saved: Saved = serde_json::from_str(&text).unwrap();
    let mut again = Subscriptions::restore(saved, Rng::from_number(7));
    assert_eq!(again.save(), first.save());
    for number in 0..3 {
        again.handle(
            Input::End(SubscriptionId(number)),
            Instant::from_millis(200),
        );
    }
    assert!(again.is_empty() && again.tags.is_empty());
    assert_eq!(again.deadline(), None);
}
