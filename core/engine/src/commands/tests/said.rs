//! What a person said, over a restart and a login.

use super::*;
use control::PresenceState;
use control::command::AccountRef;
use control::receiving::{DoNotDisturb, Forward, ForwardWhen};
use control::watcher::{RightRef, SetRight};
use control::{RightOrigin, Sees};
use policy::watch::Group;
use ports::Said;
use ports::presence::Own;
use ports::store::{Do, Sayings};

impl Rig {
    /// The last word of what is to be kept.
    fn kept(&mut self, command: Command) -> Option<Sayings> {
        let posts = self.ask(command).unwrap();
        posts.into_iter().find_map(|post| match post {
            Post::Store(Do::Say(of)) => Some(*of),
            _ => None,
        })
    }

    /// An engine that starts where another one kept this.
    fn started(kept: &[Sayings], accounts: Vec<Account>) -> (Self, Vec<Post>) {
        let mut rig = Self::new();
        rig.commands.said_before(kept.to_vec());
        for account in accounts {
            rig.commands.add_account(account).unwrap();
        }
        let posts = rig.posts.take();
        (rig, posts)
    }
}

/// As settings have it: it disturbs, and sends calls to 900 when busy.
fn of_settings(auth_user: &str) -> Account {
    let add = AddAccount {
        auth_user: Some(auth_user.into()),
        ..add("a")
    };
    let mut account = account(add).unwrap();
    account.publish_presence = true;
    let policy = Arc::make_mut(&mut account.policy);
    policy.receiving.forwarding.busy = Some("900".into());
    let right = "presence allow user 20".parse_right();
    policy.watching.template.push(right);
    account
}

trait ParseRight {
    fn parse_right(&self) -> policy::watch::Right;
}

impl ParseRight for str {
    fn parse_right(&self) -> policy::watch::Right {
        policy::watch::Right::read(self).unwrap()
    }
}

fn dnd(on: bool) -> Command {
    Command::DoNotDisturb(DoNotDisturb { account: None, on })
}

fn forward(when: ForwardWhen, to: Option<&str>) -> Command {
    Command::Forward(Forward {
        account: None,
        when,
        to: to.map(str::to_owned),
        after_s: Some(20),
    })
}

fn refuse(whom: &str) -> Command {
    Command::WatcherAllow(SetRight {
        sees: Sees::Presence,
        whom: whom.into(),
        allowed: false,
        account: None,
    })
}

fn away() -> Command {
    Command::PresenceSet(control::presence::SetPresence {
        state: PresenceState::Away,
        note: Some("at lunch".into()),
        until: None,
        account: None,
    })
}

/// M-097, M-102, M-133, M-135: all of it is there at the next start, before what the settings say.
#[test]
fn m_097_m_102_m_133_m_135_what_was_said_is_said_again_at_the_next_start() {
    let (mut rig, _) = Rig::started(&[], vec![of_settings("login")]);
    rig.kept(dnd(true)).unwrap();
    rig.kept(forward(ForwardWhen::NoAnswer, Some("600")));
    rig.kept(forward(ForwardWhen::Busy, None));
    rig.kept(refuse("user 20@pbx.example"));
    let kept = rig.kept(away()).unwrap();
    assert_eq!(rig.kept(away()), None, "it is the same");
    let (mut rig, posts) = Rig::started(std::slice::from_ref(&kept), vec![of_settings("login")]);
    let account = added(&posts);
    let receiving = &account.policy.receiving;
    assert!(receiving.do_not_disturb.on);
    let wait = Duration::from_secs(20);
    assert_eq!(receiving.forwarding.no_answer, Some((wait, "600".into())));
    assert_eq!(receiving.forwarding.busy, None, "the person took it away");
    let own = Own {
        state: PresenceState::Away,
        note: "at lunch".into(),
        until: None,
    };
    assert_eq!(account.presence, own);
    let said = ["presence refuse user 20@pbx.example".parse_right()];
    assert_eq!(account.policy.watching.person, said);
    assert_eq!(account.policy.watching.template.len(), 1);
    // The settings were changed meanwhile: the person's word stands before them.
    let mut changed = of_settings("login");
    let policy = Arc::make_mut(&mut changed.policy);
    policy.receiving.forwarding.always = Some("700".into());
    let (_, posts) = Rig::started(std::slice::from_ref(&kept), vec![changed]);
    assert_eq!(added(&posts).policy.receiving.forwarding.always, None);
    // What is said as the settings have it gives the word back to them, bit by bit.
    let less = rig.kept(dnd(false)).unwrap();
    assert_eq!(less.said.do_not_disturb, None);
    rig.kept(forward(ForwardWhen::NoAnswer, None));
    let less = rig.kept(forward(ForwardWhen::Busy, Some("900"))).unwrap();
    assert_eq!(less.said.forwarding, None);
    rig.kept(Command::WatcherForget(RightRef {
        sees: Sees::Presence,
        whom: "user 20@pbx.example".into(),
        account: None,
    }));
    let last = rig.kept(Command::PresenceSet(control::presence::SetPresence {
        state: PresenceState::Available,
        note: None,
        until: None,
        account: None,
    }));
    assert!(last.unwrap().said.is_empty(), "nothing is kept any more");
}

