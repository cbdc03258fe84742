//! The part alone: words in, words out, virtual time.
#![allow(clippy::wildcard_enum_match_arm)] // A test looks for one kind of word.

use super::*;
use base::Redacted;
use control::EventBody;
use ports::{KeepAliveRule, blf, events};
use sip::{FlowId, Origin, Target, Transport};
use sip_message::{HeaderName, Request, ResponseBuilder, Status};

struct Rig {
    part: Registrar,
    now: Instant,
}

impl Rig {
    fn new() -> Self {
        let epoch = Timestamp::from_unix_ms(0);
        Self {
            part: Registrar::new(epoch, Rng::from_number(1)),
            now: Instant::ZERO,
        }
    }

    fn tell(&mut self, word: Word) -> Vec<Post> {
        let mut out = Outbox::new();
        self.part.handle(word, self.now, &mut out);
        std::iter::from_fn(|| out.take()).collect()
    }

    /// Lets time pass up to `until`, and gives what was done meanwhile.
    fn pass(&mut self, until: Instant) -> Vec<(u64, Post)> {
        let mut done = Vec::new();
        while let Some(at) = self.part.deadline().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            let mut out = Outbox::new();
            self.part.handle_time(self.now, &mut out);
            while let Some(post) = out.take() {
                // The server answers every probe (M-006).
                if let Post::Link(link::Word::Send { id, request, .. }) = &post
                    && *request.method() == sip_message::Method::Options
                {
                    let (id, request) = (*id, request.clone());
                    self.answer(id, &request, 200, 0);
                }
                done.push((self.now.as_millis(), post));
            }
        }
        self.now = until;
        done
    }

    fn routed(&mut self) -> Vec<Post> {
        let target = Target::new(Transport::Udp, "192.0.2.1:5060".parse().unwrap());
        let local = "192.0.2.7:5062".parse().unwrap();
        let path = Ok(Path { target, local });
        self.tell(Word::Heard(Heard::Routed { ticket: 1, path }))
    }

    fn answer(
        &mut self,
        id: sip::ClientId,
        request: &Request,
        status: u16,
        expires: u32,
    ) -> Vec<Post> {
        let contact = request
            .headers()
            .text(HeaderName::Contact)
            .unwrap_or_default()
            .to_owned();
        let mut response = ResponseBuilder::to(request, Status::new(status).unwrap()).to_tag("t");
        if status == 200 {
            let contact = contact.split(";expires").next().unwrap_or("").to_owned();
            response = response.header(HeaderName::Contact, format!("{contact};expires={expires}"));
        }
        let origin = Origin {
            flow: FlowId(1),
            transport: Transport::Udp,
            source: "192.0.2.1:5060".parse().unwrap(),
            local: "192.0.2.7:5062".parse().unwrap(),
        };
        let response = response.build();
        self.tell(Word::Heard(Heard::Response {
            id,
            response,
            origin,
        }))
    }
}

fn account() -> Word {
    Word::Add(Box::new(named("main")))
}

fn named(name: &str) -> Account {
    Account {
        name: name.into(),
        aor: "sip:101@pbx.example".parse().unwrap(),
        display_name: String::new(),
        auth_user: "101".into(),
        password: Redacted::new("secret".into()),
        registrar: None,
        standby: None,
        outbound_proxy: None,
        transport: Transport::Udp,
        expires: Duration::from_secs(600),
        keep_alive: KeepAliveRule::None,
        takes_unknown: false,
        allow_message: false,
        tls: std::sync::Arc::default(),
        publish_presence: false,
        conference: String::new(),
        presence: ports::presence::Own::default(),
        policy: std::sync::Arc::default(),
        is_default: false,
        watches: ports::blf::Watches::default(),
    }
}

fn register(posts: &[Post]) -> Option<(sip::ClientId, Request)> {
    posts.iter().find_map(|post| {
        let Post::Link(link::Word::Send { id, request, .. }) = post else {
            return None;
        };
        Some((*id, request.clone()))
    })
}

