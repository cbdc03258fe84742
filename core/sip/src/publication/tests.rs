use super::{Cause, Document, Input, News, Output, Publication, Publish};
use crate::auth::Authenticator;
use crate::ids::ClientId;
use crate::outside::Sender;
use crate::transaction::Failure;
use base::{Duration, Instant, Machine, Rng};
use sip_message::{HeaderName, NameAddr, Request, ResponseBuilder, Status, Uri};

struct Bench {
    publication: Publication,
    now: Instant,
    sent: Vec<(ClientId, Request)>,
    news: Vec<News>,
}

fn says(body: &str) -> Document {
    Document {
        kind: String::from("application/pidf+xml"),
        body: body.to_owned(),
    }
}

impl Bench {
    fn new() -> Self {
        let aor: Uri = "sip:101@pbx.test".parse().unwrap();
        let publish = Publish {
            sender: Sender {
                target: aor.clone(),
                from: NameAddr::new(&aor),
                route: Vec::new(),
                auth: Authenticator::new(None, &[]),
            },
            event: String::from("presence"),
            expires_s: 600,
        };
        let first = ClientId::new(14, 1 << 28);
        Self {
            publication: Publication::new(publish, first, Rng::from_number(9)),
            now: Instant::ZERO,
            sent: Vec::new(),
            news: Vec::new(),
        }
    }

    fn tell(&mut self, input: Input) {
        self.publication.handle(input, self.now);
        self.take();
    }

    fn take(&mut self) {
        while let Some(output) = self.publication.poll_output() {
            match output {
                Output::Send { id, request, .. } => self.sent.push((id, request)),
                Output::News(news) => self.news.push(news),
            }
        }
    }

    fn answer(&mut self, status: u16, headers: &[(&str, &str)]) {
        let (id, request) = self.sent.last().cloned().unwrap();
        let status = Status::new(status).unwrap();
        let mut response = ResponseBuilder::to(&request, status).to_tag("x");
        for (name, value) in headers {
            response = response.header(*name, value);
        }
        let response = response.build();
        self.tell(Input::Response { id, response });
    }

    /// Runs to its next wake-up.
    fn wake(&mut self) -> Duration {
        let at = self.publication.deadline().expect("it waits for something");
        let waited = at.since(self.now);
        self.now = at;
        self.publication.handle_time(at);
        self.take();
        waited
    }

    /// Of the last request: If-Match, Expires, length of its body.
    fn last(&self) -> (Option<String>, u32, usize) {
        let request = &self.sent.last().unwrap().1;
        let headers = request.headers();
        (
            headers.text(HeaderName::SipIfMatch).map(|t| t.to_string()),
            headers.expires().unwrap().unwrap(),
            request.body().len(),
        )
    }
}

const OK: [(&str, &str); 2] = [("SIP-ETag", "e1"), ("Expires", "100")];

fn with(etag: &str) -> Option<String> {
    Some(etag.to_owned())
}

/// RFC 3903 §4.1, table 1: each kind of request, and the name of the last one in the next.
#[test]
fn m097_published_refreshed_changed_and_removed() {
    let mut bench = Bench::new();
    bench.tell(Input::Say(says("one")));
    assert_eq!(bench.last(), (None, 600, 3));
    bench.answer(200, &OK);
    assert_eq!(bench.news, [News::Published]);
    let waited = bench.wake().as_secs();
    assert!((50..=75).contains(&waited), "{waited} of 100 s");
    assert_eq!(bench.last(), (with("e1"), 600, 0), "a refresh has no body");
    bench.answer(200, &[("SIP-ETag", "e2"), ("Expires", "100")]);
    assert_eq!(bench.news.len(), 1, "that it is still there is no news");
    bench.tell(Input::Say(says("one")));
    assert_eq!(bench.sent.len(), 2, "the same again is not said");
    bench.tell(Input::Say(says("two!")));
    assert_eq!(bench.last(), (with("e2"), 600, 4));
    bench.tell(Input::Say(says("three")));
    assert_eq!(bench.sent.len(), 3, "one at a time");
    bench.answer(200, &[("SIP-ETag", "e3")]);
    assert_eq!(bench.last(), (with("e3"), 600, 5));
    bench.answer(200, &[("SIP-ETag", "e4")]);
    assert_eq!(bench.news, [News::Published, News::Published]);
    bench.tell(Input::End);
    assert_eq!(bench.last(), (with("e4"), 0, 0));
    bench.answer(200, &[("Expires", "0")]);
    assert_eq!(bench.news.last(), Some(&News::Removed));
    assert_eq!(bench.publication.deadline(), None);
    let ids: Vec<ClientId> = bench.sent.iter().map(|(id, _)| *id).collect();
    let calls: Vec<String> = bench
        .sent
        .iter()
        .map(|(_, request)| request.headers().call_id().unwrap().to_string())
        .collect();
    assert!(ids.windows(2).all(|two| two[0] != two[1]));
    assert!(calls.windows(2).all(|two| two[0] == two[1]));
}

