//! Scripts in, traces out: one subscription and whoever answers it.

use super::*;
use crate::auth::{Authenticator, Credentials};
use crate::ids::{ClientId, ServerId};
use crate::transaction::Failure;
use base::{Duration, Instant, Machine, Redacted, Rng};
use core::fmt::Write;
use expect_test::{Expect, expect};
use sip_message::{HeaderName, Method, NameAddr, Request, RequestBuilder, ResponseBuilder, Status};

fn watch(package: Package) -> Watch {
    let target: sip_message::Uri = "sip:103@pbx.test".parse().unwrap();
    let credentials = Credentials {
        user: String::from("101"),
        password: Redacted::new(String::from("secret")),
        realm: None,
    };
    let hops = [target.host().cloned().unwrap()];
    Watch {
        target,
        package,
        list: false,
        from: "<sip:101@pbx.test>".parse().unwrap(),
        contact: "sip:101@10.0.0.1".parse().unwrap(),
        route: Vec::new(),
        auth: Authenticator::new(Some(credentials), &hops),
        expires_s: 300,
        poll_every: Duration::from_secs(20),
    }
}

/// A subscription and the last requests it sent.
struct Bench {
    one: Subscription,
    sent: Vec<(ClientId, Request)>,
    now: Instant,
    trace: String,
    notifies: u64,
}

impl Bench {
    fn new(package: Package) -> Self {
        let first = ClientId::new(9, 0);
        Self {
            one: Subscription::new(watch(package), first, Rng::from_number(1)),
            sent: Vec::new(),
            now: Instant::ZERO,
            trace: String::from("\n"),
            notifies: 0,
        }
    }

    /// `ms what …`; `ms wait` only lets the time pass.
    fn run(&mut self, script: &str) {
        for line in script.lines().map(str::trim).filter(|l| !l.is_empty()) {
            let mut words = line.split_whitespace();
            let at: u64 = words.next().and_then(|ms| ms.parse().ok()).expect("ms");
            self.wait(Instant::from_millis(at));
            let rest: Vec<&str> = words.collect();
            if let Some(input) = self.input(&rest) {
                self.one.handle(input, self.now);
                self.drain();
            }
        }
    }

    fn wait(&mut self, until: Instant) {
        while let Some(at) = self.one.deadline().filter(|at| *at <= until) {
            self.now = at.max(self.now);
            self.one.handle_time(self.now);
            self.drain();
        }
        self.now = until;
    }

    fn input(&mut self, words: &[&str]) -> Option<Input> {
        Some(match words {
            ["wait"] => return None,
            ["start"] => Input::Start(Duration::ZERO),
            ["ask"] => Input::Ask,
            ["doubt"] => Input::Doubt,
            ["again"] => Input::Again(Duration::ZERO),
            ["end"] => Input::End,
            ["silence"] => Input::Failed {
                id: self.sent.last()?.0,
                why: Failure::TimedOut,
            },
            ["notify", tag, cseq, state] => self.notify(tag, cseq, state, "dialog"),
            ["notify", tag, cseq, state, event] => self.notify(tag, cseq, state, event),
            [status, headers @ ..] => {
                let (id, request) = self.sent.last()?.clone();
                let status = Status::new(status.parse().expect("a status"))?;
                let mut response = ResponseBuilder::to(&request, status).to_tag("A");
                for header in headers {
                    let (name, value) = header.split_once(':').expect("name:value");
                    response = response.header(name, value.replace('_', " "));
                }
                let response = response.build();
                Input::Response { id, response }
            }
            [] => return None,
        })
    }

    fn notify(&mut self, tag: &str, cseq: &str, state: &str, event: &str) -> Input {
        let subscribe = &self.sent.last().expect("a SUBSCRIBE").1;
        let headers = subscribe.headers();
        let from = headers.to().unwrap().without_param("tag").with_tag(tag);
        let mut notify = RequestBuilder::new(Method::Notify, "sip:101@10.0.0.1")
            .header(HeaderName::Via, "SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKx")
            .header(HeaderName::From, from)
            .header(HeaderName::To, headers.from().unwrap())
            .header(HeaderName::CallId, headers.call_id().unwrap())
            .header(HeaderName::CSeq, format!("{cseq} NOTIFY"))
            .header(HeaderName::Contact, "<sip:103@10.0.0.9>")
            .header(HeaderName::Event, event);
        if state != "-" {
            notify = notify.header(HeaderName::SubscriptionState, state);
        }
        let request = notify.body("application/dialog-info+xml", "x").build();
        self.notifies += 1;
        let id = ServerId(self.notifies);
        Input::Notify { id, request }
    }