fn events_of(posts: &[Post]) -> Vec<String> {
    let name = |post: &Post| {
        let Post::Event(events::Word::Tell { body, .. }) = post else {
            return None;
        };
        Some(body.name().to_owned())
    };
    posts.iter().filter_map(name).collect()
}

/// M-001: the states of an account reach the event stream, and Contact names the address that the
/// registrar sees.
#[test]
fn an_account_registers_once_its_way_is_known() {
    let mut rig = Rig::new();
    let posts = rig.tell(account());
    assert_eq!(events_of(&posts), ["account.added"]);
    assert!(
        register(&posts).is_none(),
        "nothing goes out before the way is known"
    );
    let posts = rig.routed();
    assert_eq!(events_of(&posts), ["account.registering"]);
    let (id, request) = register(&posts).unwrap();
    let contact = request.headers().text(HeaderName::Contact).unwrap();
    assert!(contact.contains("sip:101@192.0.2.7:5062"), "{contact}");
    let posts = rig.answer(id, &request, 200, 600);
    assert_eq!(events_of(&posts), ["account.registered"]);
}

/// M-001: `register` on an account that is registered asks the registrar at once and says what came.
#[test]
fn m_001_register_asks_again_at_once_and_says_what_came() {
    let mut rig = Rig::new();
    rig.tell(account());
    let posts = rig.routed();
    let (id, request) = register(&posts).unwrap();
    rig.answer(id, &request, 200, 600);
    let again = || Word::Register {
        account: "main".into(),
    };
    let posts = rig.tell(again());
    assert_eq!(events_of(&posts), ["account.registering"]);
    let (id, request) = register(&posts).unwrap();
    let under_way = rig.tell(again());
    assert!(register(&under_way).is_none(), "one REGISTER at a time");
    let posts = rig.answer(id, &request, 200, 600);
    assert_eq!(events_of(&posts), ["account.registered"]);

    let posts = rig.tell(again());
    let (id, request) = register(&posts).unwrap();
    let posts = rig.answer(id, &request, 503, 0);
    assert_eq!(events_of(&posts), ["account.failed"]);

    // What is still at the registrar is taken out all the same.
    let posts = rig.tell(Word::Unregister {
        account: "main".into(),
    });
    let (_, request) = register(&posts).unwrap();
    let contact = request.headers().text(HeaderName::Contact).unwrap();
    assert!(contact.contains("expires=0"), "{contact}");
}

/// M-009: the connection to the registrar is gone, and the binding is renewed over another one, soon.
#[test]
fn m_009_a_lost_connection_renews_the_bindings_that_used_it() {
    let mut rig = Rig::new();
    rig.tell(account());
    let posts = rig.routed();
    let (id, request) = register(&posts).unwrap();
    rig.answer(id, &request, 200, 600);
    let lost = |address: &str| Word::FlowLost {
        target: Target::new(Transport::Udp, address.parse().unwrap()),
    };
    let is_register = |post: &Post| {
        matches!(post, Post::Link(link::Word::Send { request, .. })
            if *request.method() == sip_message::Method::Register)
    };
    rig.tell(lost("192.0.2.99:5060"));
    let done = rig.pass(Instant::from_millis(5_000));
    assert!(!done.iter().any(|(_, post)| is_register(post)), "{done:?}");
    rig.tell(lost("192.0.2.1:5060"));
    let done = rig.pass(Instant::from_millis(10_000));
    assert!(done.iter().any(|(_, post)| is_register(post)), "{done:?}");
}

/// M-091: whoever watches is told at once that the connection is gone, and again once the binding went over another one.
#[test]
fn m_091_what_was_told_over_a_lost_connection_is_doubted_until_there_is_another() {
    let mut rig = Rig::new();
    rig.tell(account());
    let posts = rig.routed();
    let (id, request) = register(&posts).unwrap();
    rig.answer(id, &request, 200, 600);
    let of_lamps = |post: &Post| match post {
        Post::Blf(blf::Word::Server { server, .. }) => Some(server.clone()),
        _ => None,
    };
    let lost = rig.tell(Word::FlowLost {
        target: Target::new(Transport::Udp, "192.0.2.1:5060".parse().unwrap()),
    });
    let told: Vec<_> = lost.iter().filter_map(of_lamps).collect();
    assert_eq!(told, [blf::Server::Lost]);
    let done = rig.pass(Instant::from_millis(4_000));
    let sent = done.iter().find_map(|(_, post)| match post {
        Post::Link(link::Word::Send { id, request, .. }) => {
            (*request.method() == sip_message::Method::Register).then(|| (*id, request.clone()))
        }
        _ => None,
    });
    let (id, request) = sent.unwrap();
    let posts = rig.answer(id, &request, 200, 600);
    let told: Vec<_> = posts.iter().filter_map(of_lamps).collect();
    assert!(matches!(told[..], [blf::Server::Up(_)]), "{told:?}");
}

