//! The part alone, in virtual time.

use super::*;
use crate::bindings::{Bindings, Lifetimes, Wish};
use crate::gate::Gate;
use crate::mailboxes::{Mailboxes, Visit};
use crate::registrar::Directory;
use crate::users::Users;
use control::Timestamp;
use control::snapshot::{CallDirection, Party};
use core::net::SocketAddr;
use sip::auth::Asker;
use sip::auth::digest::Algorithm;
use sip::lamp::{dialog_info, message_summary};
use sip::{ClientId, FlowId, Origin, ServerId, Transport};
use sip_message::{
    Contacts, HeaderName, Method, Request, RequestBuilder, Response, ResponseBuilder, Status,
};
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

/// Where the registered phone is.
const PHONE: ([u8; 4], u16) = ([10, 0, 0, 1], 5070);

struct Bench {
    part: Notifiers,
    directory: Shared,
    now: Instant,
    sent: Vec<(ClientId, Request)>,
    answers: Vec<Response>,
    cseq: u32,
}

impl Bench {
    /// 101 is registered, 108 is not.
    fn new() -> Self {
        let users = Users::none().and("101", "secret").and("108", "other");
        let directory = Rc::new(RefCell::new(Directory {
            users,
            bindings: Bindings::new(Lifetimes::default()),
            mail: Mailboxes::new(PathBuf::from("/mail")),
        }));
        let mut rng = Rng::from_number(3);
        let gate = Gate::new("demo", Asker::Proxy, &[Algorithm::MD5], &mut rng);
        let door = Door::new(Rc::clone(&directory), gate);
        let mut bench = Self {
            part: Notifiers::new(Rc::clone(&directory), door, rng),
            directory,
            now: Instant::ZERO,
            sent: Vec::new(),
            answers: Vec::new(),
            cseq: 0,
        };
        bench.register(3_600);
        bench
    }

    fn register(&mut self, expires_s: u32) {
        self.cseq += 1;
        let contact = "<sip:101@10.0.0.1:5070>".parse().unwrap();
        let wish = Wish {
            contacts: Contacts::List(vec![contact]),
            expires_s: Some(expires_s),
            call_id: "one".to_owned(),
            cseq: self.cseq,
            source: SocketAddr::from(PHONE),
        };
        let bindings = &mut self.directory.borrow_mut().bindings;
        bindings.change("101", &wish, self.now).unwrap();
    }

    /// The status of the answer to a SUBSCRIBE of 101, in the dialog where `tag` is ours.
    fn subscribe(&mut self, to: &str, event: &str, expires_s: u32, tag: Option<&str>) -> u16 {
        self.cseq += 1;
        let tag = tag.map_or_else(String::new, |tag| format!(";tag={tag}"));
        let request = RequestBuilder::new(Method::Subscribe, format!("sip:{to}@pbx.test"))
            .header(
                HeaderName::Via,
                "SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bK1",
            )
            .header(HeaderName::From, "<sip:101@pbx.test>;tag=1")
            .header(HeaderName::To, format!("<sip:{to}@pbx.test>{tag}"))
            .header(HeaderName::CallId, format!("{to}-{event}"))
            .header(HeaderName::CSeq, format!("{} SUBSCRIBE", self.cseq))
            .header(HeaderName::Contact, "<sip:101@10.0.0.1:5070>")
            .header(HeaderName::Event, event)
            .header(HeaderName::Expires, expires_s)
            .build()
            .seen_from(SocketAddr::from(PHONE));
        self.ask(request)
    }

    fn ask(&mut self, request: Request) -> u16 {
        self.say(Word::Heard(Heard::Request {
            id: ServerId(u64::from(self.cseq)),
            request,
            origin: origin(),
            trusted: false,
        }));
        self.answers.last().unwrap().status().code()
    }

    fn say(&mut self, word: Word) {
        let mut out = Outbox::new();
        self.part.handle(word, self.now, &mut out);
        self.carry(out);
    }

