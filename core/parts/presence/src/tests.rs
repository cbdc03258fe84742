mod watching;

use super::*;
use control::presence::PresenceState;
use control::snapshot::{CallDirection, CallSnapshot, CallState, Party};
use control::{CallHandle, Code};
use policy::watch::{Elsewhere, Site};
use ports::KeepAliveRule;
use ports::blf::{Server, Watches};
use ports::presence::Own as Said;
use sip::presence::Doing;
use sip::{FlowId, Origin, Transport};
use sip_message::{HeaderName, Method, Request, Response, ResponseBuilder, Status};
use std::sync::Arc;

fn account(name: &str, publish: bool) -> Account {
    Account {
        name: name.to_owned(),
        aor: "sip:101@pbx.test".parse().unwrap(),
        display_name: String::new(),
        auth_user: String::from("101"),
        password: base::Redacted::new(String::from("secret")),
        registrar: None,
        outbound_proxy: None,
        standby: None,
        transport: Transport::Udp,
        expires: base::Duration::from_secs(600),
        keep_alive: KeepAliveRule::None,
        takes_unknown: false,
        allow_message: false,
        tls: std::sync::Arc::default(),
        publish_presence: publish,
        conference: String::new(),
        presence: Said::default(),
        is_default: true,
        watches: Watches::default(),
        policy: Arc::default(),
    }
}

struct Bench {
    part: Presences,
    now: Instant,
    sent: Vec<(ClientId, Request)>,
    told: Vec<PresenceSnapshot>,
    answers: Vec<Response>,
    watchers: Vec<control::WatcherSnapshot>,
    etags: u32,
    elsewhere: Elsewhere,
    site: Site,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self {
            part: Presences::new(Timestamp::from_unix_ms(1_000_000), Rng::from_number(5)),
            now: Instant::ZERO,
            sent: Vec::new(),
            told: Vec::new(),
            answers: Vec::new(),
            watchers: Vec::new(),
            etags: 0,
            elsewhere: Elsewhere::Nobody,
            site: Site::None,
        };
        bench.say(Word::Account(Box::new(account("work", true))));
        bench
    }

    fn up() -> Self {
        let mut bench = Self::new();
        assert!(bench.sent.is_empty(), "it is not registered yet");
        bench.server(Server::Up("sip:101@10.0.0.1".parse().unwrap()));
        bench.answer(200);
        bench
    }

    fn say(&mut self, word: Word) {
        let mut out = Outbox::new();
        self.part.handle(word, self.now, &mut out);
        self.carry(out);
    }

    fn wait(&mut self, seconds: u64) {
        let until = self.now + base::Duration::from_secs(seconds);
        while let Some(at) = self.part.deadline().filter(|at| *at <= until) {
            self.now = at;
            let mut out = Outbox::new();
            self.part.handle_time(at, &mut out);
            self.carry(out);
        }
        self.now = until;
    }

    #[allow(clippy::wildcard_enum_match_arm)] // Four kinds of words are looked at here.
    fn carry(&mut self, mut out: Outbox) {
        while let Some(post) = out.take() {
            match post {
                Post::Link(link::Word::Send { id, request, .. }) => self.sent.push((id, request)),
                Post::Link(link::Word::Respond { response, .. }) => self.answers.push(response),
                Post::Event(events::Word::Tell {
                    body: EventBody::WatcherChanged(snapshot),
                    ..
                }) => self.watchers.push(*snapshot),
                Post::Event(events::Word::Tell {
                    body: EventBody::PresenceChanged(snapshot),
                    ..
                }) => self.told.push(*snapshot),
                other => panic!("{other:?}"),
            }
        }
    }

    fn server(&mut self, server: Server) {
        let account = String::from("work");
        self.say(Word::Server { account, server });
    }

    fn answer(&mut self, status: u16) {
        self.etags += 1;
        let (id, request) = self.sent.last().cloned().unwrap();
        let status = Status::new(status).unwrap();
        let response = ResponseBuilder::to(&request, status)
            .to_tag("x")
            .header("SIP-ETag", format!("e{}", self.etags))
            .header("Expires", 600)
            .build();
        let origin = Origin {
            flow: FlowId(1),
            transport: Transport::Udp,
            source: "10.0.0.9:5060".parse().unwrap(),
            local: "10.0.0.1:5060".parse().unwrap(),
        };
        self.say(Word::Heard(Heard::Response {
            id,
            response,
            origin,
        }));
    }

    fn set(&mut self, state: PresenceState, note: &str, until: Option<u64>) {
        self.say(Word::Set {
            command: CommandId(3),
            account: String::from("work"),
            own: Said {
                state,
                note: note.to_owned(),
                until: until.map(|s| Timestamp::from_unix_ms(1_000_000 + s * 1_000)),
            },
        });
    }

    fn call(&mut self, answered: bool, state: CallState) {
        let party = || Party {
            uri: String::from("sip:102@pbx.test"),
            display: None,
        };
        let at = Timestamp::from_unix_ms(1_000_000);
        let call = "c7k2".parse::<CallHandle>().unwrap();
        let account = Some("work".parse().unwrap());
        let direction = CallDirection::Incoming;
        let begun = CallSnapshot::begun(call, account, direction, (party(), party()), at);
        self.say(Word::Call(Box::new(CallSnapshot {
            state,
            answered: answered.then_some(at),
            ..begun
        })));
    }

    /// What the last document says.
    fn said(&self) -> (Doing, Option<String>) {
        let with_body = |(_, request): &&(ClientId, Request)| !request.body().is_empty();
        let last = self.sent.iter().rev().find(with_body).unwrap();
        let read = sip::presence::read(last.1.body()).unwrap();
        (read.doing, read.note)
    }

    fn last(&self) -> &PresenceSnapshot {
        self.told.last().unwrap()
    }
}