/// M-022, M-023: the next person on this machine finds nothing; who logs in again finds their own.
#[test]
fn m_022_m_023_nobody_else_finds_what_was_said_and_who_comes_back_does() {
    let (mut rig, _) = Rig::started(&[], vec![of_settings("ann")]);
    rig.shows("a", true);
    rig.kept(dnd(true)).unwrap();
    let kept = rig.kept(refuse("anybody")).unwrap();
    let logout = || {
        Command::RemoveAccount(control::command::AccountRef {
            account: "a".parse().unwrap(),
        })
    };
    let login = |who: &str| {
        Command::AddAccount(Box::new(AddAccount {
            auth_user: Some(who.into()),
            ..add("a")
        }))
    };
    rig.ask(logout()).unwrap();
    let bob = added(&rig.ask(login("bob")).unwrap());
    assert!(!bob.policy.receiving.do_not_disturb.on && bob.policy.watching.person.is_empty());
    rig.ask(logout()).unwrap();
    let ann = added(&rig.ask(login("ann")).unwrap());
    assert!(ann.policy.receiving.do_not_disturb.on);
    assert_eq!(ann.policy.watching.person.len(), 1);
    // And at the next start.
    let (_, posts) = Rig::started(&[kept], vec![of_settings("bob")]);
    assert!(!added(&posts).policy.receiving.do_not_disturb.on);
}

/// A disk that is slow: what was said before counts once it is known, beside what was said meanwhile, and never instead.
#[test]
fn m_135_what_is_known_late_counts_late_and_never_instead_of_something_newer() {
    let said = Said {
        do_not_disturb: Some(true),
        ..Said::default()
    };
    let owner = of_settings("login").owner();
    let kept = vec![Sayings { owner, said }];
    let (mut rig, _) = Rig::started(&[], vec![of_settings("login")]);
    rig.commands.said_before(kept.clone());
    let posts = rig.posts.take();
    let is_on = |post: &Post| match post {
        Post::Dialogs(dialogs::Word::Policy { policy, .. }) => policy.receiving.do_not_disturb.on,
        _ => false,
    };
    assert!(posts.iter().any(is_on));
    let (mut rig, _) = Rig::started(&[], vec![of_settings("login")]);
    let said = rig.kept(forward(ForwardWhen::Always, Some("700"))).unwrap();
    assert_eq!(said.said.do_not_disturb, None);
    rig.commands.said_before(kept.clone());
    let posts = rig.posts.take();
    assert!(posts.iter().any(is_on));
    let kept_now = |posts: &[Post]| {
        posts.iter().find_map(|post| match post {
            Post::Store(Do::Say(of)) => Some(of.said.clone()),
            _ => None,
        })
    };
    let both = kept_now(&posts).expect("both are kept");
    assert_eq!(both.do_not_disturb, Some(true));
    assert_eq!(both.forwarding.unwrap().always.as_deref(), Some("700"));
    // Who said otherwise meanwhile means that.
    let (mut rig, _) = Rig::started(&[], vec![of_settings("login")]);
    rig.kept(forward(ForwardWhen::Always, Some("700"))).unwrap();
    let mut older = kept;
    older[0].said.forwarding = Some(control::receiving::Forwarding {
        always: Some("800".into()),
        ..Default::default()
    });
    rig.commands.said_before(older);
    let both = kept_now(&rig.posts.take()).expect("the newer one is kept");
    assert_eq!(both.forwarding.unwrap().always.as_deref(), Some("700"));
}

