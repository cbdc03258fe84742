//! `history`, `contact`, `favourite`.

use crate::fake::{Hello, Step, engine, run, run_alone, run_with};
use control::contacts::{Contact, ContactKind, Favourite, Profile};
use control::history::{Mark, RecordKind, RecordState};
use control::snapshot::Party;
use control::{Code, ErrorObject, HistoryRecord, KnownName, Reply, Timestamp};
use expect_test::expect;

fn record() -> HistoryRecord {
    let at = |ms: u64| Timestamp::from_unix_ms(1_795_269_731_482 + ms);
    HistoryRecord {
        id: "1a2-c7k2".into(),
        call: "c7k2".parse().unwrap(),
        kind: RecordKind::Answered,
        state: RecordState::Completed,
        account: Some("demo".parse().unwrap()),
        local: "sip:101@demo".into(),
        remote: Party {
            uri: "sip:600@demo".into(),
            display: Some("=cmd".into()),
        },
        known: None,
        started: at(0),
        answered: Some(at(200)),
        ended: Some(at(65_200)),
        duration_ms: Some(65_000),
        cause: None,
        sip_status: None,
        marks: vec![Mark::Recorded],
        sip_call_id: None,
    }
}

fn missed() -> HistoryRecord {
    HistoryRecord {
        id: "1a3-c7k3".into(),
        kind: RecordKind::Missed,
        state: RecordState::Cancelled,
        known: Some(KnownName {
            name: "Jörg Müller".into(),
            source: "contacts".into(),
        }),
        duration_ms: None,
        marks: Vec::new(),
        ..record()
    }
}

fn contact() -> Contact {
    Contact {
        id: "k7".into(),
        kind: ContactKind::QuickDial,
        name: "Jörg Müller".into(),
        organisation: Some("Works".into()),
        numbers: vec!["101".into(), "sip:jm@pbx.example".into()],
        labels: Vec::new(),
        watch: true,
        position: 2,
        source: "local".into(),
        ..Contact::default()
    }
}

