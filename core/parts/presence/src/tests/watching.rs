//! Those who watch this phone itself.

use super::*;
use crate::watchers::{EACH, WATCHERS};
use control::{RightOrigin, Sees};
use policy::watch::{Group, Right, What};
use policy::{Policy, Watching};
use sip_message::RequestBuilder;

/// One who watches.
struct Watcher {
    uri: String,
    call_id: String,
    event: &'static str,
    /// Our tag, once it is known.
    tag: Option<String>,
    cseq: u32,
}

impl Watcher {
    fn new(uri: &str, event: &'static str) -> Self {
        Self {
            uri: uri.to_owned(),
            call_id: format!("{uri}-{event}"),
            event,
            tag: None,
            cseq: 0,
        }
    }

    fn subscribe(&mut self, expires: u32) -> RequestBuilder {
        self.cseq += 1;
        let tag = self.tag.as_ref().map(|tag| format!(";tag={tag}"));
        RequestBuilder::new(Method::Subscribe, "sip:101@10.0.0.1")
            .header(HeaderName::From, format!("<{}>;tag=theirs", self.uri))
            .header(
                HeaderName::To,
                format!("<sip:101@pbx.test>{}", tag.unwrap_or_default()),
            )
            .header(HeaderName::CallId, &self.call_id)
            .header(HeaderName::CSeq, format!("{} SUBSCRIBE", self.cseq))
            .header(HeaderName::Contact, "<sip:w@10.0.0.9:5090>")
            .header(HeaderName::Event, self.event)
            .header(HeaderName::Expires, expires)
    }
}

impl Bench {
    fn watched(rights: &[&str], groups: &[&str]) -> Self {
        let mut bench = Self::new();
        bench.rights(rights, groups);
        bench
    }

    fn watching(&self, rights: &[&str], groups: &[&str]) -> Watching {
        Watching {
            template: rights.iter().map(|l| Right::read(l).unwrap()).collect(),
            template_from: String::from("site.toml:7:12"),
            groups: groups.iter().map(|l| Group::read(l).unwrap()).collect(),
            site: self.site.clone(),
            elsewhere: self.elsewhere,
            person: Vec::new(),
        }
    }

    /// The account's server has taken these, and goes by them.
    fn taken(&mut self, rights: &[&str], groups: &[&str]) {
        let aor = self.part.accounts["work"].account.aor.to_string();
        let seen = self.watching(rights, groups).seen(What::Presence, &aor);
        self.elsewhere = Elsewhere::By(seen.checksum());
        self.rights(rights, groups);
    }

    fn rights(&mut self, rights: &[&str], groups: &[&str]) {
        let policy = Policy {
            watching: self.watching(rights, groups),
            ..Policy::default()
        };
        self.say(Word::Policy {
            account: String::from("work"),
            policy: Arc::new(policy),
        });
    }

    fn request(&mut self, request: Request, trusted: bool) -> u16 {
        let id = sip::ServerId(self.answers.len() as u64);
        self.say(Word::Heard(Heard::Request {
            id,
            request,
            origin: Origin {
                flow: FlowId(1),
                transport: Transport::Udp,
                source: "10.0.0.9:5090".parse().unwrap(),
                local: "10.0.0.1:5062".parse().unwrap(),
            },
            trusted,
        }));
        self.answers.last().unwrap().status().code()
    }

    fn subscribe(&mut self, watcher: &mut Watcher, expires: u32) -> u16 {
        let request = watcher.subscribe(expires).build();
        let status = self.request(request, false);
        let to = self.answers.last().unwrap().headers().to().unwrap();
        if status == 200 {
            watcher.tag = to.tag().map(str::to_owned);
        }
        status
    }