#[test]
fn m097_presence_is_published_once_registered_and_says_how_it_stands() {
    let mut bench = Bench::up();
    let request = bench.sent[0].1.clone();
    assert_eq!(*request.method(), Method::Publish);
    assert_eq!(request.uri_text(), "sip:101@pbx.test");
    let event = request.headers().event().unwrap().unwrap();
    assert_eq!(event.to_string(), "presence");
    assert!(request.headers().first(HeaderName::Contact).is_none());
    assert_eq!(bench.said(), (Doing::Available, None));
    assert!(bench.last().published.is_some());
    bench.set(PresenceState::Away, "at lunch", None);
    assert_eq!(bench.said(), (Doing::Away, Some(String::from("at lunch"))));
    bench.answer(503);
    assert_eq!(bench.last().published, None);
    let code = bench.last().why.as_ref().map(|why| why.code);
    assert_eq!(code, Some(Code::PRESENCE_LOST));
    let sent = bench.sent.len();
    bench.say(Word::Idle(true));
    assert_eq!(bench.sent.len(), sent, "the same is not said sooner for it");
    bench.wait(120);
    assert_eq!(bench.sent.len(), sent + 1);
    bench.answer(200);
    assert!(bench.last().published.is_some() && bench.last().why.is_none());
}

#[test]
fn m097_it_is_removed_at_logout_and_said_again_at_the_next_login() {
    let mut bench = Bench::up();
    bench.set(PresenceState::Busy, "", None);
    bench.answer(200);
    bench.say(Word::Leave {
        account: String::from("work"),
    });
    let headers = bench.sent.last().unwrap().1.headers().clone();
    assert_eq!(headers.expires().unwrap(), Some(0));
    assert!(headers.first(HeaderName::SipIfMatch).is_some());
    // The registrar is faster than the presence server.
    bench.server(Server::Lost);
    bench.answer(200);
    assert_eq!(bench.last().published, None);
    bench.wait(10_000);
    let sent = bench.sent.len();
    bench.server(Server::Up("sip:101@10.0.0.1".parse().unwrap()));
    assert_eq!(bench.sent.len(), sent + 1);
    assert_eq!(bench.said().0, Doing::Busy, "as it was before");
    bench.answer(200);
    bench.say(Word::AccountGone {
        account: String::from("work"),
    });
    let last = bench.sent.last().unwrap().1.headers().expires().unwrap();
    assert_eq!(last, Some(0));
    bench.answer(200);
    assert!(bench.part.leaving.is_empty() && bench.part.deadline().is_none());
}

