//! Words in, words out: what is sent for whom, and what people are told.
#![allow(clippy::wildcard_enum_match_arm)] // A test looks for one kind of word.

use super::*;
use base::Duration;
use control::{Code, EventBody, LampSnapshot, LampState, MailboxSnapshot};
use ports::blf::{LampWish, Server, Watches};
use ports::{Account, KeepAliveRule, events};
use sip::{ClientId, FlowId, Origin, ServerId, Transport};
use sip_message::{HeaderName, Method, Request, RequestBuilder, ResponseBuilder, Status};

mod listed;

fn wish(target: &str) -> LampWish {
    LampWish {
        target: target.to_owned(),
        label: String::new(),
        slot: false,
    }
}

fn account(lamps: &[&str], registers: bool) -> Account {
    Account {
        name: String::from("work"),
        aor: "sip:101@pbx.test".parse().unwrap(),
        display_name: String::new(),
        auth_user: String::from("101"),
        password: base::Redacted::new(String::new()),
        registrar: None,
        standby: None,
        outbound_proxy: None,
        transport: Transport::Udp,
        expires: Duration::from_secs(if registers { 600 } else { 0 }),
        keep_alive: KeepAliveRule::None,
        takes_unknown: false,
        allow_message: false,
        tls: std::sync::Arc::default(),
        publish_presence: false,
        conference: String::new(),
        presence: ports::presence::Own::default(),
        is_default: true,
        policy: std::sync::Arc::default(),
        watches: Watches {
            lamps: lamps.iter().map(|target| wish(target)).collect(),
            ..Watches::default()
        },
    }
}

struct Bench {
    blf: Blf,
    now: Instant,
    sent: Vec<(ClientId, Request)>,
    lamps: Vec<(LampSnapshot, bool)>,
    mailboxes: Vec<MailboxSnapshot>,
    tickets: Vec<u64>,
    answers: Vec<u16>,
    cseq: u32,
}

impl Bench {
    fn new(account: Account) -> Self {
        let epoch = Timestamp::from_unix_ms(1_000_000);
        let mut bench = Self {
            blf: Blf::new(epoch, Rng::from_number(4)),
            now: Instant::ZERO,
            sent: Vec::new(),
            lamps: Vec::new(),
            mailboxes: Vec::new(),
            tickets: Vec::new(),
            answers: Vec::new(),
            cseq: 0,
        };
        bench.tell(Word::Account(Box::new(account)));
        bench
    }

    fn tell(&mut self, word: Word) {
        let mut out = Outbox::new();
        self.blf.handle(word, self.now, &mut out);
        self.take(out);
    }

    fn up(&mut self) {
        let contact = "sip:101@10.0.0.1".parse().unwrap();
        self.server(Server::Up(contact));
    }

    fn server(&mut self, server: Server) {
        let account = String::from("work");
        self.tell(Word::Server { account, server });
        self.wait(1_000);
    }

    fn wait(&mut self, ms: u64) {
        let until = self.now + Duration::from_millis(ms);
        while let Some(at) = self.blf.deadline().filter(|at| *at <= until) {
            self.now = at.max(self.now);
            let mut out = Outbox::new();
            self.blf.handle_time(self.now, &mut out);
            self.take(out);
        }
        self.now = until;
    }

    fn take(&mut self, mut out: Outbox) {
        while let Some(post) = out.take() {
            match post {
                Post::Link(link::Word::Send { id, request, .. }) => self.sent.push((id, request)),
                Post::Link(link::Word::Respond { response, .. }) => {
                    self.answers.push(response.status().code());
                }
                Post::Link(link::Word::Route { ticket, .. }) => self.tickets.push(ticket),
                Post::Event(events::Word::Tell { body, .. }) => match body {
                    EventBody::BlfChanged(change) => {
                        self.lamps.push((change.snapshot, change.removed));
                    }
                    EventBody::MwiChanged(mailbox) => self.mailboxes.push(*mailbox),
                    _ => panic!("of nothing else"),
                },
                _ => {}
            }
        }
    }

    fn respond(&mut self, at: usize, status: u16) {
        self.respond_with(at, status, ("Expires", "300"));
    }

    /// Wants a password.
    fn challenge(&mut self, at: usize, nonce: &str) {
        let wants = format!("Digest realm=\"pbx\", nonce=\"{nonce}\", algorithm=MD5");
        self.respond_with(at, 401, ("WWW-Authenticate", &wants));
    }