    fn drain(&mut self) {
        while let Some(output) = self.one.poll_output() {
            let ms = self.now.as_millis();
            let line = match output {
                Output::Send { id, request, .. } => {
                    let line = subscribe(&request);
                    self.sent.push((id, request));
                    line
                }
                Output::Abandon { .. } => String::from("abandon"),
                Output::Respond { response, .. } => format!("answer {}", response.status().code()),
                Output::News(News::Document { fork, gap, .. }) => {
                    let gap = if gap { " after a gap" } else { "" };
                    format!("document of {fork}{gap}")
                }
                Output::News(News::Lost { cause, next_try }) => {
                    format!(
                        "lost {cause:?}, again in {:?}",
                        next_try.map(|n| n.as_secs())
                    )
                }
                Output::News(news) => format!("{news:?}"),
            };
            let _ = writeln!(self.trace, "{ms:<6} {line}");
        }
    }
}

fn subscribe(request: &Request) -> String {
    let headers = request.headers();
    let to = headers.to().unwrap();
    let expires = headers.expires().unwrap().unwrap();
    let place = to.tag().map_or("outside", |_| "inside");
    let proof = headers.first(HeaderName::Authorization).map(|_| " proved");
    let proof = proof.unwrap_or_default();
    format!("SUBSCRIBE {place}, {expires} s{proof}")
}

fn check(script: &str, expected: &Expect) -> Bench {
    let mut bench = Bench::new(Package::Dialog);
    bench.run(script);
    expected.assert_eq(&bench.trace);
    bench
}