#[test]
fn history_is_a_table_m_123() {
    let records = vec![missed(), record()];
    let script = || {
        let records = records.clone();
        vec![Step::On("history.list", Reply::History { records })]
    };
    expect![[r#"
        id        kind      state      when                      for   with                    account  marks
        1a3-c7k3  missed    cancelled  2026-11-21T14:02:11.482Z        600@demo (Jörg Müller)  demo
        1a2-c7k2  answered  completed  2026-11-21T14:02:11.482Z  1:05  600@demo (=cmd)         demo     recorded
        --- exit 0
    "#]]
    .assert_eq(&run(&["history"], script()).told());
    let ran = run(&["history", "search", "müller"], script());
    assert!(
        ran.asked[0].contains("\"text\":\"müller\""),
        "{:?}",
        ran.asked
    );
    let ran = run(
        &["history", "list", "--kind", "missed", "--limit", "5"],
        script(),
    );
    assert!(
        ran.asked[0].contains("\"kind\":\"missed\",\"limit\":5"),
        "{:?}",
        ran.asked
    );
    let ran = run_alone(&["history", "list", "--kind", "lost"]);
    assert_eq!(ran.exit, Some(2), "{}", ran.err);
}

#[test]
fn an_export_is_a_table_for_spreadsheets_that_runs_nothing_m_123() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("calls.csv");
    let path = file.to_str().unwrap();
    let script = || {
        vec![Step::On(
            "history.list",
            Reply::History {
                records: vec![record()],
            },
        )]
    };
    let ran = run(&["history", "export", path], script());
    assert_eq!(ran.exit, Some(0), "{}", ran.err);
    expect![[r#"
        id,kind,state,account,started,answered,ended,duration_ms,address,name,status,marks
        "1a2-c7k2","answered","completed","demo","2026-11-21T14:02:11.482Z","2026-11-21T14:02:11.682Z","2026-11-21T14:03:16.682Z","65000","sip:600@demo","'=cmd","","recorded"
    "#]]
    .assert_eq(&std::fs::read_to_string(&file).unwrap().replace("\r\n", "\n"));
    // What is there already is nobody's to write over.
    let ran = run(&["history", "export", path], script());
    assert_eq!(ran.exit, Some(2), "{}", ran.err);
    let ran = run(&["history", "export", "--as-json"], script());
    assert!(ran.out.contains("\"kind\": \"answered\""), "{}", ran.out);
}

#[test]
fn records_are_deleted_and_called_again_m_122_m_123() {
    let script = vec![Step::On("history.delete", Reply::Deleted { count: 2 })];
    let ran = run(&["history", "delete", "a", "b"], script);
    assert_eq!((ran.out.as_str(), ran.exit), ("2 deleted\n", Some(0)));
    assert!(
        ran.asked[0].contains("{\"ids\":[\"a\",\"b\"]}"),
        "{:?}",
        ran.asked
    );
    let script = vec![Step::On("history.delete", Reply::Deleted { count: 9 })];
    let ran = run(&["history", "delete", "--all"], script);
    assert!(ran.asked[0].contains("{\"all\":true}"), "{:?}", ran.asked);
    assert_eq!(run_alone(&["history", "delete"]).exit, Some(2));
    let none = ErrorObject::new(Code::UNKNOWN_RECORD, "no record has the id 'x'");
    let ran = run(
        &["history", "redial", "x"],
        vec![Step::Refuse("history.redial", none)],
    );
    assert_eq!(ran.exit, Some(2));
    assert!(ran.err.contains("OH-4101"), "{}", ran.err);
}

#[test]
fn contacts_are_kept_changed_and_imported_m_104_m_105() {
    let one = || Reply::Contact {
        contact: Box::new(contact()),
    };
    let words = [
        "contact",
        "add",
        "--name",
        "Jörg Müller",
        "--number",
        "101",
        "--kind",
        "quick_dial",
        "--watch",
        "true",
    ];
    let ran = run(&words, vec![Step::On("contact.add", one())]);
    expect![[r#"
        id  kind        name         organisation  numbers                  source  shows
        k7  quick dial  Jörg Müller  Works         101, sip:jm@pbx.example  local
        --- exit 0
    "#]]
    .assert_eq(&ran.told());
    let asked =
        "{\"kind\":\"quick_dial\",\"name\":\"Jörg Müller\",\"numbers\":[\"101\"],\"watch\":true}";
    assert!(ran.asked[0].contains(asked), "{:?}", ran.asked);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("friends.vcf");
    std::fs::write(&file, "BEGIN:VCARD\nFN:A\nTEL:1\nEND:VCARD\n").unwrap();
    let skipped = vec![control::contacts::Skipped {
        number: 2,
        why: "it has no number".into(),
    }];
    let imported = control::contacts::Imported {
        added: 1,
        known: 2,
        skipped,
    };
    let script = vec![Step::On("contact.import", Reply::Imported { imported })];
    let ran = run(&["contact", "import", file.to_str().unwrap()], script);
    assert_eq!(
        ran.out,
        "1 added, 2 known already\nvCard 2: it has no number\n"
    );
}

#[test]
fn favourites_are_shown_by_profile_m_110() {
    let profile = |name: &str, active, favourites| Profile {
        name: name.into(),
        active,
        favourites,
    };
    let by_name = Favourite {
        name: Some("Carol".into()),
        number: None,
        ..Favourite::default()
    };
    let profiles = vec![
        profile("main", true, vec![by_name]),
        profile("night", false, Vec::new()),
    ];
    let script = vec![Step::On("favourite.add", Reply::Profiles { profiles })];
    let ran = run(&["favourite", "add", "--name", "Carol"], script);
    assert_eq!(ran.out, "main  (in use)\n  Carol\nnight\n");
    assert!(
        ran.asked[0].contains("{\"name\":\"Carol\"}"),
        "{:?}",
        ran.asked
    );
}

/// M-117: what is typed is what the engine is asked for.
#[test]
fn m_117_favourites_are_arranged_by_what_is_typed() {
    for (typed, command, with) in [
        (
            "favourite move --number 102 --to-profile night --place 1",
            "favourite.move",
            r#"{"number":"102","to_profile":"night","place":1}"#,
        ),
        (
            "favourite rename --profile night --number 102 --to-name Carol",
            "favourite.rename",
            r#"{"profile":"night","number":"102","to":{"name":"Carol"}}"#,
        ),
        (
            "favourite profile rename night day",
            "profile.rename",
            r#"{"name":"night","to":"day"}"#,
        ),
    ] {
        let profiles = Vec::new();
        let script = vec![Step::On(command, Reply::Profiles { profiles })];
        let typed: Vec<&str> = typed.split(' ').collect();
        let ran = run(&typed, script);
        assert_eq!(ran.exit, Some(0), "{}", ran.out);
        assert!(ran.asked[0].contains(with), "{:?}", ran.asked);
    }
}

/// M-118: the link is printed, and with --open the desktop's opener is given it; what that says is told.
#[test]
fn m_118_the_link_of_a_mail_is_printed_and_opened() {
    let reply = || Reply::Mail {
        address: "c&s@house.test".into(),
        link: "mailto:c%26s@house.test".into(),
    };
    let script = || vec![Step::On("favourite.mail", reply())];
    let ran = run(&["favourite", "mail", "--name", "Carol"], script());
    assert_eq!(
        (ran.out.as_str(), ran.exit),
        ("mailto:c%26s@house.test\n", Some(0))
    );
    assert!(
        ran.asked[0].contains("{\"name\":\"Carol\"}"),
        "{:?}",
        ran.asked
    );
    let folder = tempfile::tempdir().unwrap();
    let opener = folder.path().join("xdg-open");
    let seen = folder.path().join("seen");
    let open = |ends: &str| {
        let text = format!("#!/bin/sh\necho \"$1\" > {}\nexit {ends}\n", seen.display());
        std::fs::write(&opener, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&opener, mode).unwrap();
        let path = folder.path().to_str().unwrap();
        run_with(
            &["favourite", "mail", "--name", "Carol", "--open"],
            Hello::Welcome(engine()),
            script(),
            &[("PATH", path)],
            None,
        )
    };
    let ran = open("0");
    assert_eq!(
        (ran.out.as_str(), ran.exit),
        ("mailto:c%26s@house.test\n", Some(0))
    );
    assert_eq!(
        std::fs::read_to_string(&seen).unwrap(),
        "mailto:c%26s@house.test\n"
    );
    let ran = open("3");
    let code = Code::LINK_UNOPENED.to_string();
    assert!(
        ran.exit == Some(1) && ran.err.contains(&code),
        "{}",
        ran.err
    );
}