/// What a slow disk has kept.
fn older() -> Said {
    Said {
        presence: Some(Own {
            state: PresenceState::Away,
            note: String::new(),
            until: None,
        }),
        do_not_disturb: Some(true),
        forwarding: Some(control::receiving::Forwarding {
            always: Some("800".into()),
            ..Default::default()
        }),
        watchers: vec![
            "presence refuse user 20@pbx.example".into(),
            "presence refuse user 30@pbx.example".into(),
        ],
    }
}

/// The account, and what is kept of it, where all of that was said before the disk spoke.
fn slow(commands: Vec<Command>) -> (Account, Option<Said>) {
    let mut rig = Rig::new();
    rig.commands.add_account(of_settings("login")).unwrap();
    for command in commands {
        rig.ask(command).unwrap();
    }
    let (owner, said) = (of_settings("login").owner(), older());
    rig.commands.said_before(vec![Sayings { owner, said }]);
    let kept = rig.posts.take().into_iter().find_map(|post| match post {
        Post::Store(Do::Say(of)) => Some(of.said),
        _ => None,
    });
    (rig.commands.accounts[0].clone(), kept)
}

/// M-097, M-102, M-133, M-135: what was said and taken back before a slow disk spoke does not come back.
#[test]
fn m_097_m_102_m_133_m_135_what_was_taken_back_before_the_store_spoke_stays_so() {
    let (account, kept) = slow(Vec::new());
    assert!(account.policy.receiving.do_not_disturb.on);
    assert_eq!(kept, None, "it is kept already");
    // As settings have it, all of it: the word is given back to them.
    let here = Command::PresenceSet(control::presence::SetPresence {
        state: PresenceState::Available,
        note: None,
        until: None,
        account: None,
    });
    let (account, kept) = slow(vec![
        away(),
        here,
        dnd(true),
        dnd(false),
        forward(ForwardWhen::Always, Some("700")),
        forward(ForwardWhen::Always, None),
        refuse("user 20@pbx.example"),
        Command::WatcherForget(RightRef {
            sees: Sees::Presence,
            whom: "user 20@pbx.example".into(),
            account: None,
        }),
    ]);
    assert_eq!(account.presence.state, PresenceState::Available);
    assert!(!account.policy.receiving.do_not_disturb.on);
    assert_eq!(account.policy.receiving.forwarding.always, None);
    let left = Said {
        watchers: vec!["presence refuse user 30@pbx.example".into()],
        ..Said::default()
    };
    assert_eq!(kept, Some(left), "and what was not spoken of stands");
    // Saying what settings say already is a word, too.
    let (account, kept) = slow(vec![dnd(false)]);
    assert!(!account.policy.receiving.do_not_disturb.on);
    let kept = kept.expect("the older word goes");
    assert_eq!((kept.do_not_disturb, kept.watchers.len()), (None, 2));
}