    /// The last NOTIFY to this watcher: Subscription-State, Content-Type, body.
    fn notified(&self, watcher: &Watcher) -> Option<(String, String, String)> {
        let is_it = |(_, request): &&(ClientId, Request)| {
            let headers = request.headers();
            let to = headers.call_id().unwrap();
            *request.method() == Method::Notify && to.as_str() == watcher.call_id
        };
        let (_, request) = self.sent.iter().rev().find(is_it)?;
        let headers = request.headers();
        let state = headers.subscription_state().unwrap().unwrap().to_string();
        let kind = headers.text("Content-Type").unwrap_or_default().to_string();
        let body = String::from_utf8_lossy(request.body()).into_owned();
        Some((state, kind, body))
    }

    fn body(&self, watcher: &Watcher) -> String {
        self.notified(watcher).unwrap().2
    }

    fn state(&self, watcher: &Watcher) -> String {
        self.notified(watcher).unwrap().0
    }

    /// Every NOTIFY that waits is answered.
    fn answer_notifies(&mut self, status: u16) {
        for (id, request) in self.sent.clone() {
            if *request.method() != Method::Notify {
                continue;
            }
            let response = ResponseBuilder::to(&request, Status::new(status).unwrap()).build();
            let origin = Origin {
                flow: FlowId(1),
                transport: Transport::Udp,
                source: "10.0.0.9:5090".parse().unwrap(),
                local: "10.0.0.1:5062".parse().unwrap(),
            };
            self.say(Word::Heard(Heard::Response {
                id,
                response,
                origin,
            }));
        }
    }
}

const ALL: &str = "sip:20@pbx.test";
const LESS: &str = "sip:21@pbx.test";
const NONE: &str = "sip:22@pbx.test";

const RIGHTS: [&str; 3] = [
    "presence allow user 20",
    "dialog allow user 20@pbx.test",
    "presence allow user 21",
];

#[test]
fn m_100_three_watchers_see_the_right_amount() {
    let mut bench = Bench::watched(&RIGHTS, &[]);
    let watcher = |who, event| Watcher::new(who, event);
    let (mut all, mut calls) = (watcher(ALL, "presence"), watcher(ALL, "dialog"));
    let (mut less, mut peeps) = (watcher(LESS, "presence"), watcher(LESS, "dialog"));
    let mut none = watcher(NONE, "presence");
    assert_eq!(bench.subscribe(&mut all, 600), 200);
    assert_eq!(bench.subscribe(&mut calls, 600), 200);
    assert_eq!(bench.subscribe(&mut less, 600), 200);
    assert_eq!(bench.subscribe(&mut peeps, 600), 403);
    assert_eq!(bench.subscribe(&mut none, 600), 403);
    assert_eq!(bench.part.watchers(), 3, "who is refused costs nothing");
    let (state, kind, body) = bench.notified(&all).unwrap();
    assert_eq!(
        (state.as_str(), kind.as_str()),
        ("active;expires=600", "application/pidf+xml")
    );
    assert!(body.contains("<basic>open</basic>"), "{body}");
    let (_, kind, body) = bench.notified(&calls).unwrap();
    assert_eq!(kind, "application/dialog-info+xml");
    assert!(
        body.contains("state=\"full\"") && !body.contains("<dialog "),
        "{body}"
    );
    bench.answer_notifies(200);
    bench.wait(10);
    bench.call(false, CallState::Ringing);
    assert!(bench.body(&calls).contains("<state>early</state>"));
    bench.answer_notifies(200);
    bench.wait(10);
    bench.call(true, CallState::Answered);
    bench.wait(10);
    let body = bench.body(&calls);
    assert!(
        body.contains("<state>confirmed</state>") && body.contains("sip:102@pbx.test"),
        "{body}"
    );
    assert!(!body.contains("call-id"), "nobody takes it by that: {body}");
    assert!(bench.body(&all).contains("on-the-phone"));
    assert!(
        !bench.body(&less).contains("on-the-phone"),
        "not their business"
    );
    bench.answer_notifies(200);
    bench.call(true, CallState::Ended);
    bench.wait(10);
    assert!(!bench.body(&calls).contains("<dialog "));
    assert!(!bench.body(&all).contains("on-the-phone"));
    let told = bench.watchers.first().unwrap();
    assert_eq!((told.watcher.as_str(), told.sees), (ALL, Sees::Presence));
    assert_eq!(told.origin, RightOrigin::Template);
    assert_eq!(told.right, "presence allow user 20");
    assert_eq!(told.set_by.as_deref(), Some("site.toml:7:12"));
}

