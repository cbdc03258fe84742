//! Commands alone: what each of their fields leads to.
#![allow(clippy::wildcard_enum_match_arm)] // A test looks for one kind of word.

mod coded;
mod said;
mod shows;

use super::*;
use crate::hub::Identity;
use control::command::AddAccount;
use control::command::{Decline, SendDtmf, Shutdown, Transport};
use control::event::{AccountChange, CallCreated};
use control::snapshot::{AccountSnapshot, AccountState, CallDirection, CallSnapshot, CallState};
use control::{AccountHandle, CallHandle, Timestamp};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

struct Rig {
    commands: Commands,
    hub: Hub,
    posts: Rc<RefCell<Vec<Post>>>,
    /// Presence has too much to do.
    busy: Rc<Cell<bool>>,
}

impl Rig {
    fn new() -> Self {
        let posts = Rc::new(RefCell::new(Vec::new()));
        let taken = Rc::clone(&posts);
        let busy = Rc::new(Cell::new(false));
        let is_busy = Rc::clone(&busy);
        let carry = move |post| match post {
            Post::Presence(_) if is_busy.get() => Err(post),
            post => {
                taken.borrow_mut().push(post);
                Ok(())
            }
        };
        let identity = Identity {
            version: "1".into(),
            profile: "test".into(),
            epoch: Timestamp::from_unix_ms(0),
            remember: true,
        };
        Self {
            commands: Commands::new(Box::new(carry), Handles::from(0)),
            hub: Hub::new(identity),
            posts,
            busy,
        }
    }

    fn ask(&mut self, command: Command) -> Result<Vec<Post>, ErrorObject> {
        let (_, outcome) = self.commands.take(command, None, &self.hub, Instant::ZERO);
        let posts = std::mem::take(&mut *self.posts.borrow_mut());
        outcome.map(|_| posts)
    }

    /// The hub as it is after the registrar has told of an account.
    fn shows(&mut self, name: &str, is_default: bool) {
        let account: AccountHandle = name.parse().unwrap();
        let snapshot = AccountSnapshot {
            account: account.clone(),
            aor: format!("sip:{name}@pbx.example"),
            state: AccountState::Unregistered,
            is_default,
            transport: None,
            server: None,
            server_name: None,
            on_standby: false,
            contact: None,
            until: None,
            expires_s: None,
            rtt_ms: None,
            since: None,
            next_try_s: None,
            do_not_disturb: false,
            forwarding: control::receiving::Forwarding::default(),
            cause: None,
            error: None,
        };
        let body = control::EventBody::AccountAdded(Box::new(AccountChange::of(snapshot)));
        self.tell(Some(account), None, body);
    }

    /// A call in this state, in the hub.
    fn call(&mut self, direction: CallDirection, state: CallState) -> CallHandle {
        self.shows("a", true);
        let dial = Command::Dial(Dial {
            to: "200".into(),
            account: None,
            ring_for_s: None,
            headers: std::collections::BTreeMap::new(),
            action: None,
        });
        let (_, reply) = self.commands.take(dial, None, &self.hub, Instant::ZERO);
        self.posts.borrow_mut().clear();
        let Ok(Reply::Call { call }) = reply else {
            panic!("{reply:?}");
        };
        let snapshot = CallSnapshot {
            direction,
            state,
            ..*call
        };
        let handle = snapshot.call;
        let body = control::EventBody::CallCreated(Box::new(CallCreated {
            direction,
            from: snapshot.from.uri.clone(),
            to: snapshot.to.uri.clone(),
            display: None,
            headers: std::collections::BTreeMap::new(),
            snapshot,
        }));
        self.tell(None, Some(handle), body);
        handle
    }

    fn tell(
        &mut self,
        account: Option<AccountHandle>,
        call: Option<CallHandle>,
        body: control::EventBody,
    ) {
        let word = ports::events::Word::Tell {
            at: Instant::ZERO,
            account,
            call,
            command: None,
            body,
        };
        self.hub.take(word, Instant::ZERO);
    }
}

fn add(name: &str) -> AddAccount {
    AddAccount {
        account: name.parse().unwrap(),
        user: "u 1".into(),
        domain: "pbx.example".into(),
        auth_user: Some("login".into()),
        password: Some(control::Secret::new("secret")),
        display: Some("Alice".into()),
        registrar: Some("reg.example".into()),
        standby: Some("standby.example".into()),
        standby_after_s: None,
        outbound_proxy: Some("sip:proxy.example:5070".into()),
        transport: Transport::Tcp,
        tls: None,
        expires_s: Some(90),
        register: true,
        udp_from_unknown: false,
        make_default: true,
    }
}

fn added(posts: &[Post]) -> Account {
    let account = posts.iter().find_map(|post| match post {
        Post::Registrar(registrar::Word::Add(account)) => Some((**account).clone()),
        _ => None,
    });
    let told = posts
        .iter()
        .any(|post| matches!(post, Post::Dialogs(dialogs::Word::Account(_))));
    assert!(told, "dialogs is told too");
    account.expect("the registrar is told")
}

