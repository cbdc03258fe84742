use super::{Ask, Content, End, Input, Notifier, Output, Over, Refused, Terms, WatcherTag};
use crate::auth::Authenticator;
use crate::dialog::LocalTag;
use crate::ids::{ClientId, ServerId};
use crate::lamp::dialog_info::{self, Call, Direction, Party, Stage};
use crate::lamp::message_summary::{self, Counts, Summary};
use crate::presence::{self, Doing, Presence};
use crate::subscription::{Package, WatchTag};
use crate::transaction::Failure;
use base::{Duration, Instant, Machine, Rng};
use sip_message::{HeaderName, Method, Request, RequestBuilder, Response, ResponseBuilder, Status};

/// What can be told at all.
const ALL: [Package; 3] = [Package::Presence, Package::Dialog, Package::MessageSummary];
/// What is offered where something is refused.
const OFFERED: [Package; 2] = [Package::Presence, Package::Dialog];

fn subscribe(event: &str, expires: Option<&str>) -> RequestBuilder {
    let request = RequestBuilder::new(Method::Subscribe, "sip:101@pbx.test")
        .header(HeaderName::From, "<sip:102@pbx.test>;tag=77")
        .header(HeaderName::To, "<sip:101@pbx.test>")
        .header(HeaderName::CallId, "c1")
        .header(HeaderName::CSeq, "9 SUBSCRIBE")
        .header(HeaderName::Contact, "<sip:102@10.0.0.2>")
        .header(HeaderName::RecordRoute, "<sip:p.test;lr>")
        .header(HeaderName::Event, event);
    match expires {
        Some(seconds) => request.header(HeaderName::Expires, seconds),
        None => request,
    }
}

fn is(doing: Doing) -> Content {
    Content::Presence {
        entity: String::from("sip:101@pbx.test"),
        presence: Presence {
            doing,
            note: None,
            until: None,
        },
    }
}

fn in_calls(ids: &[&str]) -> Content {
    let call = |id: &&str| Call {
        id: (*id).to_owned(),
        stage: Stage::Confirmed,
        direction: Some(Direction::Incoming),
        held: *id == "b",
        peer: Party {
            uri: String::from("sip:103@pbx.test"),
            display: Some(String::from("B & <C>")),
        },
        replaces: None,
    };
    Content::Calls {
        entity: String::from("sip:101@pbx.test"),
        calls: ids.iter().map(call).collect(),
    }
}

struct Bench {
    notifier: Notifier,
    now: Instant,
    sent: Vec<(ClientId, Request)>,
    answers: Vec<Response>,
    over: Vec<Over>,
    cseq: u32,
}

impl Bench {
    fn new(request: RequestBuilder, content: Content) -> Self {
        let request = request.build();
        let now = Instant::ZERO + Duration::from_secs(100);
        let ask = Ask::read(&request, &ALL).unwrap();
        let terms = Terms {
            contact: "sip:101@10.0.0.1".parse().unwrap(),
            auth: Authenticator::new(None, &[]),
        };
        let first = ClientId::new(14, 1 << 28);
        let asked = (ServerId(1), &request);
        let rng = Rng::from_number(3);
        let notifier = Notifier::take(asked, ask, (terms, content), first, rng, now).unwrap();
        let mut bench = Self {
            notifier,
            now,
            sent: Vec::new(),
            answers: Vec::new(),
            over: Vec::new(),
            cseq: 9,
        };
        bench.take();
        bench
    }

    fn take(&mut self) {
        while let Some(output) = self.notifier.poll_output() {
            match output {
                Output::Send {
                    id,
                    request,
                    next_hop,
                } => {
                    assert_eq!(next_hop.to_string(), "sip:p.test;lr");
                    self.sent.push((id, request));
                }
                Output::Respond { response, .. } => self.answers.push(response),
                Output::Over(over) => self.over.push(over),
            }
        }
    }

    fn tell(&mut self, input: Input) {
        self.notifier.handle(input, self.now);
        self.take();
    }

    fn answer(&mut self, status: u16, headers: &[(&str, &str)]) {
        let (id, request) = self.sent.last().cloned().unwrap();
        let mut response = ResponseBuilder::to(&request, Status::new(status).unwrap());
        for (name, value) in headers {
            response = response.header(*name, value);
        }
        let response = response.build();
        self.tell(Input::Response { id, response });
    }

    fn wake(&mut self) -> u64 {
        let at = self.notifier.deadline().expect("it waits for something");
        let waited = at.since(self.now).as_secs();
        self.now = at;
        self.notifier.handle_time(at);
        self.take();
        waited
    }