#[test]
fn m099_in_a_call_it_is_on_the_phone_and_afterwards_as_before() {
    let mut bench = Bench::up();
    bench.set(PresenceState::Away, "", None);
    bench.answer(200);
    bench.call(false, CallState::Ringing);
    assert_eq!(bench.said().0, Doing::Away);
    bench.call(true, CallState::Answered);
    assert_eq!(bench.said().0, Doing::OnThePhone);
    assert_eq!(bench.last().state, PresenceState::Away);
    bench.answer(200);
    bench.call(true, CallState::Ended);
    bench.answer(200);
    assert_eq!(bench.said().0, Doing::Away);
    bench.set(PresenceState::DoNotDisturb, "", None);
    bench.answer(200);
    bench.call(true, CallState::Answered);
    assert_eq!(bench.said().0, Doing::DoNotDisturb, "that is more");
    bench.set(PresenceState::Available, "", None);
    bench.answer(200);
    assert_eq!(bench.said().0, Doing::OnThePhone);
    bench.say(Word::Restarted(Address::Dialogs));
    assert_eq!(bench.said().0, Doing::Available, "its calls are gone");
}

#[test]
fn m099_who_is_not_at_the_computer_is_away_unless_they_said_more() {
    let mut bench = Bench::up();
    bench.say(Word::Idle(true));
    assert_eq!(bench.said().0, Doing::Away);
    assert_eq!(bench.last().shown, PresenceState::Away);
    bench.answer(200);
    bench.say(Word::Idle(false));
    bench.answer(200);
    assert_eq!(bench.said().0, Doing::Available);
}

#[test]
fn m097_what_has_an_end_ends() {
    let mut bench = Bench::up();
    bench.set(PresenceState::Absent, "on holiday", Some(30));
    bench.answer(200);
    assert_eq!(bench.said().0, Doing::Absent);
    let body = String::from_utf8_lossy(bench.sent.last().unwrap().1.body()).into_owned();
    assert!(body.contains("until=\"1970-01-01T00:17:10"), "{body}");
    bench.wait(29);
    assert_eq!(bench.said().0, Doing::Absent);
    bench.wait(2);
    assert_eq!(bench.said(), (Doing::Available, None));
    assert_eq!(bench.last().until, None);
}

#[test]
fn m097_a_server_that_keeps_no_presence_is_asked_once_and_nobody_publishes_unasked() {
    let mut bench = Bench::new();
    bench.server(Server::Up("sip:101@10.0.0.1".parse().unwrap()));
    bench.answer(489);
    let code = bench.last().why.as_ref().map(|why| why.code);
    assert_eq!(code, Some(Code::PRESENCE_REFUSED));
    bench.set(PresenceState::Busy, "", None);
    bench.wait(100_000);
    assert_eq!(bench.sent.len(), 1);
    bench.say(Word::Account(Box::new(account("work", false))));
    bench.say(Word::Account(Box::new(account("quiet", false))));
    bench.wait(100_000);
    assert_eq!(bench.sent.len(), 1);
}

#[test]
fn m097_link_made_anew_is_told_everything_again() {
    let mut bench = Bench::up();
    bench.say(Word::Restarted(Address::Link));
    assert_eq!(bench.sent.len(), 2);
    assert!(!bench.sent[1].1.body().is_empty());
    assert_ne!(bench.sent[0].0, bench.sent[1].0);
}
