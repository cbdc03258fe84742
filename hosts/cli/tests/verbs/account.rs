//! `account add`, `account remove`, `register`, `unregister`.

use crate::fake::{Hello, Step, account, engine, run, run_with};
use control::event::AccountChange;
use control::snapshot::{AccountSnapshot, AccountState};
use control::{Code, ErrorObject, EventBody, Reply};
use expect_test::expect;

fn alice(state: AccountState) -> AccountSnapshot {
    AccountSnapshot {
        account: "alice@pbx.example".parse().unwrap(),
        aor: "sip:alice@pbx.example".into(),
        state,
        ..account()
    }
}

fn tell(body: fn(Box<AccountChange>) -> EventBody, snapshot: AccountSnapshot) -> Step {
    Step::TellOf(None, body(Box::new(AccountChange::of(snapshot))))
}

fn added() -> Vec<Step> {
    let reply = Reply::Account {
        account: Box::new(alice(AccountState::Registering)),
    };
    vec![
        Step::On("add_account", reply),
        tell(
            EventBody::AccountRegistered,
            alice(AccountState::Registered),
        ),
    ]
}

#[test]
fn add_takes_the_password_from_standard_input_a_file_or_a_variable() {
    let hello = || Hello::Welcome(engine());
    let add = ["account", "add", "alice@pbx.example"];
    let ran = run_with(&add, hello(), added(), &[], Some("hunter2\n"));
    expect![[r#"
        account alice@pbx.example is set up for this run
        alice@pbx.example is registered in 8 ms at 127.0.0.1:35060 udp, refresh within 300 s
        --- exit 0
        {"op":"call","id":"r1","command":"add_account","body":{"account":"alice@pbx.example","user":"alice","domain":"pbx.example","password":"hunter2","transport":"udp","register":true,"make_default":false}}
    "#]].assert_eq(&(ran.told() + &ran.asked.concat()));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "hunter2\nnot this\n").unwrap();
    let mut args = add.to_vec();
    args.extend(["--password-file", file.to_str().unwrap()]);
    let ran = run(&args, added());
    assert!(
        ran.asked[0].contains("\"password\":\"hunter2\""),
        "{}",
        ran.asked[0]
    );
    let mut args = add.to_vec();
    args.extend(["--password-env", "SECRET", "--json"]);
    let ran = run_with(&args, hello(), added(), &[("SECRET", "hunter2")], None);
    assert!(
        ran.asked[0].contains("\"password\":\"hunter2\""),
        "{}",
        ran.asked[0]
    );
    assert!(
        !ran.out.contains("hunter2") && ran.out.lines().count() == 1,
        "{}",
        ran.out
    );
}

#[test]
fn add_without_a_password_that_can_be_read_asks_for_nothing() {
    for (args, typed) in [
        (&["account", "add", "a@b"][..], Some("\n")),
        (&["account", "add", "a@b"], None),
        (
            &["account", "add", "a@b", "--password-env", "NOT_SET"],
            None,
        ),
        (
            &["account", "add", "a@b", "--password-file", "/no/such/file"],
            None,
        ),
    ] {
        let ran = run_with(args, Hello::Welcome(engine()), Vec::new(), &[], typed);
        assert_eq!(ran.exit, Some(2), "{args:?}");
        assert!(ran.err.starts_with("! OH-1005 "), "{}", ran.err);
        assert!(ran.asked.is_empty());
    }
}

#[test]
fn a_wrong_password_is_oh_2001_and_exit_4() {
    let error = ErrorObject::new(Code::WRONG_PASSWORD, "pbx.example refused alice").sip_status(403);
    let refused = AccountSnapshot {
        error: Some(error),
        ..alice(AccountState::Failed)
    };
    let mut script = added();
    script[1] = tell(EventBody::AccountFailed, refused);
    let add = [
        "account",
        "add",
        "alice@pbx.example",
        "--password-env",
        "SECRET",
    ];
    let hello = Hello::Welcome(engine());
    let ran = run_with(&add, hello, script, &[("SECRET", "wrong")], None);
    expect![[r#"
        account alice@pbx.example is set up for this run
        --- stderr
        ! OH-2001 the server does not accept this user and password
          why   pbx.example refused alice (SIP 403)
          fix   check the user and the password of the account; some servers want another name to log in: set auth_user
          more  offhook explain OH-2001
        --- exit 4
    "#]].assert_eq(&ran.told());
}

#[test]
fn register_and_unregister_wait_for_the_server() {
    let script = vec![
        Step::On("register", Reply::Taken),
        tell(
            EventBody::AccountRegistered,
            alice(AccountState::Registered),
        ),
        tell(EventBody::AccountRegistered, account()),
    ];
    let ran = run(&["register", "demo"], script);
    expect![[r#"
        demo is registered in 8 ms at 127.0.0.1:35060 udp, refresh within 300 s
        --- exit 0
    "#]]
    .assert_eq(&ran.told());
    let script = vec![
        Step::On("unregister", Reply::Taken),
        tell(EventBody::AccountUnregistered, account()),
    ];
    let ran = run(&["unregister", "demo"], script);
    expect![[r#"
        demo is not registered any more
        --- exit 0
    "#]]
    .assert_eq(&ran.told());
    let ran = run(
        &["register", "demo", "--timeout", "50ms"],
        vec![Step::On("register", Reply::Taken)],
    );
    expect![[r#"
        --- stderr
        ! OH-2003 the server does not answer
          why   the server's answer did not come within 0.05 s
          fix   try again, or wait longer with --timeout; see: offhook status
          more  offhook explain OH-2003
        --- exit 5
    "#]]
    .assert_eq(&ran.told());
}

#[test]
fn remove_waits_until_it_is_gone() {
    let script = vec![
        Step::On("remove_account", Reply::Taken),
        tell(EventBody::AccountRemoved, account()),
    ];
    expect![[r#"
        account demo is removed
        --- exit 0
    "#]]
    .assert_eq(&run(&["account", "remove", "demo"], script).told());
}

#[test]
fn an_unknown_account_is_refused_by_every_verb() {
    for (args, name) in [
        (&["register", "nobody"][..], "register"),
        (&["unregister", "nobody"], "unregister"),
        (&["account", "remove", "nobody"], "remove_account"),
    ] {
        let error = ErrorObject::new(Code::UNKNOWN_ACCOUNT, "no account nobody");
        let ran = run(args, vec![Step::Refuse(name, error)]);
        assert_eq!(ran.exit, Some(2), "{args:?}");
        assert!(ran.err.starts_with("! OH-1006 "), "{}", ran.err);
    }
}