    /// A request in the dialog.
    fn refresh(&mut self, event: &str, expires: &str, from_tag: &str) {
        self.cseq += 1;
        let tag = self.notifier.tag().to_string();
        let request = RequestBuilder::new(Method::Subscribe, "sip:101@10.0.0.1")
            .header(
                HeaderName::From,
                format!("<sip:102@pbx.test>;tag={from_tag}"),
            )
            .header(HeaderName::To, format!("<sip:101@pbx.test>;tag={tag}"))
            .header(HeaderName::CallId, "c1")
            .header(HeaderName::CSeq, format!("{} SUBSCRIBE", self.cseq))
            .header(HeaderName::Contact, "<sip:102@10.0.0.3>")
            .header(HeaderName::Event, event)
            .header(HeaderName::Expires, expires)
            .build();
        let id = ServerId(u64::from(self.cseq));
        self.tell(Input::Subscribe { id, request });
    }

    fn status(&self) -> u16 {
        self.answers.last().unwrap().status().code()
    }

    /// Subscription-State of the last NOTIFY.
    fn said(&self) -> String {
        let request = &self.sent.last().unwrap().1;
        let said = request.headers().subscription_state().unwrap();
        said.unwrap().to_string()
    }

    fn doing(&self) -> Doing {
        presence::read(self.sent.last().unwrap().1.body())
            .unwrap()
            .doing
    }
}

#[test]
fn m100_a_watcher_is_answered_told_and_told_of_changes() {
    let mut bench = Bench::new(
        subscribe("presence;id=7", Some("600")),
        is(Doing::Available),
    );
    let granted = bench.answers[0].headers().clone();
    assert_eq!(bench.status(), 200);
    assert_eq!(granted.expires().unwrap(), Some(600));
    assert_eq!(
        granted.text(HeaderName::RecordRoute).as_deref(),
        Some("<sip:p.test;lr>")
    );
    let tag = granted.to().unwrap().tag().unwrap().to_owned();
    assert_eq!(WatcherTag::read(&tag), Some(bench.notifier.tag()));
    let notify = bench.sent[0].1.clone();
    let headers = notify.headers();
    assert_eq!(*notify.method(), Method::Notify);
    assert_eq!(notify.uri_text(), "sip:102@10.0.0.2");
    assert_eq!(headers.from().unwrap().tag(), Some(&*tag));
    assert_eq!(headers.to().unwrap().tag(), Some("77"));
    assert_eq!(headers.call_id().unwrap(), "c1");
    let event = headers.event().unwrap().unwrap();
    assert_eq!(event.to_string(), "presence;id=7");
    assert_eq!(headers.content_type().as_deref(), Some(presence::KIND));
    assert_eq!(
        (bench.said().as_str(), bench.doing()),
        ("active;expires=600", Doing::Available)
    );
    // One at a time, and then the newest.
    bench.tell(Input::Say(is(Doing::Busy)));
    bench.tell(Input::Say(is(Doing::Away)));
    assert_eq!(bench.sent.len(), 1);
    bench.answer(200, &[]);
    assert_eq!(
        bench.sent.len(),
        1,
        "RFC 3856 wants five seconds between two"
    );
    assert_eq!(bench.wake(), 5);
    assert_eq!((bench.sent.len(), bench.doing()), (2, Doing::Away));
    assert_eq!(bench.said(), "active;expires=595");
    bench.answer(200, &[]);
    bench.tell(Input::Say(is(Doing::Away)));
    assert_eq!(bench.sent.len(), 2, "the same is no news");
    bench.now += Duration::from_secs(60);
    bench.tell(Input::Say(is(Doing::Busy)));
    assert_eq!(bench.doing(), Doing::Busy, "at once after a quiet time");
    let cseqs = bench
        .sent
        .iter()
        .map(|(_, r)| r.headers().cseq().unwrap().number);
    assert_eq!(cseqs.collect::<Vec<u32>>(), [1, 2, 3]);
}

#[test]
fn m100_it_is_refreshed_and_runs_out() {
    let mut bench = Bench::new(subscribe("presence", None), is(Doing::Available));
    assert_eq!(bench.said(), "active;expires=3600");
    bench.answer(200, &[]);
    bench.now += Duration::from_secs(10);
    bench.refresh("presence", "100", "77");
    assert_eq!(bench.status(), 200);
    assert_eq!(bench.said(), "active;expires=100");
    assert_eq!(bench.sent.last().unwrap().1.uri_text(), "sip:102@10.0.0.3");
    bench.answer(200, &[]);
    assert_eq!(bench.wake(), 100);
    assert_eq!(bench.said(), "terminated;reason=timeout");
    assert!(bench.over.is_empty());
    bench.refresh("presence", "100", "77");
    assert_eq!(bench.status(), 481, "it is over");
    bench.answer(200, &[]);
    assert_eq!(bench.over, [Over::Told(End::Timeout)]);
    assert_eq!(bench.notifier.deadline(), None);
}

