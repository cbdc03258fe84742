//! `watchers`.

use crate::fake::{Step, run};
use control::{
    Code, ErrorObject, Reply, RightOrigin, RightSnapshot, Sees, Timestamp, WatcherSnapshot,
};
use expect_test::expect;

fn right(origin: RightOrigin, sees: Sees, whom: &str, allowed: bool) -> RightSnapshot {
    let by_file = origin == RightOrigin::Template;
    RightSnapshot {
        account: "demo".parse().unwrap(),
        sees,
        whom: whom.to_owned(),
        allowed,
        origin,
        set_by: by_file.then(|| "site.toml:7:12".to_owned()),
        overridden: by_file,
    }
}

fn all() -> Reply {
    let watcher = |sees, origin, right: &str, set_by: Option<&str>| WatcherSnapshot {
        id: 7,
        account: "demo".parse().unwrap(),
        watcher: "sip:20@demo".into(),
        sees,
        since: Timestamp::from_unix_ms(1_795_269_731_482),
        origin,
        right: right.into(),
        set_by: set_by.map(str::to_owned),
        ended: None,
    };
    let template = "presence allow user 20@demo";
    Reply::Watchers {
        watchers: vec![
            watcher(
                Sees::Presence,
                RightOrigin::Template,
                template,
                Some("site.toml:7:12"),
            ),
            watcher(Sees::Dialog, RightOrigin::Group, "sales", None),
        ],
        rights: vec![
            right(RightOrigin::Person, Sees::Dialog, "anybody", false),
            right(RightOrigin::Template, Sees::Dialog, "anybody", true),
        ],
    }
}

#[test]
fn m_102_who_watches_and_who_may_is_shown_with_its_origin() {
    let ran = run(&["watchers"], vec![Step::On("watcher.list", all())]);
    expect![[r#"
        demo  sip:20@demo sees presence since 2026-11-21T14:02:11.482Z, by the settings (site.toml:7:12): presence allow user 20@demo
        demo  sip:20@demo sees dialog since 2026-11-21T14:02:11.482Z, by group sales
        demo  dialog refuse anybody, you said so
        demo  dialog allow anybody, template (site.toml:7:12), overridden
        --- exit 0
    "#]]
    .assert_eq(&ran.told());
    let nobody = Reply::Watchers {
        watchers: Vec::new(),
        rights: Vec::new(),
    };
    let ran = run(
        &["watchers", "list"],
        vec![Step::On("watcher.list", nobody)],
    );
    assert!(ran.out.contains("nobody may watch you"), "{}", ran.out);
}

#[test]
fn m_100_rights_are_given_refused_and_forgotten() {
    for (words, name, asked) in [
        (
            &["allow", "presence", "user", "20@demo"][..],
            "watcher.allow",
            r#""sees":"presence","whom":"user 20@demo","allowed":true"#,
        ),
        (
            &["refuse", "dialog", "anybody", "--account", "demo"],
            "watcher.allow",
            r#""sees":"dialog","whom":"anybody","allowed":false,"account":"demo""#,
        ),
        (
            &["forget", "dialog", "group", "sales"],
            "watcher.forget",
            r#""sees":"dialog","whom":"group sales""#,
        ),
    ] {
        let words: Vec<&str> = ["watchers"].iter().chain(words).copied().collect();
        let ran = run(&words, vec![Step::On(name, all())]);
        assert_eq!(ran.exit, Some(0), "{}", ran.told());
        assert!(ran.asked[0].contains(asked), "{:?}", ran.asked);
    }
    let why = ErrorObject::new(Code::UNKNOWN_RIGHT, "you have said nothing of anybody");
    let script = vec![Step::Refuse("watcher.forget", why)];
    let ran = run(&["watchers", "forget", "dialog", "anybody"], script);
    assert_eq!(ran.exit, Some(2), "{}", ran.told());
}