    fn respond_with(&mut self, at: usize, status: u16, (name, value): (&str, &str)) {
        let (id, request) = self.sent[at].clone();
        let response = ResponseBuilder::to(&request, Status::new(status).unwrap()).to_tag("n");
        let response = response.header(name, value).build();
        let origin = origin();
        self.tell(Word::Heard(Heard::Response {
            id,
            response,
            origin,
        }));
    }

    fn notify(&mut self, at: usize, kind: &str, body: &str) {
        self.notify_as(at, "active;expires=300", kind, body);
    }

    fn notify_as(&mut self, at: usize, state: &str, kind: &str, body: &str) {
        self.cseq += 1;
        let headers = self.sent[at].1.headers().clone();
        let from = headers.to().unwrap().without_param("tag").with_tag("n");
        let request = RequestBuilder::new(Method::Notify, "sip:101@10.0.0.1")
            .header(HeaderName::From, from)
            .header(HeaderName::To, headers.from().unwrap())
            .header(HeaderName::CallId, headers.call_id().unwrap())
            .header(HeaderName::CSeq, format!("{} NOTIFY", self.cseq))
            .header(HeaderName::Contact, "<sip:pbx@10.0.0.9>")
            .header(HeaderName::Event, headers.event().unwrap().unwrap())
            .header(HeaderName::SubscriptionState, state)
            .body(kind, body.to_owned())
            .build();
        let id = ServerId(u64::from(self.cseq));
        let origin = origin();
        self.tell(Word::Heard(Heard::Request {
            id,
            request,
            origin,
            trusted: true,
        }));
    }

    fn shown(&self) -> &LampSnapshot {
        &self.lamps.last().expect("a lamp was told").0
    }

    fn why(&self) -> Option<Code> {
        self.shown().why.as_ref().map(|why| why.code)
    }
}

fn origin() -> Origin {
    Origin {
        flow: FlowId(1),
        transport: Transport::Udp,
        source: "10.0.0.9:5060".parse().unwrap(),
        local: "10.0.0.1:5060".parse().unwrap(),
    }
}

const DIALOG: &str = "application/dialog-info+xml";

fn info(version: u32, dialogs: &str) -> String {
    format!("<dialog-info version='{version}' state='full'>{dialogs}</dialog-info>")
}

fn text(bench: &Bench, at: usize, name: HeaderName) -> String {
    let value = bench.sent[at].1.headers().text(name);
    value.map_or_else(String::new, |text| text.to_string())
}

#[test]
fn m089_k014_k198_k199_each_extension_is_subscribed_once_where_the_account_is_reached() {
    let mut bench = Bench::new(account(
        &["103", "dave@pbx.test", "sip:105@pbx.test", "103"],
        true,
    ));
    assert!(bench.sent.is_empty(), "it is not registered yet");
    assert_eq!(bench.lamps.len(), 3);
    assert_eq!(bench.why(), Some(Code::LAMP_WAITING));
    bench.up();
    assert_eq!(bench.sent.len(), 3);
    let targets: Vec<&str> = bench.sent.iter().map(|(_, r)| r.uri_text()).collect();
    let expected = ["sip:103@pbx.test", "sip:dave@pbx.test", "sip:105@pbx.test"];
    assert_eq!(targets, expected);
    assert_eq!(text(&bench, 0, HeaderName::Event), "dialog");
    assert_eq!(text(&bench, 0, HeaderName::Accept), DIALOG);
    assert_eq!(text(&bench, 0, HeaderName::Expires), "300");
    assert_eq!(text(&bench, 0, HeaderName::Contact), "<sip:101@10.0.0.1>");
}

#[test]
fn m090_m091_a_lamp_tells_state_direction_and_peer_with_since() {
    let mut bench = Bench::new(account(&["103"], true));
    bench.up();
    bench.respond(0, 200);
    bench.notify(0, DIALOG, &info(0, ""));
    assert_eq!(bench.shown().state, LampState::Idle);
    assert_eq!((bench.shown().label.as_str(), bench.why()), ("103", None));
    bench.wait(5_000);
    let ringing = "<dialog id='a' direction='recipient'><state>early</state>\
        <remote><identity display='Ann'>sip:ann@x</identity></remote></dialog>";
    bench.notify(0, DIALOG, &info(1, ringing));
    let shown = bench.shown();
    assert_eq!(shown.state, LampState::Ringing);
    assert_eq!(shown.since.unix_ms(), 1_006_000);
    assert_eq!(
        shown.direction,
        Some(control::snapshot::CallDirection::Incoming)
    );
    let peer = shown.peer.clone().unwrap();
    assert_eq!(
        (peer.uri.as_str(), peer.display.as_deref()),
        ("sip:ann@x", Some("Ann"))
    );
    let told = bench.lamps.len();
    bench.notify(0, DIALOG, &info(2, ringing));
    assert_eq!(bench.lamps.len(), told, "the same again is no news");
    assert_eq!(bench.answers, [200, 200, 200]);
}

