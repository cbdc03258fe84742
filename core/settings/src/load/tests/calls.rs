//! What accounts do with numbers that are dialled and with calls that come in.

use super::*;
use policy::dialling::Confirm;
use policy::{Arrival, Decision, Moment, Surroundings};

/// Settings with these lines in the account `office`.
fn office(lines: &str) -> String {
    format!(
        "[accounts.office]\nuser = \"101\"\ndomain = \"pbx.example\"\npassword_env = \"X\"\n{lines}"
    )
}

fn policy(lines: &str) -> policy::Policy {
    settings(&office(lines)).accounts.remove(0).policy
}

/// K-105 to K-108, K-123, K-124: rules arrive typed, and locations with them (M-063).
#[test]
fn rules_and_location_reach_the_account() {
    let policy = policy(
        r#"
        rewriting = [
            "doesntStartWith +, longerThan 8 => prepend +420",
            'equals 5 => setHeader "X-Condition-Matched: true", replace 500',
        ]
        country_code = "49"
        area_code = "711"
        trunk_access = "0"
        "#,
    );
    let dial = |typed| {
        policy
            .dialling
            .dial(typed, &Surroundings::default())
            .unwrap()
    };
    assert_eq!(dial("123456789").to, "+420123456789");
    assert_eq!(dial("5").to, "500");
    assert_eq!(dial("5").headers[0].0, "X-Condition-Matched");
    assert_eq!(dial("tel:+49-711-12").located.as_deref(), Some("0071112"));
    assert!(dial("112").is_emergency);
    assert_eq!(policy.dialling.confirm, Confirm::Unknown);
}

/// K-091, K-148, K-176 to K-178, K-195 to K-197: what comes in.
#[test]
fn wishes_about_calls_that_come_in_reach_the_account() {
    let policy = policy(
        r#"
        incoming_rewriting = ["startsWith 0900 => rejectCall"]
        remote_contact = ["rpid", "from"]
        do_not_disturb_schedule = ["daily 00:00-23:59 for +12223334455, dav:7"]
        do_not_disturb_gmt_offset_min = 60
        do_not_disturb_except = ["Boss <+49711>"]
        forwarding_enabled = true
        forwarding_number = "sip:500@pbx.example"
        forwarding_busy_number = "501"
        forwarding_no_answer_number = "502"
        forwarding_no_answer_s = 20
        call_waiting = false
        auto_answer = true
        auto_answer_s = 5
        auto_answer_asked = true
        auto_answer_callers = ["600"]
        auto_answer_muted = true
        "#,
    );
    let receiving = &policy.receiving;
    assert_eq!(receiving.do_not_disturb.gmt_offset_min, Some(60));
    assert_eq!(receiving.do_not_disturb.except.len(), 1);
    assert_eq!(receiving.forwarding.busy.as_deref(), Some("501"));
    let later = Some((Duration::from_secs(20), "502".to_owned()));
    assert_eq!(receiving.forwarding.no_answer, later);
    assert!(!receiving.call_waiting && receiving.auto_answer.muted);
    assert_eq!(receiving.auto_answer.own, Some(Duration::from_secs(5)));
    let around = Surroundings::default();
    let decide = |caller| {
        policy.decide(&Arrival {
            caller,
            around: &around,
            own: "sip:101@pbx.example",
            diverted_by: &[],
            trusted: true,
            answer_after_s: None,
            alert: &[],
            other_calls: 0,
            now: Moment::new(0, 0),
        })
    };
    assert_eq!(decide("0900123").decision, Decision::Reject(486));
    assert_eq!(decide("0012223334455").decision, Decision::Reject(486));
    let forward = Decision::Forward("sip:500@pbx.example".to_owned());
    assert_eq!(decide("7").decision, forward);
}

/// Nothing is set: a phone that rings.
#[test]
fn an_account_of_which_nothing_is_said_rings() {
    let mut policy = policy("");
    policy.dialling.emergency.clear();
    assert_eq!(policy, policy::Policy::default());
}