/// M-003: refreshed at half of what was granted.
#[test]
fn m_003_the_binding_is_refreshed_at_half_its_lifetime() {
    let mut rig = Rig::new();
    rig.tell(account());
    let posts = rig.routed();
    let (id, request) = register(&posts).unwrap();
    rig.answer(id, &request, 200, 60);
    let is_register = |post: &Post| {
        matches!(post, Post::Link(link::Word::Send { request, .. })
            if *request.method() == sip_message::Method::Register)
    };
    let done = rig.pass(Instant::from_millis(32_000));
    let refreshed = done
        .iter()
        .find(|(_, post)| is_register(post))
        .map(|(at, _)| *at)
        .unwrap();
    assert!((29_000..=31_000).contains(&refreshed), "{refreshed}");
}

#[test]
fn an_unknown_name_is_said_and_looked_for_again() {
    let mut rig = Rig::new();
    rig.tell(account());
    let path = Err(NoPath::UnknownName("sip:pbx.example".into()));
    let posts = rig.tell(Word::Heard(Heard::Routed { ticket: 1, path }));
    let Some(Post::Event(events::Word::Tell { body, .. })) = posts.first() else {
        panic!("{posts:?}");
    };
    let said = format!("{body:?}");
    assert!(
        said.contains("AccountFailed") && said.contains("Dns"),
        "{said}"
    );
    let done = rig.pass(Instant::from_millis(3_000));
    let asked = done
        .iter()
        .any(|(_, post)| matches!(post, Post::Link(link::Word::Route { .. })));
    assert!(asked, "{done:?}");
}

#[test]
fn an_account_without_binding_goes_at_once() {
    let mut rig = Rig::new();
    rig.tell(account());
    let posts = rig.tell(Word::Remove {
        account: "main".into(),
    });
    assert_eq!(events_of(&posts), ["account.removed"]);
    assert_eq!(rig.part.deadline(), None);
}

/// The accounts told of, each as last told, with whether it is the default one.
fn defaults(shown: &mut BTreeMap<String, bool>, posts: &[Post]) -> Vec<(String, bool)> {
    for post in posts {
        let Post::Event(events::Word::Tell { body, .. }) = post else {
            continue;
        };
        match body {
            EventBody::AccountAdded(change) => {
                let snapshot = &change.snapshot;
                shown.insert(snapshot.account.to_string(), snapshot.is_default);
            }
            EventBody::AccountRemoved(change) => {
                shown.remove(change.snapshot.account.as_str());
            }
            _ => {}
        }
    }
    shown.clone().into_iter().collect()
}

/// One account at a time is shown as the default one: the one that last said so, or else the first by name,
/// as for dialling.
#[test]
fn exactly_one_account_is_shown_as_the_default_one() {
    let mut rig = Rig::new();
    let mut shown = BTreeMap::new();
    let wants = |name: &str, is_default| {
        Word::Add(Box::new(Account {
            is_default,
            ..named(name)
        }))
    };
    let gone = |name: &str| Word::Remove {
        account: name.into(),
    };
    let steps = [
        (wants("b", false), "b"),
        (wants("a", false), "a"),
        (wants("c", true), "c"),
        (wants("d", true), "d"),
        (wants("a", false), "d"),
        (gone("d"), "a"),
        (gone("a"), "b"),
    ];
    for (word, default) in steps {
        let what = format!("{word:?}");
        let posts = rig.tell(word);
        let shown = defaults(&mut shown, &posts);
        let named: Vec<&str> = shown
            .iter()
            .filter(|(_, is_default)| *is_default)
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(named, [default], "{what}: {shown:?}");
    }
}