/// M-102: a template is shown as such, with its origin and whether the person overrides it; what is odd is refused.
#[test]
fn m_102_rights_are_listed_with_their_origin() {
    let mut template = of_settings("login");
    Arc::make_mut(&mut template.policy).watching.template_from = "site.toml:7:12".into();
    let (mut rig, _) = Rig::started(&[], vec![template]);
    let mut listed = |command| {
        let (_, outcome) = rig.commands.take(command, None, &rig.hub, Instant::ZERO);
        match outcome {
            Ok(Reply::Watchers { rights, .. }) => Ok(rights),
            Ok(other) => panic!("{other:?}"),
            Err(why) => Err(why.code),
        }
    };
    let rights = listed(refuse("user sip:20@PBX.example")).unwrap();
    assert_eq!(rights[0].origin, RightOrigin::Person);
    assert_eq!(rights[0].whom, "user 20@pbx.example");
    assert_eq!(rights[1].set_by.as_deref(), Some("site.toml:7:12"));
    assert!(
        rights[1].overridden && rights[1].allowed,
        "also where it is spelled otherwise"
    );
    let rights = listed(refuse("user 20")).unwrap();
    assert_eq!(rights.len(), 2, "the same person");
    assert_eq!(rights[0].whom, "user 20");
    assert_eq!(listed(refuse("nobody")), Err(Code::USAGE));
    assert_eq!(listed(refuse("group sales")), Err(Code::USAGE));
    let forget = Command::WatcherForget(RightRef {
        sees: Sees::Dialog,
        whom: "anybody".into(),
        account: None,
    });
    assert_eq!(listed(forget), Err(Code::UNKNOWN_RIGHT));
}

/// Where the server of `a` is told that calls go, the last time.
fn told_server(posts: &[Post]) -> Option<control::receiving::Forwarding> {
    posts.iter().rev().find_map(|post| match post {
        Post::Store(Do::Forwards { of, forwarding, .. }) if of.account == "a" => {
            Some((**forwarding).clone())
        }
        _ => None,
    })
}

/// The server's word holds, is kept and told, unless the person said otherwise since the server heard of them.
#[test]
fn m_134_the_word_of_a_server_holds_unless_the_person_said_otherwise_meanwhile() {
    let (mut rig, posts) = Rig::started(&[], vec![of_settings("a")]);
    let before = told_server(&posts).unwrap();
    assert_eq!(before.busy.as_deref(), Some("900"), "as settings have it");
    let after = control::receiving::Forwarding {
        always: Some("700".into()),
        ..Default::default()
    };
    // Of somebody who had the account before.
    let formerly = of_settings("b").whose();
    rig.commands.forward_came(&formerly, 1, (&before, &after));
    assert!(rig.posts.take().is_empty(), "M-023");
    let a = of_settings("a").whose();
    rig.commands.forward_came(&a, 1, (&before, &after));
    let posts = rig.posts.take();
    let is_kept = |post: &Post| matches!(post, Post::Store(Do::Say(of)) if of.said.forwarding.as_ref() == Some(&after));
    assert!(posts.iter().any(is_kept), "it is there after a restart");
    assert_eq!(told_server(&posts), Some(after.clone()));
    // The person says something before the next word of the server, which was about what held before.
    let busy = Command::Forward(Forward {
        account: None,
        when: ForwardWhen::Busy,
        to: Some("901".into()),
        after_s: None,
    });
    let posts = rig.ask(busy).unwrap();
    let said = told_server(&posts).unwrap();
    assert_eq!(
        (said.always.as_deref(), said.busy.as_deref()),
        (Some("700"), Some("901"))
    );
    rig.commands.forward_came(&a, 2, (&after, &before));
    assert!(rig.posts.take().is_empty(), "nothing happens");
}

/// A disk that says late what the person said: settings alone are told to no server.
#[test]
fn m_134_a_server_hears_nothing_before_it_is_known_what_the_person_said() {
    let mut rig = Rig::new();
    rig.commands.add_account(of_settings("a")).unwrap();
    assert_eq!(told_server(&rig.posts.take()), None);
    rig.commands.said_before(Vec::new());
    let told = told_server(&rig.posts.take()).unwrap();
    assert_eq!(told.busy.as_deref(), Some("900"));
}