/// 412: the server has forgotten it, so it is said anew, all of it.
#[test]
fn m097_what_a_server_has_forgotten_is_said_anew() {
    let mut bench = Bench::new();
    bench.tell(Input::Say(says("one")));
    bench.answer(200, &OK);
    bench.wake();
    bench.answer(412, &[]);
    assert_eq!(bench.last(), (None, 600, 3));
    bench.answer(200, &[("SIP-ETag", "f1")]);
    assert_eq!(bench.news, [News::Published, News::Published]);
    // One that says 412 to what names nothing is not asked in a circle.
    let mut bench = Bench::new();
    bench.tell(Input::Say(says("one")));
    bench.answer(412, &[]);
    bench.answer(412, &[]);
    assert_eq!(bench.sent.len(), 2);
    assert!(matches!(
        bench.news[..],
        [News::Failed {
            next_try: Some(_),
            ..
        }]
    ));
    // Removing what is gone is done.
    let mut bench = Bench::new();
    bench.tell(Input::Say(says("one")));
    bench.answer(200, &OK);
    bench.tell(Input::End);
    bench.answer(412, &[]);
    assert_eq!(bench.news.last(), Some(&News::Removed));
}

#[test]
fn m097_423_asks_for_longer_and_refusals_are_told_with_the_next_try() {
    let mut bench = Bench::new();
    bench.tell(Input::Say(says("one")));
    bench.answer(423, &[("Min-Expires", "3600")]);
    assert_eq!(bench.last(), (None, 3600, 3));
    bench.answer(503, &[("Retry-After", "10")]);
    let Some(News::Failed { cause, next_try }) = bench.news.last().cloned() else {
        panic!("{:?}", bench.news);
    };
    assert!(matches!(cause, Cause::Refused { status: 503, .. }));
    assert!(next_try.unwrap() >= Duration::from_secs(10));
    bench.wake();
    assert_eq!(bench.last().0, None);
    let (id, _) = bench.sent.last().cloned().unwrap();
    let why = Failure::TimedOut;
    bench.tell(Input::Failed { id, why });
    assert!(matches!(
        bench.news.last(),
        Some(News::Failed {
            cause: Cause::NoAnswer,
            next_try: Some(_)
        })
    ));
    // A server without presence is not asked again by itself.
    let mut bench = Bench::new();
    bench.tell(Input::Say(says("one")));
    bench.answer(489, &[]);
    assert!(matches!(
        bench.news[..],
        [News::Failed { next_try: None, .. }]
    ));
    bench.tell(Input::Say(says("two")));
    assert_eq!((bench.sent.len(), bench.publication.deadline()), (1, None));
    bench.tell(Input::Again);
    assert_eq!(bench.sent.len(), 2, "but when it was started anew");
}

#[test]
fn m097_a_lost_server_is_told_everything_when_it_is_back() {
    let mut bench = Bench::new();
    bench.tell(Input::Say(says("one")));
    bench.answer(200, &OK);
    bench.tell(Input::Doubt);
    assert_eq!(bench.publication.deadline(), None);
    bench.tell(Input::Again);
    assert_eq!(bench.last(), (None, 600, 3));
    // The answer to what was asked before counts no more.
    let old = bench.sent[0].clone();
    let response = ResponseBuilder::to(&old.1, Status::OK).build();
    let id = old.0;
    bench.tell(Input::Response { id, response });
    assert_eq!(bench.news.len(), 1);
    let memory = bench.publication.memory().clone();
    let text = serde_json::to_string(&memory).unwrap();
    bench.publication =
        Publication::restore(serde_json::from_str(&text).unwrap(), Rng::from_number(1));
    bench.answer(200, &OK);
    assert_eq!(
        bench.news.len(),
        2,
        "kept and restored it knows its request"
    );
}