/// The two texts: presence disabled at the PBX, and notifications lost on the network.
#[test]
fn m096_refused_and_silent_are_told_apart_in_words() {
    let mut bench = Bench::new(account(&["103"], true));
    bench.up();
    bench.respond(0, 403);
    assert_eq!(bench.why(), Some(Code::LAMP_REFUSED));
    let detail = bench.shown().why.clone().unwrap().detail;
    assert!(
        detail.contains("presence is disabled at the PBX"),
        "{detail}"
    );
    let mut bench = Bench::new(account(&["103"], true));
    bench.up();
    bench.respond(0, 200);
    bench.wait(33_000);
    assert_eq!(bench.shown().state, LampState::Unknown);
    assert_eq!(bench.why(), Some(Code::LAMP_SILENT));
    let detail = bench.shown().why.clone().unwrap().detail;
    assert!(detail.contains("lost on the network"), "{detail}");
}

/// 489 to dialog: the server may know presence.
#[test]
fn m096_m090_presence_is_the_fallback_and_404_is_unregistered() {
    let mut bench = Bench::new(account(&["103"], true));
    bench.up();
    bench.respond(0, 489);
    bench.wait(100);
    assert_eq!(text(&bench, 1, HeaderName::Event), "presence");
    bench.respond(1, 200);
    let tuple = "<presence><tuple id='1'><status><basic>open</basic></status></tuple></presence>";
    bench.notify(1, "application/pidf+xml", tuple);
    assert_eq!(bench.shown().state, LampState::Idle);
    assert_eq!(bench.shown().source, control::lamp::LampSource::Presence);
    let mut bench = Bench::new(account(&["103"], true));
    bench.up();
    bench.respond(0, 489);
    bench.wait(100);
    bench.respond(1, 489);
    assert_eq!(bench.why(), Some(Code::LAMP_REFUSED));
    let mut bench = Bench::new(account(&["103"], true));
    bench.up();
    bench.respond(0, 404);
    assert_eq!(bench.shown().state, LampState::Unregistered);
    assert_eq!(bench.why(), Some(Code::LAMP_ABSENT));
}

#[test]
fn a_lost_server_makes_lamps_unknown_at_once_and_its_return_asks_anew() {
    let mut bench = Bench::new(account(&["103"], true));
    bench.up();
    bench.respond(0, 200);
    bench.notify(0, DIALOG, &info(0, ""));
    bench.server(Server::Lost);
    assert_eq!(bench.shown().state, LampState::Unknown);
    assert_eq!(bench.why(), Some(Code::LAMP_LOST));
    bench.up();
    assert_eq!(bench.sent.len(), 2);
    assert!(bench.sent[1].1.headers().to().unwrap().tag().is_some());
    bench.notify(0, DIALOG, &info(1, ""));
    assert_eq!(bench.shown().state, LampState::Idle);
}

#[test]
fn m089_what_is_removed_is_unsubscribed_and_told_and_a_command_adds_more() {
    let mut bench = Bench::new(account(&["103"], true));
    bench.up();
    bench.respond(0, 200);
    bench.notify(0, DIALOG, &info(0, ""));
    let command = control::CommandId(1);
    bench.tell(Word::Add {
        command,
        account: String::from("work"),
        lamp: LampWish {
            slot: true,
            ..wish("701")
        },
    });
    bench.wait(100);
    assert_eq!(bench.sent[1].1.uri_text(), "sip:701@pbx.test");
    bench.respond(1, 200);
    let parked = "<dialog id='a'><state>confirmed</state></dialog>";
    bench.cseq = 0;
    bench.notify(1, DIALOG, &info(0, parked));
    assert_eq!(bench.shown().state, LampState::Parked, "M-084");
    bench.tell(Word::Remove {
        command,
        account: String::from("work"),
        target: String::from("sip:103@pbx.test"),
    });
    assert!(bench.lamps.last().unwrap().1);
    assert_eq!(text(&bench, 2, HeaderName::Expires), "0");
    bench.tell(Word::AccountGone {
        account: String::from("work"),
    });
    assert_eq!(text(&bench, 3, HeaderName::Expires), "0");
    bench.wait(40_000);
    assert_eq!(bench.blf.subscriptions(), 0);
    assert!(bench.blf.owners.is_empty() && bench.blf.entries.is_empty());
}