/// A server that judges by rights to presence shows what it has to all of them alike: it hears of calls where each of them
/// may see calls too, and where it judges by these rights.
#[test]
fn m_100_a_server_that_judges_hears_of_calls_only_if_all_who_see_presence_may_see_them() {
    let alike = ["presence allow user 20", "dialog allow anybody"];
    let mut bench = Bench::up();
    bench.rights(&RIGHTS, &[]);
    bench.call(true, CallState::Answered);
    assert_eq!(bench.said().0, Doing::OnThePhone, "nobody judges elsewhere");
    bench.answer(200);
    bench.taken(&RIGHTS, &[]);
    assert_eq!(bench.said().0, Doing::Available, "21 may not see calls");
    assert_eq!(bench.last().shown, PresenceState::Available);
    bench.answer(200);
    bench.rights(&alike, &[]);
    assert_eq!(
        bench.said().0,
        Doing::Available,
        "the server goes by others yet"
    );
    bench.taken(&alike, &[]);
    assert_eq!(bench.said().0, Doing::OnThePhone);
    bench.answer(200);
    bench.elsewhere = Elsewhere::Somehow;
    bench.rights(&alike, &[]);
    assert_eq!(bench.said().0, Doing::Available, "nobody knows by which");
    bench.answer(200);
    bench.taken(&alike, &[]);
    assert_eq!(bench.said().0, Doing::OnThePhone);
    bench.answer(200);
    let others = ["presence allow user 20", "dialog allow group sales"];
    bench.taken(&others, &["sales: 21"]);
    assert_eq!(bench.said().0, Doing::Available);
}

/// Whom no right of their own names is asked to come again until the groups of the site are known.
#[test]
fn m_101_who_may_by_a_group_is_known_once_the_groups_are() {
    let mut bench = Bench::new();
    bench.site = Site::Unknown;
    let rights = [
        "presence allow anybody",
        "presence refuse group temps",
        "presence allow user 20",
    ];
    bench.rights(&rights, &[]);
    let mut all = Watcher::new(ALL, "presence");
    bench.subscribe(&mut all, 600);
    assert_eq!(
        bench.answers.last().unwrap().status(),
        Status::OK,
        "20 by itself"
    );
    let mut other = Watcher::new("sip:30@pbx.test", "presence");
    bench.subscribe(&mut other, 600);
    let refused = bench.answers.last().unwrap();
    assert_eq!(refused.status(), Status::TEMPORARILY_UNAVAILABLE);
    assert_eq!(
        refused.headers().text(HeaderName::RetryAfter).as_deref(),
        Some("30")
    );
    bench.site = Site::Known(vec![Group::read("temps: 30").unwrap()]);
    bench.rights(&rights, &[]);
    let mut other = Watcher::new("sip:30@pbx.test", "presence");
    bench.subscribe(&mut other, 600);
    assert_eq!(bench.answers.last().unwrap().status(), Status::FORBIDDEN);
}

#[test]
fn m_100_a_right_that_is_taken_ends_at_once_and_one_that_shrinks_shows_less() {
    let mut bench = Bench::watched(&RIGHTS, &[]);
    let mut all = Watcher::new(ALL, "presence");
    let mut calls = Watcher::new(ALL, "dialog");
    bench.subscribe(&mut all, 600);
    bench.subscribe(&mut calls, 600);
    bench.answer_notifies(200);
    bench.call(true, CallState::Answered);
    bench.wait(10);
    bench.answer_notifies(200);
    assert!(bench.body(&all).contains("on-the-phone"));
    bench.wait(10);
    bench.rights(&["presence allow user 20"], &[]);
    assert_eq!(bench.state(&calls), "terminated;reason=rejected");
    assert_eq!(bench.body(&calls), "", "it sees nothing any more");
    assert!(
        !bench.body(&all).contains("on-the-phone"),
        "it may not know of calls any more"
    );
    bench.answer_notifies(200);
    assert_eq!(bench.part.watchers(), 1);
    assert_eq!(
        bench.watchers.last().unwrap().ended.as_deref(),
        Some("rejected")
    );
    assert_eq!(bench.subscribe(&mut calls, 600), 481);
    bench.rights(&[], &["work: 101, 20"]);
    assert_eq!(bench.watchers.last().unwrap().origin, RightOrigin::Group);
    bench.say(Word::AccountGone {
        account: String::from("work"),
    });
    assert_eq!(bench.state(&all), "terminated;reason=noresource");
    bench.answer_notifies(200);
    assert_eq!(bench.part.watchers(), 0);
}