/// RFC 6665 §4.1.2.4: the NOTIFY may be faster than the 2xx; K-014, M-089.
#[test]
fn m089_response_and_notify_come_in_either_order_and_it_is_refreshed_in_its_dialog() {
    let expected = expect![[r#"

        0      SUBSCRIBE outside, 300 s
        30     answer 200
        30     document of 0
        202490 SUBSCRIBE inside, 300 s
        240010 answer 200
        240010 document of 0
    "#]];
    let script = "0 start
        20 200 Expires:300
        30 notify A 1 active;expires=299
        240000 200 Expires:300
        240010 notify A 2 active;expires=300
        300000 wait";
    check(script, &expected);
    let expected = expect![[r#"

        0      SUBSCRIBE outside, 300 s
        20     answer 200
        20     document of 0
        40000  answer 200
        40000  document of 0
        40647  SUBSCRIBE inside, 300 s
        60020  abandon
        60020  lost Expired, again in Some(1)
        61066  SUBSCRIBE outside, 300 s
    "#]];
    let script = "0 start
        20 notify A 7 active;expires=60
        30 200 Expires:60
        40000 notify A 8 active;expires=60
        70000 wait";
    check(script, &expected);
}

#[test]
fn m089_challenges_and_longer_lifetimes_are_followed() {
    let expected = expect![[r#"

        0      SUBSCRIBE outside, 300 s
        20     SUBSCRIBE outside, 300 s proved
        40     SUBSCRIBE outside, 600 s proved
        70     answer 200
        70     document of 0
        80     SUBSCRIBE inside, 0 s proved
        95     answer 200
        95     Over
    "#]];
    let script = "0 start
        20 401 WWW-Authenticate:Digest_realm=\"pbx\",nonce=\"n\",algorithm=MD5
        40 423 Min-Expires:600
        60 200 Expires:600
        70 notify A 1 active
        80 end
        90 200 Expires:0
        95 notify A 2 terminated;reason=timeout";
    let bench = check(script, &expected);
    assert_eq!(*bench.one.state(), State::Over);
}

/// RFC 6665 §4.1.3.
#[test]
fn m089_each_reason_of_an_end_is_obeyed() {
    let ends = [
        "deactivated",
        "probation",
        "probation;retry-after=7",
        "rejected",
        "timeout",
        "giveup;retry-after=9",
        "noresource",
        "invariant",
        "dancing",
    ];
    let mut trace = String::from("\n");
    for end in ends {
        let mut bench = Bench::new(Package::Dialog);
        bench.run(
            "0 start
            10 200 Expires:300
            20 notify A 1 active",
        );
        bench.trace.clear();
        bench.run(&format!(
            "1000 notify A 2 terminated;reason={end}\n 100000 wait"
        ));
        let lines: Vec<&str> = bench.trace.lines().skip(1).map(str::trim).collect();
        let _ = writeln!(trace, "{end}: {}", lines.join(" | "));
    }
    expect![[r#"

        deactivated: 1000   lost Ended(Deactivated), again in Some(0) | 1260   SUBSCRIBE outside, 300 s
        probation: 1000   lost Ended(Probation), again in Some(30) | 31244  SUBSCRIBE outside, 300 s
        probation;retry-after=7: 1000   lost Ended(Probation), again in Some(7) | 8520   SUBSCRIBE outside, 300 s
        rejected: 1000   lost Ended(Rejected), again in None
        timeout: 1000   lost Ended(Timeout), again in Some(0) | 1260   SUBSCRIBE outside, 300 s
        giveup;retry-after=9: 1000   lost Ended(GiveUp), again in Some(9) | 10520  SUBSCRIBE outside, 300 s
        noresource: 1000   lost Ended(NoResource), again in None
        invariant: 1000   lost Ended(Invariant), again in None
        dancing: 1000   lost Ended(Other), again in Some(0) | 1260   SUBSCRIBE outside, 300 s
    "#]]
    .assert_eq(&trace);
}

/// M-090: what the answers mean is the lamp's; M-096: which of them are final.
#[test]
fn m096_refusals_are_told_with_their_status_and_tried_again_at_their_pace() {
    let mut trace = String::from("\n");
    for said in [
        "403",
        "404",
        "480",
        "489",
        "500",
        "503 Retry-After:40",
        "603",
    ] {
        let mut bench = Bench::new(Package::Dialog);
        bench.run(&format!("0 start\n 10 {said}"));
        let lost = bench
            .trace
            .lines()
            .last()
            .unwrap_or_default()
            .trim()
            .to_owned();
        let _ = writeln!(trace, "{said}: {lost}");
    }
    expect![[r#"

        403: 10     lost Refused { status: 403, reason: "Forbidden" }, again in Some(1719)
        404: 10     lost Refused { status: 404, reason: "Not Found" }, again in Some(57)
        480: 10     lost Refused { status: 480, reason: "Temporarily Unavailable" }, again in Some(57)
        489: 10     lost Refused { status: 489, reason: "Bad Event" }, again in Some(1719)
        500: 10     lost Refused { status: 500, reason: "Server Internal Error" }, again in Some(1)
        503 Retry-After:40: 10     lost Refused { status: 503, reason: "Service Unavailable" }, again in Some(40)
        603: 10     lost Refused { status: 603, reason: "Decline" }, again in Some(1719)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn m089_a_refresh_that_is_not_known_starts_anew_and_one_refused_for_now_does_not() {
    let expected = expect![[r#"

        0      SUBSCRIBE outside, 300 s
        20     answer 200
        20     document of 0
        203158 SUBSCRIBE inside, 300 s
        235520 SUBSCRIBE inside, 300 s
        240000 lost Gone, again in Some(0)
        240192 SUBSCRIBE outside, 300 s
        242010 answer 200
        242010 document of 1
    "#]];
    let script = "0 start
        10 200 Expires:300
        20 notify A 1 active
        230000 503 Retry-After:5
        240000 481
        242000 200 Expires:300
        242010 notify B 1 active";
    check(script, &expected);
}

#[test]
fn m089_without_a_refresh_it_runs_out_and_nothing_counts_any_more() {
    let expected = expect![[r#"

        0      SUBSCRIBE outside, 300 s
        20     answer 200
        20     document of 0
        40647  SUBSCRIBE inside, 300 s
        60020  lost Expired, again in Some(1)
        61653  SUBSCRIBE outside, 300 s
    "#]];
    let script = "0 start
        10 200 Expires:60
        20 notify A 1 active
        59000 500
        62000 wait";
    check(script, &expected);
}

/// M-092: one NOTIFY and no more, the state is asked for again and again.
#[test]
fn m092_a_notifier_that_keeps_no_subscription_is_polled() {
    let expected = expect![[r#"

        0      SUBSCRIBE outside, 300 s
        20     answer 200
        20     Polled(true)
        20     document of 4294967295
        19574  SUBSCRIBE outside, 0 s
        22010  answer 200
        22010  document of 4294967295
        40817  SUBSCRIBE outside, 0 s
        45817  lost NoNotify, again in Some(18)
    "#]];
    let script = "0 start
        10 200 Expires:0
        20 notify A 1 terminated;reason=timeout
        22000 200 Expires:0
        22010 notify B 1 terminated;reason=timeout
        45000 200 Expires:0
        50500 wait";
    check(script, &expected);
}

/// M-092: refreshes that bring no NOTIFY, twice in a row.
#[test]
fn m092_missing_answers_to_refreshes_lead_to_polls_and_back() {
    let expected = expect![[r#"

        0      SUBSCRIBE outside, 300 s
        20     answer 200
        20     document of 0
        40647  SUBSCRIBE inside, 300 s
        77000  lost NoNotify, again in Some(1)
        78633  SUBSCRIBE outside, 300 s
        82010  answer 200
        82010  document of 1
        114924 SUBSCRIBE inside, 300 s
        157000 Polled(true)
        157000 lost NoNotify, again in Some(19)
        176562 SUBSCRIBE outside, 0 s
        177010 answer 200
        177010 document of 4294967295
    "#]];
    let script = "0 start
        10 200 Expires:60
        20 notify A 1 active
        45000 200 Expires:60
        78000 wait
        82000 200 Expires:60
        82010 notify B 1 active
        125000 200 Expires:60
        177000 200 Expires:0
        177010 notify C 1 terminated;reason=timeout
        190000 wait";
    check(script, &expected);
}

#[test]
fn m089_forks_live_side_by_side_and_strangers_are_refused() {
    let expected = expect![[r#"

        0      SUBSCRIBE outside, 300 s
        20     answer 200
        20     document of 0
        30     answer 200
        30     document of 1
        40     answer 200
        40     document of 1 after a gap
        50     answer 200
        60     answer 200
        70     answer 489
        80     answer 400
        90     answer 200
        90     ForkGone { fork: 0 }
        100    answer 200
        100    lost Ended(Deactivated), again in Some(0)
        110    answer 481
        200    SUBSCRIBE outside, 300 s
        40000  answer 200
        40000  document of 2
    "#]];
    let script = "0 start
        10 200 Expires:300
        20 notify A 1 active
        30 notify B 1 active
        40 notify B 3 active
        50 notify B 2 active
        60 notify B 3 active
        70 notify A 2 active presence
        80 notify A 2 -
        90 notify A 2 terminated;reason=noresource
        100 notify B 4 terminated;reason=deactivated
        110 notify D 1 active
        40000 notify E 1 active";
    check(script, &expected);
}

#[test]
fn doubt_is_told_and_the_way_back_asks_within_the_dialog() {
    let expected = expect![[r#"

        0      SUBSCRIBE outside, 300 s
        20     answer 200
        20     document of 0
        1000   lost ServerLost, again in None
        5000   SUBSCRIBE inside, 300 s
        5010   lost Gone, again in Some(0)
        5270   SUBSCRIBE outside, 300 s
        6010   answer 200
        6010   Pending
        6020   answer 200
        6020   document of 1
        7010   SUBSCRIBE inside, 300 s
        7030   answer 200
        7030   document of 1
        8010   SUBSCRIBE inside, 300 s
        8200   abandon
        8200   SUBSCRIBE inside, 0 s
        8300   Over
    "#]];
    let script = "0 start
        10 200 Expires:300
        20 notify A 1 active
        1000 doubt
        5000 again
        5010 481
        6000 200 Expires:300
        6010 notify B 1 pending
        6020 notify B 2 active
        7000 ask
        7010 ask
        7020 200 Expires:300
        7030 notify B 3 active
        7040 ask
        8200 end
        8300 silence";
    check(script, &expected);
}

#[test]
fn what_it_knows_survives_being_written_down() {
    let mut bench = Bench::new(Package::Presence);
    bench.run(
        "0 start
        10 200 Expires:300
        20 notify A 1 active presence",
    );
    let text = serde_json::to_string(bench.one.memory()).unwrap();
    let memory: Memory = serde_json::from_str(&text).unwrap();
    assert_eq!(memory, *bench.one.memory());
    let restored = Subscription::restore(memory, Rng::from_number(1));
    assert_eq!(restored.deadline(), bench.one.deadline());
    assert_eq!(restored.tag(), bench.one.tag());
}

#[test]
fn a_wrong_password_is_not_tried_again() {
    let mut bench = Bench::new(Package::Dialog);
    bench.run(
        "0 start
        10 401 WWW-Authenticate:Digest_realm=\"pbx\",nonce=\"n\",algorithm=MD5
        20 401 WWW-Authenticate:Digest_realm=\"pbx\",nonce=\"m\",algorithm=MD5
        4000000 wait",
    );
    assert!(
        bench.trace.contains("lost WrongPassword, again in None"),
        "{}",
        bench.trace
    );
    assert_eq!(bench.sent.len(), 2);
    assert_eq!(bench.one.deadline(), None);
}

#[test]
fn an_address_that_changes_is_told_to_every_notifier() {
    let mut bench = Bench::new(Package::Dialog);
    bench.run(
        "0 start
        10 200 Expires:300
        20 notify A 1 active",
    );
    let moved: sip_message::Uri = "sip:101@10.0.0.2".parse().unwrap();
    bench.one.handle(Input::Moved(moved.clone()), bench.now);
    bench.run("2000 wait");
    let contact = bench.sent.last().unwrap().1.headers().contacts().unwrap();
    assert_eq!(contact.first().map(NameAddr::uri), Some(&moved));
    assert_eq!(bench.sent.len(), 2);
}