#[test]
fn m061_k025_the_mailbox_is_watched_only_where_it_is_wanted() {
    let mut with = account(&[], true);
    with.watches.mailbox = true;
    let mut bench = Bench::new(with);
    bench.up();
    assert_eq!(text(&bench, 0, HeaderName::Event), "message-summary");
    assert_eq!(bench.sent[0].1.uri_text(), "sip:101@pbx.test");
    bench.respond(0, 200);
    let body = "Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/2)\r\n";
    bench.notify(0, "application/simple-message-summary", body);
    let told = bench.mailboxes.last().unwrap();
    assert_eq!(told.waiting, Some(true));
    let voice = told.voice.unwrap();
    assert_eq!((voice.new, voice.old, voice.old_urgent), (2, 8, 2));
    bench.server(Server::Lost);
    assert_eq!(bench.mailboxes.last().unwrap().waiting, None);
    let mut bench = Bench::new(account(&[], true));
    bench.up();
    assert!(bench.sent.is_empty());
}

#[test]
fn an_account_that_does_not_register_watches_as_soon_as_the_way_is_known() {
    let mut bench = Bench::new(account(&["103"], false));
    let ticket = bench.tickets[0];
    let path = Err(ports::link::NoPath::UnknownName(String::from("pbx.test")));
    bench.tell(Word::Heard(Heard::Routed { ticket, path }));
    assert_eq!(bench.why(), Some(Code::LAMP_LOST));
    bench.wait(3_000);
    assert_eq!(bench.tickets.len(), 2, "asked again");
    let path = Ok(ports::link::Path {
        target: sip::Target::new(Transport::Udp, "10.0.0.9:5060".parse().unwrap()),
        local: "10.0.0.1:5062".parse().unwrap(),
    });
    bench.tell(Word::Heard(Heard::Routed { ticket, path }));
    bench.wait(100);
    assert_eq!(
        text(&bench, 0, HeaderName::Contact),
        "<sip:101@10.0.0.1:5062>"
    );
}

/// Nobody asks where an account is reached that watches nothing.
#[test]
fn an_account_that_watches_nothing_asks_nothing() {
    let mut bench = Bench::new(account(&[], false));
    bench.wait(120_000);
    assert!(bench.tickets.is_empty() && bench.blf.deadline().is_none());
}

/// Lists come and go, and what is watched with them; numbers outside have no state.
#[test]
fn who_is_listed_is_watched_m_095_m_110_m_114() {
    let mut account = account(&["104"], true);
    let location = Some(policy::Location::germany("711"));
    let dialling = policy::Dialling {
        location,
        ..policy::Dialling::default()
    };
    account.policy = std::sync::Arc::new(policy::Policy {
        dialling,
        ..policy::Policy::default()
    });
    let owner = account.owner();
    let mut bench = Bench::new(account);
    let kept = |all: &[&str]| {
        let mine = all.iter().map(|target| (owner.clone(), wish(target)));
        let theirs = ("somebody else".to_owned(), wish("105"));
        Word::Kept(mine.chain([theirs]).collect())
    };
    bench.tell(kept(&["102", "0071155", "sip:104@pbx.test"]));
    bench.up();
    let asked = |bench: &Bench| -> Vec<(String, Option<u32>)> {
        let all = bench.sent.iter().map(|(_, request)| {
            let user = request.uri().unwrap().user().unwrap_or_default().to_owned();
            (user, request.headers().expires().unwrap())
        });
        all.collect()
    };
    let users: Vec<String> = asked(&bench).into_iter().map(|(user, _)| user).collect();
    assert_eq!(users, ["104", "102"]);
    bench.respond(0, 200);
    bench.respond(1, 200);
    bench.notify(1, DIALOG, &info(0, ""));
    bench.sent.clear();
    bench.tell(kept(&["103"]));
    bench.wait(1_000);
    let mut changed = asked(&bench);
    changed.sort();
    // Whom 102's notifier says that it is, and whom the other list names.
    assert_eq!(
        changed,
        [("103".into(), Some(300)), ("pbx".into(), Some(0))]
    );
    // What the settings wish for is no list's to take.
    bench.tell(Word::Kept(Vec::new()));
    bench.wait(1_000);
    let gone = bench.lamps.iter().filter(|(_, removed)| *removed);
    let gone: Vec<&str> = gone.map(|(lamp, _)| lamp.label.as_str()).collect();
    assert_eq!(gone, ["102", "103"]);
}