/// M-101: a member who is not active is refused, and one who becomes so is sent away.
#[test]
fn m_101_a_member_who_is_no_longer_active_sees_nothing_more() {
    let mut bench = Bench::watched(&[], &["work: 101, 20"]);
    let mut all = Watcher::new(ALL, "dialog");
    assert_eq!(bench.subscribe(&mut all, 600), 200);
    bench.answer_notifies(200);
    bench.rights(&[], &["work: 101, inactive 20"]);
    assert_eq!(bench.state(&all), "terminated;reason=rejected");
    bench.answer_notifies(200);
    assert_eq!(bench.subscribe(&mut Watcher::new(ALL, "dialog"), 600), 403);
}

#[test]
fn m_100_what_is_asked_oddly_is_refused_by_name() {
    let mut bench = Bench::watched(&["presence allow anybody", "dialog allow anybody"], &[]);
    let mut odd = Watcher::new(ALL, "presence");
    let status = |bench: &mut Bench, request: RequestBuilder| bench.request(request.build(), false);
    let asked = odd.subscribe(600).remove(HeaderName::Event);
    assert_eq!(status(&mut bench, asked), 489);
    let asked = odd.subscribe(600).remove(HeaderName::Event);
    let asked = asked.header(HeaderName::Event, "message-summary");
    assert_eq!(status(&mut bench, asked), 489);
    let allowed = bench.answers.last().unwrap().headers().text("Allow-Events");
    assert_eq!(allowed.unwrap().to_string(), "presence, dialog");
    let asked = odd.subscribe(600).header(HeaderName::Accept, "text/plain");
    assert_eq!(status(&mut bench, asked), 406);
    assert_eq!(bench.subscribe(&mut odd, 5), 423);
    let least = bench.answers.last().unwrap().headers().text("Min-Expires");
    assert_eq!(least.unwrap().to_string(), "30");
    let asked = odd.subscribe(600).remove(HeaderName::Contact);
    assert_eq!(status(&mut bench, asked), 400);
    let asked = odd.subscribe(600).remove(HeaderName::Expires);
    let asked = asked.header(HeaderName::Expires, "soon");
    assert_eq!(status(&mut bench, asked), 400);
    odd.tag = Some(String::from("w0123456789abcdef"));
    assert_eq!(bench.subscribe(&mut odd, 600), 481);
    let mut nobody = Watcher::new(ALL, "presence");
    let asked = nobody.subscribe(600).remove(HeaderName::To);
    let asked = asked.header(HeaderName::To, "<sip:999@pbx.test>").build();
    let mut asked = asked.edit();
    asked = asked.uri("sip:999@10.0.0.1");
    assert_eq!(status(&mut bench, asked), 404);
    assert_eq!(bench.part.watchers(), 0);
    assert!(bench.part.deadline().is_none());
}

/// Who is named by others is believed only from the account's own servers.
#[test]
fn m_100_who_asks_is_whom_a_server_of_ours_names() {
    let mut bench = Bench::watched(&RIGHTS, &[]);
    let mut asks = Watcher::new(NONE, "presence");
    let named = |asks: &mut Watcher| {
        let asked = asks.subscribe(600);
        asked
            .header("P-Asserted-Identity", format!("<{ALL}>"))
            .build()
    };
    let asked = named(&mut asks);
    assert_eq!(bench.request(asked, false), 403);
    let asked = named(&mut asks);
    assert_eq!(bench.request(asked, true), 200);
    let mut poses = Watcher::new(ALL, "presence");
    let asked = poses.subscribe(600);
    let asked = asked.header("P-Asserted-Identity", format!("<{NONE}>"));
    assert_eq!(bench.request(asked.build(), true), 403);
}