#[test]
fn m100_refreshes_that_cannot_be_are_refused_and_change_nothing() {
    let mut bench = Bench::new(subscribe("presence", Some("600")), is(Doing::Available));
    bench.answer(200, &[]);
    for (event, expires, tag, status) in [
        ("presence", "5", "77", 423),
        ("dialog", "600", "77", 489),
        ("presence;id=1", "600", "77", 489),
        ("presence", "600", "78", 481),
    ] {
        bench.refresh(event, expires, tag);
        assert_eq!(bench.status(), status, "{event} {expires} {tag}");
    }
    assert_eq!(bench.answers[1].headers().min_expires().unwrap(), Some(30));
    bench.cseq = 3;
    bench.refresh("presence", "600", "77");
    assert_eq!(bench.status(), 500, "it came late");
    assert_eq!(bench.sent.len(), 1);
    bench.cseq = 30;
    bench.refresh("presence", "0", "77");
    assert_eq!(
        (bench.status(), bench.said().as_str()),
        (200, "terminated;reason=timeout")
    );
    assert_eq!(bench.doing(), Doing::Available);
    bench.answer(200, &[]);
    assert_eq!(bench.over, [Over::Told(End::Timeout)]);
}

#[test]
fn m100_one_look_is_told_once() {
    let mut bench = Bench::new(subscribe("presence", Some("0")), is(Doing::Busy));
    assert_eq!(bench.answers[0].headers().expires().unwrap(), Some(0));
    assert_eq!(
        (bench.said().as_str(), bench.doing()),
        ("terminated;reason=timeout", Doing::Busy)
    );
    bench.tell(Input::Say(is(Doing::Away)));
    bench.answer(200, &[]);
    assert_eq!(bench.sent.len(), 1);
    assert_eq!(bench.over, [Over::Told(End::Timeout)]);
}

#[test]
fn m100_whoever_may_see_no_more_is_told_so_and_an_engine_that_stops_says_when_to_ask() {
    let mut bench = Bench::new(subscribe("presence", Some("600")), is(Doing::Busy));
    // The first NOTIFY is still out.
    bench.tell(Input::End(End::Rejected));
    assert_eq!(bench.sent.len(), 1);
    bench.answer(200, &[]);
    assert_eq!(bench.said(), "terminated;reason=rejected");
    bench.tell(Input::End(End::NoResource));
    bench.answer(481, &[]);
    assert_eq!(bench.over, [Over::Refused(481)]);
    // What came after the right was taken is not told, however long the last NOTIFY waits.
    let mut bench = Bench::new(subscribe("presence", Some("600")), is(Doing::Busy));
    bench.tell(Input::End(End::Rejected));
    bench.tell(Input::Say(is(Doing::Away)));
    bench.answer(200, &[]);
    assert_eq!(
        (
            bench.said().as_str(),
            bench.sent.last().unwrap().1.body().is_empty()
        ),
        ("terminated;reason=rejected", true)
    );
    let mut bench = Bench::new(subscribe("presence", Some("600")), is(Doing::Busy));
    bench.answer(200, &[]);
    bench.tell(Input::End(End::Probation(Duration::from_secs(60))));
    assert_eq!(bench.said(), "terminated;reason=probation;retry-after=60");
}

#[test]
fn m100_a_watcher_that_is_gone_is_forgotten_and_one_that_is_busy_is_told_later() {
    for status in [481, 404, 500] {
        let mut bench = Bench::new(subscribe("presence", Some("600")), is(Doing::Busy));
        bench.answer(status, &[]);
        assert_eq!(bench.over, [Over::Refused(status)]);
        assert_eq!(bench.notifier.deadline(), None);
    }
    let mut bench = Bench::new(subscribe("presence", Some("600")), is(Doing::Busy));
    let id = bench.sent[0].0;
    let why = Failure::TimedOut;
    bench.tell(Input::Failed { id, why });
    assert_eq!(bench.over, [Over::Unreachable]);
    let mut bench = Bench::new(subscribe("presence", Some("600")), is(Doing::Busy));
    bench.answer(503, &[("Retry-After", "20")]);
    assert!(bench.over.is_empty());
    let waited = bench.wake();
    assert!((20..=21).contains(&waited), "{waited}");
    assert_eq!(bench.sent.len(), 2);
    assert_ne!(bench.sent[0].0, bench.sent[1].0);
    // An answer to what was given up means nothing.
    let (id, request) = bench.sent[0].clone();
    let response = ResponseBuilder::to(&request, Status::CALL_DOES_NOT_EXIST).build();
    bench.tell(Input::Response { id, response });
    assert!(bench.over.is_empty());
    bench.tell(Input::Forgotten);
    assert_eq!(bench.sent.len(), 3);
}