#[test]
fn every_field_of_a_new_account_is_passed_on() {
    let mut rig = Rig::new();
    let posts = rig.ask(Command::AddAccount(Box::new(add("a")))).unwrap();
    let account = added(&posts);
    assert_eq!(account.name, "a");
    assert_eq!(account.aor.to_string(), "sip:u%201@pbx.example");
    assert_eq!(account.auth_user, "login");
    assert_eq!(account.password.reveal(), "secret");
    assert_eq!(account.display_name, "Alice");
    let text = |uri: Option<sip_message::Uri>| uri.map(|uri| uri.to_string());
    assert_eq!(
        text(account.registrar).unwrap(),
        "sip:reg.example;transport=tcp"
    );
    let standby = account.standby.expect("the standby server");
    assert_eq!(standby.after, Duration::from_secs(30), "M-017");
    assert_eq!(
        standby.server.to_string(),
        "sip:standby.example;transport=tcp"
    );
    assert_eq!(
        text(account.outbound_proxy).unwrap(),
        "sip:proxy.example:5070;transport=tcp"
    );
    assert_eq!(account.transport, sip::Transport::Tcp);
    assert_eq!(account.expires, Duration::from_secs(90));
    assert!(account.is_default);
    let quiet = AddAccount {
        register: false,
        udp_from_unknown: false,
        make_default: false,
        ..add("b")
    };
    let posts = rig.ask(Command::AddAccount(Box::new(quiet))).unwrap();
    let account = added(&posts);
    assert!(account.expires.is_zero(), "it does not register");
    assert!(!account.is_default);
}

/// What a server's URI says itself stands above the account's transport.
#[test]
fn a_server_that_names_its_transport_keeps_it() {
    let mut rig = Rig::new();
    let named = AddAccount {
        registrar: Some("sip:reg.example;transport=udp".into()),
        outbound_proxy: Some("sips:proxy.example".into()),
        ..add("a")
    };
    let posts = rig.ask(Command::AddAccount(Box::new(named))).unwrap();
    let account = added(&posts);
    let text = |uri: Option<sip_message::Uri>| uri.map(|uri| uri.to_string());
    assert_eq!(
        text(account.registrar).unwrap(),
        "sip:reg.example;transport=udp"
    );
    assert_eq!(text(account.outbound_proxy).unwrap(), "sips:proxy.example");
}

/// A part that is made anew is told of one default account only: the last that was to be it.
#[test]
fn the_default_account_is_remembered() {
    let mut rig = Rig::new();
    rig.ask(Command::AddAccount(Box::new(add("a")))).unwrap();
    rig.ask(Command::AddAccount(Box::new(add("b")))).unwrap();
    rig.commands.repeat_accounts();
    let posts = rig.posts.borrow();
    let told = posts.iter().filter_map(|post| match post {
        Post::Dialogs(dialogs::Word::Account(account)) => {
            Some((account.name.clone(), account.is_default))
        }
        _ => None,
    });
    let told: Vec<_> = told.collect();
    assert_eq!(told, [("a".to_owned(), false), ("b".to_owned(), true)]);
}

#[test]
fn a_call_is_made_from_the_account_named_or_else_the_default_one() {
    let mut rig = Rig::new();
    rig.shows("a", false);
    rig.shows("b", true);
    rig.shows("c", false);
    for (named, used) in [(None, "b"), (Some("c"), "c")] {
        let dial = Dial {
            to: "200".into(),
            account: named.map(|name: &str| name.parse().unwrap()),
            ring_for_s: Some(7),
            headers: [("X-A".to_owned(), "1".to_owned())].into(),
            action: None,
        };
        let posts = rig.ask(Command::Dial(dial)).unwrap();
        let Some(Post::Dialogs(dialogs::Word::Dial {
            account,
            to,
            ring_for,
            headers,
            ..
        })) = posts.first()
        else {
            panic!("{posts:?}");
        };
        assert_eq!(account.as_deref(), Some(used));
        assert_eq!(to, "200");
        assert_eq!(*ring_for, Some(Duration::from_secs(7)));
        assert_eq!(headers, &[("X-A".to_owned(), "1".to_owned())]);
    }
}

#[test]
fn a_call_is_declined_with_the_status_asked_for_or_603() {
    let mut rig = Rig::new();
    let call = rig.call(CallDirection::Incoming, CallState::Ringing);
    for (asked, sent) in [(None, 603), (Some(486), 486), (Some(400), 400)] {
        let posts = rig
            .ask(Command::Decline(Decline {
                call: None,
                status: asked,
            }))
            .unwrap();
        let [
            Post::Dialogs(dialogs::Word::Decline {
                call: on, status, ..
            }),
        ] = posts.as_slice()
        else {
            panic!("{posts:?}");
        };
        assert_eq!((*on, *status), (call, Some(sent)));
    }
    for status in [0, 180, 200, 302, 399, 700] {
        let decline = Decline {
            call: None,
            status: Some(status),
        };
        let error = rig.ask(Command::Decline(decline)).unwrap_err();
        assert_eq!(error.code, Code::USAGE, "{status}");
    }
}

