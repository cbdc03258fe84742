//! A server that is dialled by a code, so that it sends calls elsewhere itself (M-133).

use super::*;
use crate::coded::{Verdict, watch};
use control::EndCause;
use control::EndedBy;
use control::event::{AnsweredBy, CallAnswered, CallEnded};
use control::receiving::{Forward, ForwardWhen};
use ports::events;

fn to(when: ForwardWhen, to: Option<&str>) -> Command {
    Command::Forward(Forward {
        account: None,
        when,
        to: to.map(str::to_owned),
        after_s: None,
    })
}

fn always(target: &str) -> Command {
    to(ForwardWhen::Always, Some(target))
}

impl Rig {
    /// An account in Stuttgart, which dials 0 for the outside, and 9 before stars; its server has codes.
    fn with_codes() -> Self {
        let mut of = account(add("a")).unwrap();
        let codes = ["always on *21*%target%#", "always off #21#"];
        let policy = Arc::make_mut(&mut of.policy);
        let codes = codes.map(|line| policy::forward::Code::read(line).unwrap());
        policy.receiving.forwarding_codes = codes.to_vec();
        let here = policy::Location {
            trunk_access: "0".to_owned(),
            ..policy::Location::germany("711")
        };
        policy.dialling.location = Some(here);
        let mut rig = Self::new();
        rig.commands.add_account(of).unwrap();
        rig.posts.take();
        rig
    }

    fn goes_to(&self) -> Option<String> {
        let receiving = &self.commands.accounts[0].policy.receiving;
        receiving.forwarding.always.clone()
    }

    fn dials(&mut self, command: Command) -> (String, CallHandle) {
        let posts = self.ask(command).unwrap();
        let dialled = posts.into_iter().find_map(|post| match post {
            Post::Dialogs(dialogs::Word::Dial { to, call, .. }) => Some((to, call)),
            _ => None,
        });
        dialled.expect("the server is dialled")
    }

    fn hears(&mut self, call: CallHandle, verdict: &Verdict) -> Vec<Post> {
        self.commands.code_heard(call, verdict, Instant::ZERO);
        self.posts.take()
    }
}

/// It is dialled past the person's own rules, with the number in it as it is dialled here; who cannot be called, and a
/// target that no code takes, change nothing.
#[test]
fn m_133_a_server_is_dialled_by_its_code() {
    let mut rig = Rig::with_codes();
    // Nobody knows the account yet, so nobody can be called.
    assert!(rig.ask(always("600")).is_err());
    assert_eq!(rig.goes_to(), None);
    rig.shows("a", true);
    let refused = rig.ask(always("sip:a@b.test")).unwrap_err();
    assert_eq!(refused.code, Code::BAD_ADDRESS);
    let posts = rig
        .ask(to(ForwardWhen::Busy, Some("sip:a@b.test")))
        .unwrap();
    let dial = |post: &Post| matches!(post, Post::Dialogs(dialogs::Word::Dial { .. }));
    assert!(!posts.iter().any(dial), "the server has no code for it");
    for (target, dialled) in [
        (Some("600"), "*21*600%23"),
        (Some("+49711500"), "*21*00711500%23"),
        (Some("+431500"), "*21*000431500%23"),
        (None, "%2321%23"),
    ] {
        let (address, call) = rig.dials(to(ForwardWhen::Always, target));
        let user = address
            .strip_prefix("sip:")
            .and_then(|of| of.split('@').next());
        assert_eq!(user, Some(dialled), "{address}");
        rig.hears(call, &Verdict::Taken);
        assert_eq!(rig.goes_to().as_deref(), target, "here too");
    }
}

/// What the server refuses does not hold, and the person hears why; what it takes does.
#[test]
fn m_133_what_the_server_refuses_does_not_hold() {
    let mut rig = Rig::with_codes();
    rig.shows("a", true);
    let (_, call) = rig.dials(always("600"));
    assert_eq!(rig.goes_to(), None, "nobody knows yet");
    let busy = rig.ask(always("700")).unwrap_err();
    assert_eq!(busy.code, Code::WRONG_STATE, "one at a time");
    let refused = Verdict::Refused("the server said 403 Forbidden".to_owned());
    assert!(
        rig.hears(CallHandle::from_number(77), &Verdict::Taken)
            .is_empty()
    );
    let posts = rig.hears(call, &refused);
    let [
        Post::Event(events::Word::Tell {
            call: of,
            command: Some(_),
            body: control::EventBody::CallWarning(told),
            ..
        }),
    ] = posts.as_slice()
    else {
        panic!("{posts:?}");
    };
    assert_eq!((*of, told.code), (Some(call), Code::FORWARDING_REFUSED));
    assert!(told.text.contains("403 Forbidden"), "{}", told.text);
    assert_eq!(rig.goes_to(), None);
    let (_, call) = rig.dials(always("700"));
    let posts = rig.hears(call, &Verdict::Taken);
    let is_told = |post: &Post| matches!(post, Post::Registrar(registrar::Word::Policy { .. }));
    assert!(posts.iter().any(is_told), "the account shows it");
    assert_eq!(rig.goes_to().as_deref(), Some("700"));
    assert!(rig.hears(call, &refused).is_empty(), "it is told once");
}

