//! What is dialled goes out as the account's rules say: SIPp tells what reached it.

use control::command::Dial;
use control::{Command, Reply};
use offhook_interop::engine::{Daemon, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::{Client, Rig, Sipp};
use std::collections::BTreeMap;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(15);

/// Rules of the account that names none, and three places for links.
const SETTINGS: &str = r#"
[account]
outbound_proxy = "PROXY"
rewriting = [
    "startsWith 00 => replace +, continue",
    'startsWith +420 => append 9, setHeader "X-Condition-Matched: true"',
    "equals 119 => replace 500",
    "lengthEquals 4 => prepend 8",
    "shorterThan 3 => append #",
    "doesntStartWith +, longerThan 8 => prepend +420",
]
[accounts.de]
user = "1"
domain = "de.test"
register = false
rewriting = []
country_code = "49"
area_code = "711"
trunk_access = "0"
[accounts.us]
user = "2"
domain = "us.test"
register = false
rewriting = []
country_code = "1"
area_code = "212"
national_prefix = "1"
international_prefix = "011"
trunk_access = "9"
[accounts.uk]
user = "3"
domain = "uk.test"
register = false
rewriting = []
country_code = "44"
area_code = "20"
[engine]
default_account = "main"
"#;

/// Account, what is dialled, user part of the Request-URI, whether the header field of a rule stands there.
const CALLS: [(&str, &str, &str, bool); 14] = [
    ("main", "00420123", "+4201239", true),
    ("main", "119", "500", false),
    ("main", "1190", "81190", false),
    ("main", "50", "50%23", false),
    ("main", "123456789", "+420123456789", false),
    ("main", "12345678", "12345678", false),
    ("main", "+4212345678", "+4212345678", false),
    ("main", "112", "112", false),
    ("de", "tel:+49-711-12345", "0071112345", false),
    ("de", "tel:+1-212-555-0100", "00012125550100", false),
    ("us", "tel:+1-212-555-0100", "912125550100", false),
    ("us", "tel:+44-20-7946-0018", "9011442079460018", false),
    ("uk", "tel:+44-20-7946-0018", "02079460018", false),
    ("uk", "callto:7946%200018", "02079460018", false),
];

fn call(client: &mut Client, account: &str, to: &str) -> anyhow::Result<()> {
    let dial = Dial {
        to: to.to_owned(),
        account: Some(account.parse()?),
        ring_for_s: None,
        headers: BTreeMap::new(),
        action: None,
    };
    let Reply::Call { call } = client.ask(Command::Dial(dial))? else {
        anyhow::bail!("{to} is no call");
    };
    client.wait_ended(call.call, PATIENCE).map(drop)
}

/// INVITEs as they came, each once: Request-URI, and whether the header field stands in it.
fn invites(messages: &str) -> Vec<(String, bool)> {
    let mut found: Vec<(String, String, bool)> = Vec::new();
    for message in messages.split("INVITE sip:").skip(1) {
        let uri = message.split(' ').next().unwrap_or_default().to_owned();
        let head = message.split("\r\n\r\n").next().unwrap_or_default();
        let id = head.lines().find_map(|line| line.strip_prefix("Call-ID: "));
        let id = id.unwrap_or_default().to_owned();
        let has_header = head.lines().any(|line| line == "X-Condition-Matched: true");
        if !found.iter().any(|(_, known, _)| *known == id) {
            found.push((uri, id, has_header));
        }
    }
    found.into_iter().map(|(uri, _, has)| (uri, has)).collect()
}

/// M-063, K-105 to K-108, K-111 to K-116, K-123, K-124, K-127 to K-130, K-137: each number, as SIPp got it; and
/// `offhook rules test` says beforehand what it will be.
#[test]
fn m_198_sipp_gets_what_rules_made_of_each_number() {
    let Some(rig) = Rig::new("rules-dialled", &["sipp"]) else {
        return;
    };
    let values = [
        ("status", "486 Busy Here".to_owned()),
        ("header", "X-Busy: 1".to_owned()),
    ];
    let script = Script {
        values: &values,
        calls: u32::try_from(CALLS.len()).unwrap(),
        ..Script::new("callee-refuses")
    };
    let mut callee = Sipp::start(&rig, "callee", &script).unwrap();
    let settings = SETTINGS.replace("PROXY", &callee.address.to_string());
    let wish = Wish {
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish).unwrap();
    let mut client = engine.client().unwrap();
    for (account, typed, user, _) in CALLS {
        let (said, exit) = engine
            .told(&["rules", "test", typed, "--account", account])
            .unwrap();
        let becomes = format!("becomes   a call to {}\n", user.replace("%23", "#"));
        assert!(exit == 0 && said.contains(&becomes), "{typed}: {said}");
        call(&mut client, account, typed).unwrap();
    }
    callee.succeed(PATIENCE).unwrap();
    let got = invites(&callee.messages());
    let expected: Vec<(String, bool)> = CALLS
        .iter()
        .map(|(account, _, user, has)| match *account {
            "main" => (format!("{user}@offhook.test"), *has),
            place => (format!("{user}@{place}.test"), *has),
        })
        .collect();
    assert_eq!(got, expected);
}