#[test]
fn m_068_hold_means_the_newest_call_that_is_up() {
    let mut rig = Rig::new();
    let call = rig.call(CallDirection::Incoming, CallState::Answered);
    let none = || control::command::CallRef { call: None };
    let posts = rig.ask(Command::Hold(none())).unwrap();
    let held = matches!(
        posts.as_slice(),
        [Post::Dialogs(dialogs::Word::Hold { call: on, .. })] if *on == call
    );
    assert!(held, "{posts:?}");
    // None of them is held.
    for asked in [Command::Resume(none()), Command::Swap(none())] {
        assert_eq!(rig.ask(asked).unwrap_err().code, Code::UNKNOWN_CALL);
    }
    let named = control::command::CallRef { call: Some(call) };
    assert!(rig.ask(Command::Resume(named)).is_ok());
    assert_eq!(
        rig.ask(Command::Swap(named)).unwrap_err().code,
        Code::WRONG_STATE
    );
}

#[test]
fn digits_last_as_long_as_asked_for_within_bounds() {
    let mut rig = Rig::new();
    let call = rig.call(CallDirection::Outgoing, CallState::Answered);
    let mut send = |duration_ms| {
        rig.ask(Command::SendDtmf(SendDtmf {
            call: Some(call),
            digits: "12#".parse().unwrap(),
            duration_ms,
        }))
    };
    for asked in [None, Some(40), Some(8_000)] {
        let posts = send(asked).unwrap();
        let [
            Post::Dialogs(dialogs::Word::Digits {
                digits,
                duration_ms,
                ..
            }),
        ] = posts.as_slice()
        else {
            panic!("{posts:?}");
        };
        assert_eq!((digits.as_str(), *duration_ms), ("12#", asked));
    }
    for asked in [0, 39, 8_001] {
        assert_eq!(send(Some(asked)).unwrap_err().code, Code::USAGE, "{asked}");
    }
}

#[test]
fn the_reason_of_a_shutdown_is_kept_and_nothing_more_is_taken() {
    let mut rig = Rig::new();
    let shutdown = Shutdown {
        reason: Some("new version".into()),
    };
    rig.ask(Command::Shutdown(shutdown)).unwrap();
    assert!(rig.commands.stopping);
    assert_eq!(rig.commands.reason.as_deref(), Some("new version"));
    let again = rig.ask(Command::Shutdown(Shutdown::default()));
    assert_eq!(again.unwrap_err().code, Code::STOPPING);
}

#[test]
fn a_key_stands_for_one_command_and_no_other() {
    let mut rig = Rig::new();
    let key: IdempotencyKey = "K1".parse().unwrap();
    let (hub, now) = (&rig.hub, Instant::ZERO);
    let mut ask = |command: Command| rig.commands.take(command, Some(key.clone()), hub, now);
    let first = ask(Command::AddAccount(Box::new(add("a"))));
    assert_eq!(ask(Command::AddAccount(Box::new(add("a")))), first);
    let (_, other) = ask(Command::AddAccount(Box::new(add("b"))));
    let error = other.unwrap_err();
    assert_eq!(error.code, Code::USAGE);
    assert!(error.detail.contains("another command"), "{error}");
    let posts = rig.posts.take();
    assert_eq!(added(&posts).name, "a");
    assert!(
        !format!("{posts:?}").contains("\"b\""),
        "it was not carried out"
    );
}

/// A number that is given to somebody else begins without the forwarding of who had it before.
#[test]
fn forwarding_does_not_go_over_to_the_next_owner_m_023() {
    use control::receiving::{Forward, ForwardWhen};
    let mut rig = Rig::new();
    rig.ask(Command::AddAccount(Box::new(add("a")))).unwrap();
    rig.shows("a", true);
    let forward = Forward {
        account: None,
        when: ForwardWhen::Always,
        to: Some("200".into()),
        after_s: None,
    };
    let forwards = |posts: &[Post]| {
        let policy = added(posts).policy;
        policy.receiving.forwarding.always.clone()
    };
    rig.ask(Command::Forward(forward)).unwrap();
    let same = rig.ask(Command::AddAccount(Box::new(add("a")))).unwrap();
    assert_eq!(forwards(&same).as_deref(), Some("200"));
    let next = AddAccount {
        auth_user: Some("somebody else".into()),
        ..add("a")
    };
    let next = rig.ask(Command::AddAccount(Box::new(next))).unwrap();
    assert_eq!(forwards(&next), None);
}