/// The account became somebody else's while its server was dialled.
#[test]
fn m_023_what_was_said_of_an_account_is_not_said_of_the_next_ones() {
    let mut rig = Rig::with_codes();
    rig.shows("a", true);
    let (_, call) = rig.dials(always("600"));
    rig.commands.accounts[0].auth_user = String::from("somebody else");
    let posts = rig.hears(call, &Verdict::Taken);
    let is_told = |post: &Post| match post {
        Post::Event(events::Word::Tell {
            body: control::EventBody::CallWarning(told),
            ..
        }) => told.code == Code::UNKNOWN_ACCOUNT,
        _ => false,
    };
    assert!(posts.iter().all(is_told) && posts.len() == 1, "{posts:?}");
    assert_eq!(rig.goes_to(), None);
}

/// Nobody is held for a code.
#[test]
fn m_133_no_code_is_dialled_beside_a_call() {
    let mut rig = Rig::with_codes();
    let call = rig.call(CallDirection::Incoming, CallState::Answered);
    let refused = rig.ask(always("600")).unwrap_err();
    assert_eq!(
        (refused.code, refused.call),
        (Code::WRONG_STATE, Some(call))
    );
    assert_eq!(refused.fix, "say it again after that call");
    assert_eq!(rig.goes_to(), None);
}

fn tell(of: CallHandle, body: control::EventBody) -> events::Word {
    events::Word::Tell {
        at: Instant::ZERO,
        account: None,
        call: Some(of),
        command: None,
        body,
    }
}

fn ended(snapshot: CallSnapshot, sip_status: Option<u16>, by: EndedBy) -> events::Word {
    let of = snapshot.call;
    let told = CallEnded {
        by,
        cause: EndCause::Failed,
        sip_status,
        reason_header: None,
        q850_cause: None,
        reason_text: None,
        duration_ms: 0,
        mos_avg: None,
        codec: None,
        error: None,
        snapshot,
    };
    tell(of, control::EventBody::CallEnded(Box::new(told)))
}

fn answered(snapshot: CallSnapshot) -> events::Word {
    let of = snapshot.call;
    let told = CallAnswered {
        by: AnsweredBy::User,
        setup_ms: 1,
        codec: None,
        security: "none".to_owned(),
        snapshot,
    };
    tell(of, control::EventBody::CallAnswered(Box::new(told)))
}

/// The events of one call decide, and those of no other: the first that does.
#[test]
fn m_133_the_verdict_is_what_became_of_the_call() {
    let mut rig = Rig::with_codes();
    let other = rig.call(CallDirection::Outgoing, CallState::Progress);
    let call = rig.call(CallDirection::Outgoing, CallState::Progress);
    let snapshot = |of: CallHandle| rig.hub.calls()[&of].clone();
    let ended = |of, status, by| ended(snapshot(of), status, by);
    let answered = |of| answered(snapshot(of));
    let lost = || events::Word::Panicked {
        who: ports::Address::Dialogs,
        why: "x".to_owned(),
        down: false,
    };
    let no = |why: &str| Verdict::Refused(why.to_owned());
    for (word, verdict) in [
        (answered(call), Verdict::Taken),
        (
            ended(call, Some(403), EndedBy::Remote),
            no("the server said 403 Forbidden"),
        ),
        (
            ended(call, Some(487), EndedBy::Local),
            no("the call was ended before the server answered"),
        ),
        (lost(), no("the call was lost")),
    ] {
        let (watch, mut verdicts) = watch();
        watch.hear(&word);
        watch.awaited.set(Some(call));
        watch.hear(&answered(other));
        assert!(verdicts.try_recv().is_err());
        watch.hear(&word);
        watch.hear(&ended(call, Some(500), EndedBy::Remote));
        assert_eq!(verdicts.try_recv(), Ok((call, verdict)));
        assert!(verdicts.try_recv().is_err());
    }
}