#[test]
fn m100_calls_are_counted_documents() {
    let mut bench = Bench::new(subscribe("dialog", Some("600")), in_calls(&[]));
    bench.answer(200, &[]);
    bench.now += Duration::from_secs(2);
    bench.tell(Input::Say(in_calls(&["a", "b"])));
    let info = dialog_info::read(bench.sent[1].1.body()).unwrap();
    assert_eq!((info.version, info.full), (1, true));
    assert_eq!(info.entity, "sip:101@pbx.test");
    let Content::Calls { calls, .. } = in_calls(&["a", "b"]) else {
        unreachable!()
    };
    assert_eq!(info.calls, calls, "what is written is read again");
}

#[test]
fn m061_what_waits_in_a_mailbox_is_told() {
    let holds = |new| {
        Content::Mailbox(Summary {
            waiting: new > 0,
            account: Some(String::from("sip:*97@pbx.test")),
            voice: Some(Counts {
                new,
                ..Counts::default()
            }),
        })
    };
    let mut bench = Bench::new(subscribe("message-summary", Some("600")), holds(1));
    let said = |bench: &Bench| {
        let request = &bench.sent.last().unwrap().1;
        let kind = request.headers().content_type();
        assert_eq!(kind.as_deref(), Some("application/simple-message-summary"));
        message_summary::read(request.body()).unwrap()
    };
    assert!(said(&bench).waiting);
    bench.answer(200, &[]);
    bench.now += Duration::from_secs(2);
    bench.tell(Input::Say(holds(0)));
    assert_eq!(
        (said(&bench).waiting, said(&bench).voice),
        (false, Some(Counts::default()))
    );
}

#[test]
fn m090_whom_they_ask_for_may_be_absent() {
    let request = subscribe("dialog", None).build();
    let refused = Refused::Absent { again_s: 5 }.respond(&request, &OFFERED, "t");
    assert_eq!(refused.status(), Status::TEMPORARILY_UNAVAILABLE);
    assert_eq!(refused.headers().retry_after().unwrap(), Some(5));
}

#[test]
fn m100_what_cannot_be_watched_is_refused_with_what_can() {
    let read = |request: RequestBuilder| Ask::read(&request.build(), &OFFERED);
    assert_eq!(
        read(subscribe("message-summary", None)).unwrap_err(),
        Refused::BadEvent
    );
    assert_eq!(
        read(subscribe("presence", Some("5"))).unwrap_err(),
        Refused::TooBrief
    );
    assert_eq!(
        read(subscribe("presence", Some("x"))).unwrap_err(),
        Refused::Malformed
    );
    let pick = |accept: &str| subscribe("dialog", None).header(HeaderName::Accept, accept);
    assert_eq!(
        read(pick("text/plain")).unwrap_err(),
        Refused::NotAcceptable
    );
    for accept in [
        "text/plain, application/dialog-info+xml;q=1",
        "*/*",
        "application/*",
    ] {
        assert!(read(pick(accept)).is_ok(), "{accept}");
    }
    let bare = RequestBuilder::new(Method::Subscribe, "sip:101@pbx.test");
    assert_eq!(
        Ask::read(&bare.build(), &OFFERED).unwrap_err(),
        Refused::BadEvent
    );
    let nowhere = RequestBuilder::new(Method::Subscribe, "sip:101@pbx.test")
        .header(HeaderName::Event, "dialog");
    assert_eq!(
        Ask::read(&nowhere.build(), &OFFERED).unwrap_err(),
        Refused::Malformed
    );
    let request = subscribe("x", None).build();
    let refused = Refused::BadEvent.respond(&request, &OFFERED, "t");
    assert_eq!(refused.status(), Status::BAD_EVENT);
    let allowed = refused.headers().text(HeaderName::AllowEvents);
    assert_eq!(allowed.as_deref(), Some("presence, dialog"));
    assert_eq!(refused.headers().to().unwrap().tag(), Some("t"));
    let brief = Refused::TooBrief.respond(&request, &OFFERED, "t");
    assert_eq!(brief.headers().min_expires().unwrap(), Some(30));
}

#[test]
fn a_notifier_goes_on_where_it_stood() {
    let bench = Bench::new(subscribe("presence", Some("600")), is(Doing::Busy));
    let text = serde_json::to_string(bench.notifier.memory()).unwrap();
    let memory = serde_json::from_str(&text).unwrap();
    let restored = Notifier::restore(memory, Rng::from_number(4));
    assert_eq!(restored.memory(), bench.notifier.memory());
    assert_eq!(restored.deadline(), bench.notifier.deadline());
}

#[test]
fn a_tag_of_a_watcher_is_none_of_a_session_or_lamp() {
    let text = WatcherTag::draw(&mut Rng::from_number(5)).to_string();
    assert!(WatcherTag::read(&text).is_some());
    assert_eq!(LocalTag::read(&text), None);
    assert_eq!(WatchTag::read(&text), None);
    assert_eq!(WatcherTag::read("w+00000000000000f"), None);
}