    /// Until `seconds` from the start; every NOTIFY is taken.
    fn until(&mut self, seconds: u64) {
        let until = Instant::from_millis(seconds * 1_000);
        while let Some(at) = self.part.deadline().filter(|at| *at <= until) {
            self.now = at.max(self.now);
            let mut out = Outbox::new();
            self.part.handle_time(self.now, &mut out);
            self.carry(out);
        }
        self.now = until;
    }

    #[allow(clippy::wildcard_enum_match_arm)] // Two kinds of words are looked at here.
    fn carry(&mut self, mut out: Outbox) {
        let mut taken = Vec::new();
        while let Some(post) = out.take() {
            match post {
                Post::Link(link::Word::Send { id, request, .. }) => {
                    let response = ResponseBuilder::to(&request, Status::OK).build();
                    self.sent.push((id, request));
                    taken.push(Heard::Response {
                        id,
                        response,
                        origin: origin(),
                    });
                }
                Post::Link(link::Word::Respond { response, .. }) => self.answers.push(response),
                other => panic!("{other:?}"),
            }
        }
        for heard in taken {
            self.say(Word::Heard(heard));
        }
    }

    fn call(&mut self, call: &CallSnapshot) {
        self.say(Word::Call(Box::new(call.clone())));
    }

    /// What the last NOTIFY says: Subscription-State without its seconds, version, calls.
    fn said(&self) -> String {
        let request = &self.sent.last().unwrap().1;
        let state = request.headers().subscription_state().unwrap().unwrap();
        let state = state.to_string();
        let (state, _) = state.split_once(";expires").unwrap_or((&state, ""));
        let info = dialog_info::read(request.body()).unwrap();
        let calls = info.calls.iter().map(|call| {
            let peer = &call.peer.uri;
            format!(" {:?} {:?} {peer}", call.stage, call.direction.unwrap())
        });
        let calls: String = calls.collect();
        format!("{state} v{} full={}{calls}", info.version, info.full)
    }

    fn waits(&self) -> (bool, u32, u32) {
        let summary = message_summary::read(self.sent.last().unwrap().1.body()).unwrap();
        let voice = summary.voice.unwrap();
        assert_eq!(summary.account.as_deref(), Some("sip:*97@pbx.test"));
        (summary.waiting, voice.new, voice.old)
    }
}

fn origin() -> Origin {
    Origin {
        flow: FlowId(1),
        transport: Transport::Udp,
        source: SocketAddr::from(PHONE),
        local: SocketAddr::from(([10, 0, 0, 9], 5060)),
    }
}

fn call(name: &str, from: &str, to: &str, state: CallState) -> CallSnapshot {
    let party = |user: &str| Party {
        uri: format!("sip:{user}@pbx.test"),
        display: None,
    };
    let created = Timestamp::from_unix_ms(0);
    let mut call = CallSnapshot::begun(
        name.parse().unwrap(),
        None,
        CallDirection::Incoming,
        (party(from), party(to)),
        created,
    );
    call.state = state;
    call.answered = (state == CallState::Answered).then_some(created);
    call
}

#[test]
fn m_090_carols_lamp_goes_round_by_the_clock() {
    let mut bench = Bench::new();
    assert_eq!(bench.subscribe("103", "dialog", 600, None), 200);
    assert_eq!(bench.said(), "active v0 full=true");
    bench.until(10);
    let ringing = "active v1 full=true Early Incoming sip:102@pbx.test";
    assert_eq!(bench.said(), ringing);
    bench.until(15);
    let busy = "active v2 full=true Confirmed Incoming sip:102@pbx.test";
    assert_eq!(bench.said(), busy);
    bench.until(25);
    assert_eq!(
        bench.said(),
        "terminated;reason=deactivated v3 full=true Confirmed Incoming sip:102@pbx.test"
    );
    assert!(bench.part.all.is_empty(), "and is kept no longer");
    bench.until(27);
    assert_eq!(bench.subscribe("103", "dialog", 600, None), 480);
    let again = bench.answers.last().unwrap().headers().retry_after();
    assert_eq!(again.unwrap(), Some(3));
    bench.until(30);
    assert_eq!(bench.subscribe("103", "dialog", 600, None), 200);
    assert_eq!(bench.said(), "active v0 full=true");
    bench.until(40);
    assert_eq!(bench.said(), ringing);
}

