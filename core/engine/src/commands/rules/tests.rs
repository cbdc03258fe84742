use super::*;
use crate::hub::Identity;
use base::{Duration, Redacted};
use control::Timestamp;
use policy::{Location, Policy, Rules, disturb::Entry, rule::Direction};
use ports::{Handles, KeepAliveRule};

fn commands() -> (Commands, Hub) {
    let mut policy = Policy::default();
    let rules = [
        "startsWith 9 => replace, continue",
        "longerThan 3 => prepend 0, setHeader X-A: b",
    ];
    policy.dialling.rules = Rules::read(rules, Direction::Outgoing).unwrap();
    policy.dialling.location = Some(Location::germany("711"));
    policy.dialling.emergency = vec!["112".to_owned()];
    let always = Entry::read("daily 00:00-23:59 for 600").unwrap();
    policy.receiving.do_not_disturb.schedule = vec![always];
    policy.receiving.forwarding.always = Some("500".to_owned());
    let mut commands = Commands::new(Box::new(|_| Ok(())), Handles::from(0));
    let account = Account {
        name: "office".to_owned(),
        aor: "sip:101@pbx.example".parse().unwrap(),
        display_name: String::new(),
        auth_user: "101".to_owned(),
        password: Redacted::new(String::new()),
        registrar: None,
        standby: None,
        outbound_proxy: None,
        transport: sip::Transport::Udp,
        expires: Duration::ZERO,
        keep_alive: KeepAliveRule::None,
        takes_unknown: false,
        allow_message: false,
        tls: std::sync::Arc::default(),
        publish_presence: false,
        conference: String::new(),
        presence: ports::presence::Own::default(),
        is_default: true,
        watches: ports::blf::Watches::default(),
        policy: std::sync::Arc::new(policy),
    };
    commands.add_account(account).unwrap();
    let identity = Identity {
        version: "1".into(),
        profile: "test".into(),
        epoch: Timestamp::from_unix_ms(0),
        remember: true,
    };
    (commands, Hub::new(identity))
}

fn test(number: &str, incoming: bool) -> RulesTested {
    let (commands, hub) = commands();
    let asked = RulesTest {
        number: number.to_owned(),
        account: None,
        incoming,
    };
    match commands.test_rules(&asked, &hub, Instant::ZERO) {
        Ok(Reply::Rules { tested }) => *tested,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_dialled_number_is_told_with_every_step() {
    let told = test("91234,,7", false);
    assert_eq!(
        (told.outcome, told.becomes.as_str()),
        (RulesOutcome::Dial, "01234")
    );
    assert_eq!(told.reason, "rule 2 of rewriting");
    assert_eq!(told.after, ",,7");
    assert_eq!(told.headers["X-A"], "b");
    let steps: Vec<(usize, bool)> = told.steps.iter().map(|s| (s.rule, s.continues)).collect();
    assert_eq!(steps, [(1, true), (2, false)]);
    let located = test("tel:+49-711-12", false);
    assert_eq!(located.located.as_deref(), Some("0071112"));
    assert!(located.confirm && !test("tel:112", false).confirm);
    assert_eq!(test("112", false).reason, "it is an emergency number");
    let wrong = test("12,x", false);
    assert_eq!(wrong.outcome, RulesOutcome::NotDialled);
    assert!(
        wrong.reason.starts_with("'x' at place 4"),
        "{}",
        wrong.reason
    );
}

#[test]
fn a_caller_is_told_what_it_would_meet() {
    let quiet = test("600", true);
    assert_eq!(quiet.outcome, RulesOutcome::Busy);
    assert_eq!(quiet.reason, "line 1 of do_not_disturb_schedule");
    let sent = test("601", true);
    assert_eq!(
        (sent.outcome, sent.forward_to.as_deref()),
        (RulesOutcome::Forward, Some("500"))
    );
    let circle = test("500", true);
    assert_eq!(circle.outcome, RulesOutcome::Ring);
    assert_eq!(
        circle.reason,
        "no rule says otherwise; forwarding would lead back to the caller"
    );
}

#[test]
fn rules_of_nobody_are_not_told() {
    let (commands, hub) = commands();
    let asked = |number: &str, account: Option<&str>| RulesTest {
        number: number.to_owned(),
        account: account.map(|name| name.parse().unwrap()),
        incoming: false,
    };
    let refused = |asked| {
        commands
            .test_rules(&asked, &hub, Instant::ZERO)
            .unwrap_err()
            .code
    };
    assert_eq!(refused(asked("1", Some("home"))), Code::UNKNOWN_ACCOUNT);
    assert_eq!(refused(asked(&"1".repeat(1_025), None)), Code::USAGE);
}

/// K-092: local time is the system's, as `date` tells it.
#[test]
fn local_time_is_what_the_system_says() {
    let date = std::process::Command::new("date")
        .arg("+%z %s")
        .output()
        .unwrap();
    let said = String::from_utf8(date.stdout).unwrap();
    let (zone, seconds) = said.trim().split_once(' ').unwrap();
    let number: i32 = zone.parse().unwrap();
    let minutes = number / 100 * 60 + number % 100;
    let unix_s: u64 = seconds.parse().unwrap();
    assert_eq!(Clock::local_offset_min(unix_s * 1000), minutes);
}