/// K-109, K-125, K-110, K-132, K-137: each with the line that it stands in, and what is allowed.
#[test]
fn rules_that_cannot_be_are_told_with_their_line() {
    complains(
        &office(
            r#"rewriting = [
    "startsWith 00 => replace +",
    "endsWith 5 => append 1",
    "longerThan eight => hangup",
    "=> setHeader no colon",
]
incoming_rewriting = ["=> dialOut office"]
"#,
        ),
        expect![[r#"
            site.toml:7:5: accounts.office.rewriting: rule[2]/condition[1]: there is no condition "endsWith"; allowed: startsWith, doesntStartWith, equals, lengthEquals, shorterThan, longerThan, networkType, ssid, contactIsFromSource, contactIsNotFromSource, contactLabelMatches, contactLabelDoesNotMatch
            site.toml:8:5: accounts.office.rewriting: rule[3]/condition[1]: longerThan: value "eight" is not valid; allowed: integer >= 0
            site.toml:8:5: accounts.office.rewriting: rule[3]/action[1]: there is no action "hangup"; allowed: replace, prepend, append, continue, recordCall, dialOut, confirm, drop, callThrough, overrideDialAction, setHeader, rejectCall, forwardCall, answerImmediately
            site.toml:9:5: accounts.office.rewriting: rule[4]/action[1]: setHeader: value "no colon" is not valid; allowed: Name: value on one line (it is not Name: value)
            site.toml:11:23: accounts.office.incoming_rewriting: rule[1]/action[1]: action dialOut: allowed only for dialled numbers"#]],
    );
    complains(
        &office("rewriting = [\"equals 112 => dialOut nobody\"]\n"),
        expect![[
            r#"site.toml:5:13: accounts.office.rewriting: action dialOut: there is no account "nobody"; allowed: office"#
        ]],
    );
}

/// K-092 to K-098, K-100 to K-102, K-148, K-176, K-177: every value that cannot be, in one go.
#[test]
fn wishes_that_cannot_be_are_told_with_their_line() {
    complains(
        &office(
            r#"do_not_disturb_schedule = ["mon 8:00am-09:00", "128 08:00-09:00"]
do_not_disturb_gmt_offset_min = 1500
do_not_disturb_except = ["ldap:7"]
remote_contact = ["pai", "diversion"]
forwarding_enabled = true
forwarding_no_answer_number = "a b"
auto_answer_callers = ["*", "600"]
country_code = "+49"
own_number_length = 16
[dial]
emergency = ["1 1 2"]
uri_confirm = "often"
"#,
        ),
        expect![[r#"
            site.toml:5:28: accounts.office.do_not_disturb_schedule: "8:00am" is no time: allowed is HH:MM between 00:00 and 23:59
            site.toml:5:48: accounts.office.do_not_disturb_schedule: "128" is no weekday: allowed are 0 to 127, daily, or names such as mon-fri, sat+sun
            site.toml:6:33: accounts.office.do_not_disturb_gmt_offset_min: 1500 is not allowed; allowed: integer -720 to 840, or nothing for local time
            site.toml:7:26: accounts.office.do_not_disturb_except: "ldap:7" is no caller; allowed: a number, or SOURCE:NAME with ab, dav, ws, google, office365, qd; or one of these behind a name, such as Boss <+49711>
            site.toml:8:19: accounts.office.remote_contact: ["pai", "diversion"] is not allowed; allowed: a list of pai, from, rpid, ppi, each at most once, at least one
            site.toml:9:22: accounts.office.forwarding_enabled: is true, and forwarding_number is empty; set forwarding_number: number or SIP URI
            site.toml:10:31: accounts.office.forwarding_no_answer_number: "a b" is not allowed; allowed: number or SIP URI, or nothing
            site.toml:11:24: accounts.office.auto_answer_callers: "*" is no caller; allowed: a number, or SOURCE:NAME with ab, dav, ws, google, office365, qd; or one of these behind a name, such as Boss <+49711>
            site.toml:12:16: accounts.office.country_code: "+49" is not allowed; allowed: at most 8 digits, or nothing
            site.toml:13:21: accounts.office.own_number_length: 16 is not allowed; allowed: 0 to 15
            site.toml:15:14: dial.emergency: "1 1 2" is no number; allowed: a list of numbers, such as ["112"]
            site.toml:16:15: dial.uri_confirm: "often" is not allowed; allowed: always, unknown, never"#]],
    );
}

/// K-177: nobody forwards calls to himself, nor two accounts to each other.
#[test]
fn circles_of_forwarding_are_told() {
    complains(
        &office("forwarding_enabled = true\nforwarding_number = \"101\"\n"),
        expect![
            "site.toml:6:21: accounts.office.forwarding_number: the account would forward its calls to itself; allowed: another number or SIP URI"
        ],
    );
    let two = "forwarding_enabled = true
forwarding_number = \"102\"
[accounts.home]
user = \"102\"
domain = \"pbx.example\"
password_env = \"X\"
forwarding_enabled = true
forwarding_number = \"sip:101@pbx.example\"
";
    complains(
        &office(two),
        expect![
            "site.toml:12:21: accounts.home.forwarding_number: calls would go in a circle: home, office; allowed: another number or SIP URI"
        ],
    );
    complains(
        &office("area_code = \"711\"\n"),
        expect![[
            r#"site.toml:5:13: accounts.office.area_code: is of no use without country_code; set country_code, such as "49""#
        ]],
    );
}

/// K-130: an operand that nothing takes is a warning; variables hold one rule a line.
#[test]
fn operands_that_nothing_takes_are_warned_of() {
    let site = office("rewriting = [\"=> continue now\"]\n");
    let (_, _, complaints) = with(&request("desktop"), &site);
    expect![[r#"site.toml:5:13: warning: accounts.office.rewriting: rule[1]/action[1]: continue takes no operand; it is left out"#]]
        .assert_eq(&complaints.to_string());
    let mut request = request("desktop");
    let rules = "startsWith 1, longerThan 2 => append 3\n=> confirm\n".to_owned();
    request
        .environment
        .insert("OFFHOOK_ACCOUNTS_OFFICE_REWRITING".to_owned(), rules);
    let (settings, _, complaints) = with(&request, &office(""));
    assert_eq!(complaints.to_string(), "");
    assert_eq!(settings.unwrap().accounts[0].policy.dialling.rules.len(), 2);
}
