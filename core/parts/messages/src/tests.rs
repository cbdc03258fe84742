use super::*;
use control::{Code, MessageState};
use core::net::SocketAddr;
use ports::KeepAliveRule;
use ports::blf::Watches;
use ports::media;
use ports::messages::To;
use sip::{FlowId, Origin, ServerId, Transport};
use sip_message::{HeaderName, Method, Request, RequestBuilder, ResponseBuilder, Status};
use std::sync::Arc;

fn account(name: &str, user: &str, allow: bool) -> Account {
    Account {
        name: name.to_owned(),
        aor: format!("sip:{user}@pbx.test").parse().unwrap(),
        display_name: String::from("Ann"),
        auth_user: user.to_owned(),
        password: base::Redacted::new(String::from("secret")),
        registrar: None,
        outbound_proxy: None,
        standby: None,
        transport: Transport::Udp,
        expires: base::Duration::from_secs(600),
        keep_alive: KeepAliveRule::None,
        takes_unknown: false,
        allow_message: allow,
        tls: std::sync::Arc::default(),
        publish_presence: false,
        conference: String::new(),
        presence: ports::presence::Own::default(),
        is_default: false,
        watches: Watches::default(),
        policy: Arc::default(),
    }
}

struct Bench {
    part: Messages,
    now: Instant,
    sent: Vec<(ClientId, Request)>,
    inside: Vec<(u64, String)>,
    answers: Vec<u16>,
    kept: Vec<TextMessage>,
    sounded: Vec<String>,
    told: Vec<(Option<CommandId>, EventBody)>,
}

impl Bench {
    fn new() -> Self {
        let epoch = Timestamp::from_unix_ms(1_000_000);
        let mut bench = Self {
            part: Messages::new(epoch, Rng::from_number(3)),
            now: Instant::ZERO,
            sent: Vec::new(),
            inside: Vec::new(),
            answers: Vec::new(),
            kept: Vec::new(),
            sounded: Vec::new(),
            told: Vec::new(),
        };
        bench.say(Word::Account(Box::new(account("work", "101", true))));
        bench.say(Word::Account(Box::new(account("quiet", "201", false))));
        bench
    }

    fn say(&mut self, word: Word) {
        let mut out = Outbox::new();
        self.part.handle(word, self.now, &mut out);
        self.carry(out);
    }

    fn wait(&mut self, ms: u64) {
        self.now += base::Duration::from_millis(ms);
        let mut out = Outbox::new();
        self.part.handle_time(self.now, &mut out);
        self.carry(out);
    }