fn for_calls() -> Word {
    let policy = policy::Policy {
        registers: policy::Registers::ForCalls,
        ..policy::Policy::default()
    };
    Word::Add(Box::new(Account {
        policy: std::sync::Arc::new(policy),
        ..named("main")
    }))
}

fn needs(call: &str) -> Word {
    let (account, call) = ("main".into(), call.parse().unwrap());
    Word::CallNeeds { account, call }
}

fn over(call: &str) -> Word {
    let (account, call) = ("main".into(), call.parse().unwrap());
    Word::CallOver { account, call }
}

/// What calls were told of their account: whether it is registered.
fn told_calls(posts: &[Post]) -> Vec<(String, bool)> {
    let told = posts.iter().filter_map(|post| match post {
        Post::Dialogs(ports::dialogs::Word::Registered { call, outcome }) => {
            Some((call.to_string(), outcome.is_ok()))
        }
        _ => None,
    });
    told.collect()
}

fn calls(all: &[(&str, bool)]) -> Vec<(String, bool)> {
    all.iter().map(|&(call, up)| (call.into(), up)).collect()
}

/// K-147: told anew beside a call (another part was made anew), the account is registered as long as the call lasts.
#[test]
fn k_147_an_account_that_is_told_anew_still_goes_with_its_call() {
    let mut rig = Rig::new();
    rig.tell(for_calls());
    rig.tell(needs("c7k2"));
    let (id, request) = register(&rig.routed()).unwrap();
    let posts = rig.answer(id, &request, 200, 600);
    assert_eq!(told_calls(&posts), calls(&[("c7k2", true)]));
    rig.tell(for_calls());
    let (id, request) = register(&rig.routed()).expect("it is registered anew");
    let posts = rig.answer(id, &request, 200, 600);
    assert_eq!(told_calls(&posts), calls(&[]), "the call was told before");
    let (_, request) = register(&rig.tell(over("c7k2"))).unwrap();
    assert_eq!(request.headers().expires().unwrap(), Some(0));
}

/// K-147: no call waits for ever: each is told where its account is unregistered, removed, or asked for again after a
/// failure.
#[test]
fn k_147_every_call_that_waits_is_told() {
    for end in ["unregister", "remove"] {
        let mut rig = Rig::new();
        rig.tell(for_calls());
        rig.tell(needs("c7k2"));
        register(&rig.routed()).unwrap();
        let account = "main".into();
        let posts = rig.tell(match end {
            "unregister" => Word::Unregister { account },
            _ => Word::Remove { account },
        });
        assert_eq!(told_calls(&posts), calls(&[("c7k2", false)]), "{end}");
    }
    let mut rig = Rig::new();
    rig.tell(for_calls());
    rig.tell(needs("c7k2"));
    let (id, request) = register(&rig.routed()).unwrap();
    let posts = rig.answer(id, &request, 403, 0);
    assert_eq!(told_calls(&posts), calls(&[("c7k2", false)]));
    // The first has not said yet that it is over.
    let (id, request) = register(&rig.tell(needs("c9n4"))).expect("the second is tried");
    let posts = rig.answer(id, &request, 200, 600);
    let both = calls(&[("c7k2", true), ("c9n4", true)]);
    assert_eq!(told_calls(&posts), both);
}

/// K-147: a server that is found when nobody needs it any more is not registered at.
#[test]
fn k_147_a_call_that_ended_meanwhile_registers_nothing() {
    let mut rig = Rig::new();
    rig.tell(for_calls());
    rig.tell(needs("c7k2"));
    rig.tell(over("c7k2"));
    assert!(register(&rig.routed()).is_none());
    assert_eq!(rig.part.deadline(), None);
    // Nor is an account whose person took it back.
    rig.tell(for_calls());
    let account = || "main".to_owned();
    rig.tell(Word::Register { account: account() });
    rig.tell(Word::Unregister { account: account() });
    assert!(register(&rig.routed()).is_none());
    rig.tell(Word::Register { account: account() });
    let (id, request) = register(&rig.routed()).unwrap();
    rig.answer(id, &request, 200, 600);
    rig.tell(needs("c9n4"));
    assert!(
        register(&rig.tell(over("c9n4"))).is_none(),
        "it is wanted without a call"
    );
    let (_, request) = register(&rig.tell(Word::Unregister { account: account() })).unwrap();
    assert_eq!(request.headers().expires().unwrap(), Some(0));
}