/// Somebody asks for her when she goes on: those who watch her already are told all the same.
#[test]
fn m_090_a_question_at_the_moment_keeps_no_step_from_the_others() {
    let mut bench = Bench::new();
    assert_eq!(bench.subscribe("103", "dialog", 600, None), 200);
    bench.until(9);
    bench.now = Instant::from_millis(10_000);
    bench.sent.clear();
    assert_eq!(bench.subscribe("103", "dialog", 600, None), 200);
    assert_eq!(bench.sent.len(), 2, "one for each");
    assert!(bench.said().starts_with("active v0"));
    bench.sent.pop();
    let ringing = "active v1 full=true Early Incoming sip:102@pbx.test";
    assert_eq!(bench.said(), ringing);
}

#[test]
fn m_090_a_slots_lamp_is_lit_while_a_call_waits() {
    let mut bench = Bench::new();
    assert_eq!(bench.subscribe("701", "dialog", 600, None), 200);
    assert_eq!(bench.said(), "active v0 full=true");
    bench.until(2);
    let mut waits = call("c7k2", "605", "701", CallState::Answered);
    bench.call(&waits);
    assert_eq!(bench.sent.len(), 1, "it is not in the slot yet");
    waits.held_by_local = true;
    bench.call(&waits);
    assert_eq!(
        bench.said(),
        "active v1 full=true Confirmed Incoming sip:605@pbx.test"
    );
    bench.until(4);
    bench.call(&call("c8m3", "101", "701", CallState::Answered));
    assert_eq!(bench.sent.len(), 2, "whoever fetches is not in it");
    waits.held_by_local = false;
    bench.call(&waits);
    assert_eq!(bench.said(), "active v2 full=true");
    // The lamps of others were dark meanwhile.
    assert_eq!(bench.subscribe("702", "dialog", 600, None), 200);
    assert_eq!(bench.said(), "active v0 full=true");
}

#[test]
fn m_090_users_and_extensions_are_busy_in_calls_and_users_may_be_gone() {
    let mut bench = Bench::new();
    assert_eq!(bench.subscribe("101", "dialog", 600, None), 200);
    assert_eq!(bench.subscribe("600", "dialog", 600, None), 200);
    assert_eq!(
        bench.subscribe("108", "dialog", 600, None),
        480,
        "not registered"
    );
    let again = bench.answers.last().unwrap().headers().retry_after();
    assert_eq!(again.unwrap(), Some(30));
    bench.until(2);
    let mut talks = call("c7k2", "101", "600", CallState::Answered);
    bench.sent.clear();
    bench.call(&talks);
    let mut said: Vec<String> = bench.sent.iter().map(|_| String::new()).collect();
    for line in said.iter_mut().rev() {
        *line = bench.said();
        bench.sent.pop();
    }
    assert_eq!(
        said,
        [
            "active v1 full=true Confirmed Outgoing sip:600@pbx.test",
            "active v1 full=true Confirmed Incoming sip:101@pbx.test"
        ]
    );
    bench.until(4);
    talks.state = CallState::Ended;
    bench.call(&talks);
    assert_eq!(bench.said(), "active v2 full=true");
    assert!(bench.part.calls.is_empty());
    let lost = |account: &str| Word::Server {
        account: account.to_owned(),
        server: Server::Lost,
    };
    bench.until(6);
    bench.say(lost("101"));
    assert_eq!(bench.said(), "terminated;reason=deactivated v3 full=true");
    assert_eq!(bench.part.all.len(), 1, "600 needs nobody");
}