    #[allow(clippy::wildcard_enum_match_arm)] // Few words are looked at here.
    fn carry(&mut self, mut out: Outbox) {
        while let Some(post) = out.take() {
            match post {
                Post::Link(link::Word::Send { id, request, .. }) => self.sent.push((id, request)),
                Post::Link(link::Word::Respond { response, .. }) => {
                    self.answers.push(response.status().code());
                }
                Post::Dialogs(dialogs::Word::InDialog {
                    ticket, request, ..
                }) => {
                    let body = request.content.unwrap().body;
                    let text = String::from_utf8(body.to_vec()).unwrap();
                    self.inside.push((ticket, text));
                }
                Post::Dialogs(dialogs::Word::Respond { status, .. }) => {
                    self.answers.push(status.code());
                }
                Post::Store(Do::KeepMessage(kept)) => self.kept.push(kept.message),
                Post::Media(media::Word::News(media::News::Wrote { account })) => {
                    self.sounded.push(account.to_string());
                }
                Post::Event(events::Word::Tell { body, command, .. }) => {
                    self.told.push((command, body));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn send(&mut self, account: &str, to: &str, text: &str) {
        self.say(Word::Send {
            command: CommandId(7),
            id: String::from("m1"),
            account: account.to_owned(),
            to: To::Typed(to.to_owned()),
            text: text.to_owned(),
        });
    }

    fn answer(&mut self, status: u16) {
        let (id, request) = self.sent.last().cloned().unwrap();
        let status = Status::new(status).unwrap();
        let response = ResponseBuilder::to(&request, status).to_tag("x").build();
        let origin = origin();
        self.say(Word::Heard(Heard::Response {
            id,
            response,
            origin,
        }));
    }

    fn came(&mut self, to: &str, kind: &str, text: &str, trusted: bool) {
        self.say(Word::Heard(Heard::Request {
            id: ServerId(9),
            request: request(to, kind, text),
            origin: origin(),
            trusted,
        }));
    }

    fn last(&self) -> (MessageState, Option<Code>) {
        let message = self.kept.last().unwrap();
        (message.state, message.why.as_ref().map(|why| why.code))
    }
}

fn request(to: &str, kind: &str, text: &str) -> Request {
    let call_id = format!("{to}-{kind}-{text}").replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    RequestBuilder::new(Method::Message, format!("sip:{to}@10.0.0.1"))
        .header(HeaderName::Via, "SIP/2.0/UDP a;branch=z9hG4bKx")
        .header(HeaderName::From, "Bob <sip:102@pbx.test>;tag=1")
        .header(
            HeaderName::PAssertedIdentity,
            "\"Bob Real\" <sip:1002@pbx.test>",
        )
        .header(HeaderName::To, format!("<sip:{to}@pbx.test>"))
        .header(HeaderName::CallId, call_id)
        .header(HeaderName::CSeq, "1 MESSAGE")
        .body(kind, text.to_owned())
        .build()
}

fn origin() -> Origin {
    let at = |text: &str| -> SocketAddr { text.parse().unwrap() };
    Origin {
        flow: FlowId(1),
        transport: Transport::Udp,
        source: at("10.0.0.9:5060"),
        local: at("10.0.0.1:5060"),
    }
}

#[test]
fn m128_a_message_goes_from_sending_to_what_became_of_it() {
    for (status, state, code) in [
        (200, MessageState::Delivered, None),
        (202, MessageState::Accepted, None),
        (404, MessageState::Failed, Some(Code::MESSAGE_NO_PEER)),
        (480, MessageState::Failed, Some(Code::MESSAGE_NO_PEER)),
        (403, MessageState::Failed, Some(Code::MESSAGE_REFUSED)),
        (503, MessageState::Failed, Some(Code::MESSAGE_LOST)),
    ] {
        let mut bench = Bench::new();
        bench.send("work", "102", "hello");
        assert_eq!(bench.last(), (MessageState::Sending, None));
        assert_eq!(bench.told[0].0, Some(CommandId(7)));
        let request = &bench.sent[0].1;
        assert_eq!(request.uri_text(), "sip:102@pbx.test");
        let from = request.headers().from().unwrap();
        assert_eq!(from.display().as_deref(), Some("Ann"));
        bench.answer(status);
        assert_eq!(bench.last(), (state, code), "{status}");
        let why = bench.kept[1].why.as_ref();
        let said = why.and_then(|why| why.sip_status);
        assert_eq!(said, code.map(|_| status));
        assert_eq!((bench.kept.len(), bench.told.len()), (2, 2));
        assert_eq!(bench.part.unfinished(), 0);
    }
}

#[test]
fn m128_what_cannot_be_sent_fails_at_once_with_the_reason() {
    let mut bench = Bench::new();
    bench.send("work", "102", &"x".repeat(1_400));
    assert_eq!(
        bench.last(),
        (MessageState::Failed, Some(Code::MESSAGE_TOO_LONG))
    );
    bench.send("work", "no body", "hello");
    assert_eq!(
        bench.last(),
        (MessageState::Failed, Some(Code::BAD_ADDRESS))
    );
    bench.send("gone", "102", "hello");
    assert_eq!(
        bench.last(),
        (MessageState::Failed, Some(Code::UNKNOWN_ACCOUNT))
    );
    assert!(bench.sent.is_empty());
    for _ in 0..=SENDING {
        bench.send("work", "102", "hello");
    }
    assert_eq!(
        bench.last(),
        (MessageState::Failed, Some(Code::ENGINE_BUSY))
    );
    bench.say(Word::Restarted(Address::Link));
    assert_eq!(bench.part.unfinished(), 0, "nobody answers them any more");
}

#[test]
fn m128_theirs_is_answered_once_it_is_on_disk_or_a_second_later() {
    let mut bench = Bench::new();
    bench.came("101", "text/plain;charset=UTF-8", "grüß dich", true);
    let message = bench.kept[0].clone();
    assert_eq!(
        (message.state, message.read),
        (MessageState::Received, false)
    );
    assert_eq!(
        (message.text.as_str(), message.account.as_str()),
        ("grüß dich", "work")
    );
    assert_eq!(message.peer.uri, "sip:1002@pbx.test", "its server says so");
    assert!(matches!(bench.told[0].1, EventBody::MessageReceived(_)));
    assert!(bench.answers.is_empty());
    bench.say(Word::Kept { id: message.id });
    assert_eq!(bench.answers, [200]);
    bench.came("101", "text/plain", "again", false);
    assert_eq!(
        bench.kept[1].peer.uri, "sip:102@pbx.test",
        "anybody can say so"
    );
    bench.wait(999);
    assert_eq!(bench.answers, [200]);
    bench.wait(1);
    assert_eq!(bench.answers, [200, 200]);
    bench.say(Word::Kept {
        id: bench.kept[1].id.clone(),
    });
    assert_eq!(bench.answers, [200, 200], "answered once");
    assert_eq!(bench.part.unfinished(), 0);
}

/// K-015: 405 where messages are switched off.
#[test]
fn m128_k015_who_takes_no_messages_says_so() {
    let mut bench = Bench::new();
    bench.came("201", "text/plain", "a", true);
    bench.came("999", "text/plain", "a", true);
    bench.came("101", "text/html", "a", true);
    bench.came("101", "text/plain", "", true);
    assert_eq!(bench.answers, [405, 404, 415, 200]);
    assert!(bench.told.is_empty());
}

#[test]
fn m128_in_a_call_a_message_travels_in_its_dialog_both_ways() {
    let mut bench = Bench::new();
    let call = "c7k2".parse().unwrap();
    let send = |text: &str| Word::Send {
        command: CommandId(8),
        id: String::from("m2"),
        account: String::from("work"),
        to: To::InCall(call, String::from("sip:102@pbx.test")),
        text: text.to_owned(),
    };
    bench.say(send("in between"));
    let (ticket, text) = bench.inside[0].clone();
    assert_eq!(text, "in between");
    let status = Status::new(200);
    bench.say(Word::Outcome { ticket, status });
    assert_eq!(bench.last(), (MessageState::Delivered, None));
    assert_eq!(bench.kept[1].call, Some(call));
    bench.say(send("lost"));
    let (ticket, _) = bench.inside[1].clone();
    let status = None;
    bench.say(Word::Outcome { ticket, status });
    assert_eq!(
        bench.last(),
        (MessageState::Failed, Some(Code::MESSAGE_LOST))
    );
    bench.say(send(&"x".repeat(700)));
    assert_eq!(
        bench.last(),
        (MessageState::Failed, Some(Code::MESSAGE_TOO_LONG))
    );
    let ask = |kind: &str| Word::Asked {
        call,
        id: ServerId(4),
        request: Box::new(request("101", kind, "hi")),
    };
    bench.say(ask("image/png"));
    bench.say(ask("text/plain"));
    bench.wait(1_000);
    assert_eq!(bench.answers, [415, 200]);
    assert_eq!(bench.kept.last().unwrap().call, Some(call));
}

/// A copy that the network kept back until its transaction was over is answered, and is no second message.
#[test]
fn m128_a_late_copy_is_no_second_message() {
    let mut bench = Bench::new();
    bench.came("101", "text/plain", "once", true);
    bench.wait(33_000);
    bench.came("101", "text/plain", "once", true);
    assert_eq!(
        (bench.answers.clone(), bench.kept.len()),
        (vec![200, 200], 1)
    );
    assert_eq!(bench.sounded, ["work"], "it is heard once (M-131)");
    bench.wait(64_000);
    bench.came("101", "text/plain", "once", true);
    assert_eq!(bench.kept.len(), 2, "nothing is known for ever");
}