fn remove() -> Word {
    Word::Remove {
        account: "main".into(),
    }
}

/// Removed and set up again before the server answered: that answer is about the old one.
#[test]
fn an_account_set_up_again_outlives_the_answer_to_its_removal() {
    let mut rig = Rig::new();
    rig.tell(account());
    let (id, request) = register(&rig.routed()).unwrap();
    rig.answer(id, &request, 200, 600);
    let (id, request) = register(&rig.tell(remove())).unwrap();
    rig.tell(account());
    let posts = rig.answer(id, &request, 200, 0);
    let events = events_of(&posts);
    assert!(
        !events.contains(&"account.removed".to_owned()),
        "{events:?}"
    );
    let (id, request) = register(&rig.routed()).expect("the new one registers");
    let posts = rig.answer(id, &request, 200, 600);
    assert_eq!(events_of(&posts), ["account.registered"]);
    let (id, request) = register(&rig.tell(remove())).unwrap();
    let posts = rig.answer(id, &request, 200, 0);
    let events = events_of(&posts);
    assert_eq!(events.last().map(String::as_str), Some("account.removed"));
}

/// While the way of an account that was told anew is looked up, its binding is still at the server.
#[test]
fn an_account_whose_way_is_looked_up_anew_is_removed_from_the_server() {
    let mut rig = Rig::new();
    rig.tell(account());
    let (id, request) = register(&rig.routed()).unwrap();
    rig.answer(id, &request, 200, 600);
    rig.tell(account());
    let posts = rig.tell(remove());
    let (id, request) = register(&posts).expect("its binding is removed");
    assert_eq!(request.headers().expires().unwrap(), Some(0));
    assert!(!events_of(&posts).contains(&"account.removed".to_owned()));
    let posts = rig.answer(id, &request, 200, 0);
    let events = events_of(&posts);
    assert_eq!(events.last().map(String::as_str), Some("account.removed"));
}

/// M-017: told anew while the standby server serves, an account stays there, and dialogs is told so; where it stands by
/// is another one, the primary is tried.
#[test]
fn m_017_an_account_told_anew_stays_with_the_server_that_serves() {
    let two = |standby: &str| {
        Word::Add(Box::new(Account {
            standby: Some(ports::account::Standby {
                server: standby.parse().unwrap(),
                after: Duration::from_secs(30),
            }),
            ..named("main")
        }))
    };
    let asked = |posts: &[Post]| {
        posts.iter().find_map(|post| match post {
            Post::Link(link::Word::Route { uri, .. }) => Some(uri.to_string()),
            _ => None,
        })
    };
    let calls_go = |posts: &[Post]| {
        posts.iter().find_map(|post| match post {
            Post::Dialogs(ports::dialogs::Word::Registrar { registrar, .. }) => {
                registrar.as_ref().map(ToString::to_string)
            }
            _ => None,
        })
    };
    let mut rig = Rig::new();
    rig.tell(two("sip:b.example"));
    rig.routed();
    rig.pass(Instant::from_millis(31_000));
    let (id, request) = register(&rig.routed()).unwrap();
    rig.answer(id, &request, 200, 600);
    let posts = rig.tell(two("sip:b.example"));
    assert_eq!(asked(&posts).as_deref(), Some("sip:b.example"));
    assert_eq!(calls_go(&posts).as_deref(), Some("sip:b.example"));
    let posts = rig.tell(two("sip:c.example"));
    assert_eq!(asked(&posts).as_deref(), Some("sip:pbx.example"));
    assert_eq!(calls_go(&posts), None);
}