#[test]
fn m_061_a_mailboxs_lamp_goes_on_and_off_and_is_its_users_alone() {
    let mut bench = Bench::new();
    assert_eq!(bench.subscribe("101", "message-summary", 600, None), 200);
    assert_eq!(bench.waits(), (false, 0, 0));
    bench.until(2);
    let visit = |bench: &Bench, visit, call_id: &str| {
        let mail = &mut bench.directory.borrow_mut().mail;
        mail.visit(("101", call_id), visit, bench.now);
    };
    visit(&bench, Visit::Leave, "one");
    let by = |call_id: &str, mut call: CallSnapshot| {
        call.sip_call_id = Some(call_id.to_owned());
        call
    };
    // From and To are what callers like: the Call-ID says whose visit it is.
    let mut leaves = by("one", call("c7k2", "anybody", "mail", CallState::Answered));
    bench.call(&leaves);
    let mut other = by("two", call("c9p4", "101", "*98", CallState::Answered));
    bench.call(&other);
    other.state = CallState::Ended;
    bench.call(&other);
    assert_eq!(bench.sent.len(), 1);
    leaves.state = CallState::Ended;
    bench.call(&leaves);
    assert_eq!(bench.waits(), (true, 1, 0));
    bench.until(4);
    visit(&bench, Visit::Listen, "three");
    bench.call(&by(
        "three",
        call("c8m3", "101", "*97", CallState::Answered),
    ));
    assert_eq!(bench.waits(), (false, 0, 1));
    assert_eq!(bench.subscribe("108", "message-summary", 600, None), 403);
    assert_eq!(bench.subscribe("600", "message-summary", 600, None), 404);
}

#[test]
fn m_089_it_is_refreshed_ended_and_runs_out() {
    let mut bench = Bench::new();
    assert_eq!(bench.subscribe("701", "dialog", 600, None), 200);
    let headers = bench.answers.last().unwrap().headers().clone();
    let contact = headers.contacts().unwrap();
    let contact = contact.first().unwrap().uri().to_string();
    assert_eq!(contact, "sip:701@10.0.0.9:5060");
    let tag = headers.to().unwrap().tag().unwrap().to_owned();
    bench.until(300);
    assert_eq!(bench.subscribe("701", "dialog", 60, Some(&tag)), 200);
    assert_eq!(bench.said(), "active v1 full=true");
    bench.until(359);
    assert_eq!(bench.part.all.len(), 1);
    bench.until(361);
    assert_eq!(bench.said(), "terminated;reason=timeout v2 full=true");
    assert!(bench.part.all.is_empty() && bench.part.deadline().is_none());
    assert_eq!(bench.subscribe("701", "dialog", 60, Some(&tag)), 481);
    assert_eq!(bench.subscribe("701", "dialog", 60, None), 200);
    let tag = bench.answers.last().unwrap().headers().to().unwrap();
    let tag = tag.tag().unwrap().to_owned();
    assert_eq!(bench.subscribe("701", "dialog", 0, Some(&tag)), 200);
    assert_eq!(bench.said(), "terminated;reason=timeout v1 full=true");
    assert!(bench.part.all.is_empty() && bench.part.deadline().is_none());
}

#[test]
fn m_089_what_cannot_be_watched_is_refused_by_name_and_strangers_prove_who_they_are() {
    let mut bench = Bench::new();
    assert_eq!(bench.subscribe("103", "presence", 600, None), 489);
    let allowed = bench.answers.last().unwrap().headers();
    let allowed = allowed.text(HeaderName::AllowEvents);
    assert_eq!(allowed.as_deref(), Some("dialog, message-summary"));
    assert_eq!(bench.subscribe("555", "dialog", 600, None), 404);
    assert_eq!(
        bench.subscribe("9001", "dialog", 600, None),
        404,
        "the PBX's own"
    );
    assert_eq!(bench.subscribe("103", "dialog", 5, None), 423);
    bench.register(0);
    assert_eq!(bench.subscribe("103", "dialog", 600, None), 407);
    assert!(bench.part.all.is_empty() && bench.sent.is_empty());
}

#[test]
fn m_089_nobody_has_all_places_and_a_pbx_that_stops_says_when_to_ask() {
    let mut bench = Bench::new();
    for _ in 0..EACH {
        assert_eq!(bench.subscribe("701", "dialog", 600, None), 200);
    }
    assert_eq!(bench.subscribe("701", "dialog", 600, None), 503);
    assert_eq!(bench.part.all.len(), EACH);
    const { assert!(EACH < WATCHERS) };
    bench.say(Word::Stop);
    assert_eq!(
        bench.said(),
        "terminated;reason=probation;retry-after=30 v1 full=true"
    );
    assert!(bench.part.all.is_empty() && bench.part.deadline().is_none());
}