#[test]
fn m_100_five_hundred_watch_and_no_more_and_nobody_has_all_places() {
    let mut bench = Bench::watched(&["presence allow anybody"], &[]);
    for number in 0..EACH + 2 {
        // One address, however it is spelled.
        let uri = format!("{ALL};number={number}");
        let mut greedy = Watcher::new(&uri, "presence");
        greedy.call_id = format!("greedy-{number}");
        let expected = if number < EACH { 200 } else { 503 };
        assert_eq!(bench.subscribe(&mut greedy, 600), expected, "{number}");
    }
    for number in EACH..WATCHERS + 20 {
        let mut one = Watcher::new(&format!("sip:{number}@far.test"), "presence");
        let expected = if number < WATCHERS { 200 } else { 503 };
        assert_eq!(bench.subscribe(&mut one, 600), expected, "{number}");
    }
    let later = bench
        .answers
        .last()
        .unwrap()
        .headers()
        .retry_after()
        .unwrap();
    assert_eq!(later, Some(30));
    assert_eq!(bench.part.watchers(), WATCHERS);
    bench.answer_notifies(200);
    // Nobody refreshes: all are told, and gone.
    bench.wait(601);
    bench.answer_notifies(200);
    assert_eq!(bench.part.watchers(), 0);
    assert!(bench.part.deadline().is_none());
    // One look is one look.
    let mut looks = Watcher::new(LESS, "presence");
    assert_eq!(bench.subscribe(&mut looks, 0), 200);
    assert_eq!(bench.state(&looks), "terminated;reason=timeout");
    bench.answer_notifies(200);
    assert_eq!(bench.part.watchers(), 0);
}

#[test]
fn m_100_who_is_not_there_any_more_is_let_go_and_an_engine_that_stops_says_so() {
    let mut bench = Bench::watched(&["presence allow anybody"], &[]);
    let (mut gone, mut here) = (
        Watcher::new(ALL, "presence"),
        Watcher::new(LESS, "presence"),
    );
    bench.subscribe(&mut gone, 600);
    bench.answer_notifies(481);
    assert_eq!(bench.part.watchers(), 0);
    assert_eq!(
        bench.watchers.last().unwrap().ended.as_deref(),
        Some("refused")
    );
    bench.subscribe(&mut here, 600);
    // Link made anew knows no NOTIFY: it goes out again.
    let before = bench.sent.len();
    bench.say(Word::Restarted(Address::Link));
    assert_eq!(bench.sent.len(), before + 1);
    bench.answer_notifies(200);
    assert_eq!(bench.subscribe(&mut here, 600), 200, "refreshed");
    bench.answer_notifies(200);
    bench.say(Word::Stop);
    assert_eq!(
        bench.state(&here),
        "terminated;reason=probation;retry-after=30"
    );
}

/// Refreshes reach us where the watcher did, or where our server does.
#[test]
fn m_100_contact_is_where_the_watcher_reaches_us() {
    let mut bench = Bench::watched(&["presence allow anybody"], &[]);
    bench.server(Server::Up("sip:101@192.0.2.7:4711".parse().unwrap()));
    for (who, trusted, expected) in [
        (ALL, false, "<sip:101@10.0.0.1:5062>"),
        (LESS, true, "<sip:101@192.0.2.7:4711>"),
    ] {
        let asked = Watcher::new(who, "presence").subscribe(600).build();
        assert_eq!(bench.request(asked, trusted), 200);
        let contact = bench.answers.last().unwrap().headers().text("Contact");
        assert_eq!(contact.unwrap().to_string(), expected);
    }
}