/// M-101: groups of a site stand beside those of settings, rights may name them, and they go when the server says so.
#[test]
fn m_101_groups_of_a_server_stand_beside_those_of_settings() {
    let mut of = of_settings("a");
    let own = Group::read("home: 5").unwrap();
    let (a, formerly) = (of.whose(), of_settings("b").whose());
    Arc::make_mut(&mut of.policy).watching.groups = vec![own.clone()];
    let (mut rig, _) = Rig::started(&[], vec![of]);
    let sales = Group::read("sales: 20, inactive 21").unwrap();
    let groups = |posts: &[Post]| {
        posts.iter().rev().find_map(|post| match post {
            Post::Presence(ports::presence::Word::Policy { policy, .. }) => {
                Some(policy.watching.all_groups().cloned().collect::<Vec<_>>())
            }
            _ => None,
        })
    };
    rig.commands.groups_came(&a, vec![sales.clone()]);
    let posts = rig.posts.take();
    assert_eq!(groups(&posts), Some(vec![own.clone(), sales.clone()]));
    let allow = Command::WatcherAllow(SetRight {
        sees: Sees::Presence,
        whom: "group sales".into(),
        allowed: true,
        account: None,
    });
    assert!(rig.ask(allow).is_ok());
    rig.commands.groups_came(&a, vec![sales]);
    assert_eq!(groups(&rig.posts.take()), None, "they are the same");
    rig.commands.groups_came(&formerly, Vec::new());
    rig.busy.set(true);
    rig.commands.groups_came(&a, Vec::new());
    assert!(rig.posts.take().is_empty(), "who judges has not heard it");
    rig.busy.set(false);
    rig.commands.groups_came(&a, Vec::new());
    assert_eq!(groups(&rig.posts.take()), Some(vec![own]));
}

/// What who judges has not heard does not hold, is not kept and goes to no server.
#[test]
fn m_100_a_refusal_that_nobody_heard_is_no_refusal() {
    let (mut rig, _) = Rig::started(&[], vec![of_settings("a")]);
    rig.busy.set(true);
    let busy = rig.ask(refuse("user 30")).unwrap_err();
    assert_eq!(busy.code, Code::ENGINE_BUSY);
    assert!(rig.posts.take().is_empty());
    rig.busy.set(false);
    let posts = rig.ask(refuse("user 30")).unwrap();
    let is_told = |post: &Post| matches!(post, Post::Store(Do::Watching { watching, .. }) if watching.person.len() == 1);
    assert!(posts.iter().any(is_told), "{posts:?}");
}

/// Who logs out and in again has what settings say of them, and their servers hear the same; nobody else does.
#[test]
fn m_022_m_023_who_logs_in_again_has_what_settings_say() {
    let settings = of_settings("login");
    let template = settings.policy.watching.template.clone();
    let whose = settings.whose();
    let (mut rig, _) = Rig::started(&[], vec![settings]);
    rig.shows("a", true);
    assert!(rig.commands.is_here(&whose));
    let left = rig.ask(Command::RemoveAccount(AccountRef {
        account: "a".parse().unwrap(),
    }));
    let is_left = |post: &Post| matches!(post, Post::Store(Do::Gone { of }) if *of == whose);
    assert!(
        left.unwrap().iter().any(is_left),
        "its servers are left alone"
    );
    assert!(!rig.commands.is_here(&whose));
    for (login, wanted) in [("other", Vec::new()), ("login", template)] {
        let add = AddAccount {
            auth_user: Some(login.into()),
            ..add("a")
        };
        let posts = rig.ask(Command::AddAccount(Box::new(add))).unwrap();
        let told = posts.iter().rev().find_map(|post| match post {
            Post::Store(Do::Watching { of, watching, .. }) if of.account == "a" => {
                Some(watching.template.clone())
            }
            _ => None,
        });
        assert_eq!(told, Some(wanted), "{login}");
    }
}
