//! What accounts say of their requests and of how they are reached.

use super::*;

/// Settings with these lines in the account `office`.
fn office(lines: &str) -> String {
    format!(
        "[accounts.office]\nuser = \"101\"\ndomain = \"pbx.example\"\npassword_env = \"X\"\n{lines}"
    )
}

/// M-196, K-086 to K-090: header fields arrive in the order in which they are written, each for its method.
#[test]
fn m_196_header_fields_reach_the_account() {
    let site = office("headers = [\"INVITE X-A: 1\", '* X-B: \"two, three\"']\n");
    let policy = settings(&site).accounts.remove(0).policy;
    let shown = |method| -> Vec<String> {
        let fits = policy.headers.iter().filter(|extra| extra.is_for(method));
        fits.map(|extra| format!("{}={}", extra.name, extra.value))
            .collect()
    };
    assert_eq!(shown("INVITE"), ["X-A=1", "X-B=\"two, three\""]);
    assert_eq!(shown("REGISTER"), ["X-B=\"two, three\""]);
}

/// K-087 to K-090: what is missing, reserved or more than one line is told with its place, and nothing is used.
#[test]
fn m_196_header_fields_that_cannot_be_are_told() {
    complains(
        &office(
            r#"headers = [
    "* X-Fine: 1",
    "X-A: 1",
    "IN/VITE X-A: 1",
    "* X A: 1",
    "INVITE no colon",
    "* Via: SIP/2.0/UDP x",
    "CANCEL X-A: 1",
]
"#,
        ),
        expect![[r#"
            site.toml:7:5: accounts.office.headers: "X-A: 1": it is not METHOD Name: value; allowed: a list of lines, such as ["INVITE X-Customer: 42", "* X-Site: 7"]
            site.toml:8:5: accounts.office.headers: "IN/VITE X-A: 1": its method is neither a SIP method in capitals nor *; allowed: a list of lines, such as ["INVITE X-Customer: 42", "* X-Site: 7"]
            site.toml:9:5: accounts.office.headers: "* X A: 1": its name is no header field's; allowed: a list of lines, such as ["INVITE X-Customer: 42", "* X-Site: 7"]
            site.toml:10:5: accounts.office.headers: "INVITE no colon": it is not Name: value; allowed: a list of lines, such as ["INVITE X-Customer: 42", "* X-Site: 7"]
            site.toml:11:5: accounts.office.headers: "* Via: SIP/2.0/UDP x": it is written by the phone itself; allowed: a list of lines, such as ["INVITE X-Customer: 42", "* X-Site: 7"]
            site.toml:12:5: accounts.office.headers: "CANCEL X-A: 1": a CANCEL carries none; allowed: a list of lines, such as ["INVITE X-Customer: 42", "* X-Site: 7"]"#]],
    );
    complains(
        &office("headers = [\"* X-A: 1\\r\\nTo: x\"]\n"),
        expect![[
            r#"site.toml:5:12: accounts.office.headers: "* X-A: 1\r\nTo: x": its value is not one line of at most 1024 bytes; allowed: a list of lines, such as ["INVITE X-Customer: 42", "* X-Site: 7"]"#
        ]],
    );
}

/// When the account registers with these lines, and what is said about them.
fn registers(lines: &str) -> (policy::Registers, String) {
    let (settings, _, complaints) = with(&request("desktop"), lines);
    let policy = settings.unwrap().accounts.remove(0).policy;
    (policy.registers, complaints.to_string())
}

/// M-199, K-146, K-147: the account's mode, or the one for all.
#[test]
fn m_199_k_146_a_mode_says_when_the_account_registers() {
    use policy::Registers::{Always, ForCalls, Never};
    let no = "requires_registration_for_outgoing_calls = false\n";
    let all_off = "[incoming]\nmode = \"off\"\n";
    for (lines, when) in [
        (office(""), Always),
        (office("icm = \"keepAwake\"\n"), Always),
        (office("icm = \"off\"\n"), ForCalls),
        (office(&format!("icm = \"off\"\n{no}")), Never),
        (office(&format!("icm = \"keepAwake\"\n{no}")), Always),
        (office(&format!("icm = \"auto\"\n{all_off}")), ForCalls),
        (office(&format!("icm = \"keepAwake\"\n{all_off}")), Always),
        (office(all_off), ForCalls),
    ] {
        assert_eq!(registers(&lines), (when, String::new()), "{lines}");
    }
    let (when, said) = registers(&office("icm = \"push\"\nexpires_s = 120\n"));
    assert_eq!(when, Always);
    expect![[r#"
        site.toml:5:7: warning: accounts.office.icm: nothing here is woken by a push service: the account stays registered as with keepAwake; keepAwake says the same
        site.toml:6:13: warning: accounts.office.expires_s: is 120, and push gateways refuse less than 300; set it to 300 or more"#]].assert_eq(&said);
}

/// K-141 to K-145: older keys come to a mode, and that is told; the newer key wins.
#[test]
fn m_199_k_141_to_k_145_older_keys_are_taken_over() {
    use policy::Registers::{Always, ForCalls, Never};
    let mut told = String::new();
    for (lines, when) in [
        ("icm_auto = false\nincoming_disabled = true\n", ForCalls),
        (
            "incoming_disabled = true\nforce_registration = true\n",
            ForCalls,
        ),
        (
            "incoming_disabled = true\nrequires_registration_for_outgoing_calls = false\n",
            Never,
        ),
        ("icm_auto = false\npush_method = \"tunnel\"\n", Always),
        (
            "icm_auto = false\nbgr_enabled = true\ntransport = \"tcp\"\n",
            Always,
        ),
        ("icm_auto = false\n", Always),
        ("icm_auto = true\nincoming_disabled = true\n", Always),
        ("icm = \"off\"\nicm_auto = true\n", ForCalls),
    ] {
        let (got, said) = registers(&office(lines));
        assert_eq!(got, when, "{lines}");
        told += &format!("{said}\n");
    }
    expect![[r#"
        site.toml:5:12: warning: accounts.office.icm_auto: is an older key; write icm = "off" instead
        site.toml:5:21: warning: accounts.office.incoming_disabled: is an older key; write icm = "off" instead
        site.toml:5:21: warning: accounts.office.incoming_disabled: is an older key; write icm = "off" instead
        site.toml:5:12: warning: accounts.office.icm_auto: is an older key; write icm = "push" instead
        site.toml:6:15: warning: accounts.office.push_method: nothing here is woken by a push service: the account stays registered as with keepAwake; keepAwake says the same
        site.toml:5:12: warning: accounts.office.icm_auto: is an older key; write icm = "keepAwake" instead
        site.toml:5:12: warning: accounts.office.icm_auto: is an older key, and those that are given name no mode: auto is taken; write icm = "auto" instead
        site.toml:5:12: warning: accounts.office.icm_auto: is an older key; write icm = "auto" instead
        site.toml:6:12: warning: accounts.office.icm_auto: is left out: icm is set; take it away
    "#]].assert_eq(&told);
}

/// K-144 with a transport that keeps no connection, and values that cannot be.
#[test]
fn m_199_modes_that_cannot_be_are_told() {
    complains(
        &office("icm_auto = false\nbgr_enabled = true\n"),
        expect![[r#"
            site.toml:6:15: accounts.office.bgr_enabled: needs a connection, and transport is udp; set transport to tcp
            site.toml:5:12: warning: accounts.office.icm_auto: is an older key; write icm = "keepAwake" instead"#]],
    );
    complains(
        &office(
            "icm = \"always\"\nicm_auto = \"maybe\"\npush_method = \"sms\"\n\
             requires_registration_for_outgoing_calls = 2\n",
        ),
        expect![[r#"
            site.toml:5:7: accounts.office.icm: "always" is not allowed; allowed: auto, push, keepAwake, off
            site.toml:6:12: accounts.office.icm_auto: "maybe" is not allowed; allowed: true or false
            site.toml:7:15: accounts.office.push_method: "sms" is not allowed; allowed: off, tunnel
            site.toml:8:44: accounts.office.requires_registration_for_outgoing_calls: 2 is not allowed; allowed: true or false"#]],
    );
}

/// K-168, K-169: call-through needs to know whom to call, and says so.
#[test]
fn m_210_call_through_reaches_the_account() {
    let on = "cth_enabled = true\ncth_dial_string = \"+1555123456,%targetNumber%\"\n";
    let through = |lines: &str| {
        let policy = settings(&office(lines)).accounts.remove(0).policy;
        policy.dialling.call_through
    };
    assert!(through(on).is_some());
    assert_eq!(through(&on.replace("true", "false")), None);
    assert_eq!(through(""), None);
    complains(
        &office("cth_enabled = true\n"),
        expect![[
            r#"site.toml:5:15: accounts.office.cth_enabled: is true, and cth_dial_string is empty; set cth_dial_string, such as "+1555123456,%targetNumber%""#
        ]],
    );
    complains(
        &office("cth_dial_string = \"+1555%\"\n"),
        expect![[
            r#"site.toml:5:19: accounts.office.cth_dial_string: "+1555%" is not allowed; allowed: dial characters, a comma for each pause of 2 s, and %targetNumber% behind the first, or nothing"#
        ]],
    );
}

/// K-180: a page for a number, with what the account's settings say; one with a secret, or of another kind, is refused.
#[test]
fn k_180_the_page_for_a_number_reaches_the_account() {
    let page = |lines: &str| {
        let policy = settings(&office(lines)).accounts.remove(0).policy;
        policy.dialling.open_url.map(|page| page.address("+1"))
    };
    let set = "custom_action_url = \"https://crm.test/?n=%uri%&me=%account[user]%&he=%account[username]%&at=%account[host]%\"\n";
    expect!["https://crm.test/?n=%2B1&me=101&he=101&at=pbx.example"].assert_eq(&page(set).unwrap());
    assert_eq!(page(""), None);
    let wrong = |template: &str| office(&format!("custom_action_url = \"{template}\"\n"));
    complains(
        &wrong("https://crm.test/?p=%account[password]%"),
        expect![[
            r#"site.toml:5:21: accounts.office.custom_action_url: "https://crm.test…" is not allowed: secret not allowed here: password; allowed: an address of http or https, or nothing"#
        ]],
    );
    complains(
        &wrong("https://crm.test/?p=%account[ldap_password]%"),
        expect![[
            r#"site.toml:5:21: accounts.office.custom_action_url: "https://crm.test…" is not allowed: secret not allowed here: ldap_password; allowed: an address of http or https, or nothing"#
        ]],
    );
    complains(
        &wrong("https://crm.test/?p=%account[password_env]%"),
        expect![[
            r#"site.toml:5:21: accounts.office.custom_action_url: "https://crm.test…" is not allowed: secret not allowed here: password_env; allowed: an address of http or https, or nothing"#
        ]],
    );
    complains(
        &wrong("https://crm.test/?p=%account[passwort]%"),
        expect![[
            r#"site.toml:5:21: accounts.office.custom_action_url: "https://crm.test…" is not allowed: passwort is no setting of an account; allowed: an address of http or https, or nothing"#
        ]],
    );
    complains(
        &wrong("file:///etc/passwd"),
        expect![[
            r#"site.toml:5:21: accounts.office.custom_action_url: "file://…" is not allowed: it does not begin with http:// or https:// and a host; allowed: an address of http or https, or nothing"#
        ]],
    );
}

/// M-119: the rule of mail addresses, and a domain that cannot be one.
#[test]
fn m_119_the_rule_of_mail_addresses_reaches_the_account() {
    let rule = |lines: &str| settings(&office(lines)).accounts.remove(0).policy.mail;
    assert_eq!(rule(""), policy::mail::Rule::default());
    let made = rule("mail_user_as_local = true\nmail_domain = \"house.test\"\n");
    assert!(made.user_as_local && made.domain.as_deref() == Some("house.test"));
    complains(
        &office("mail_domain = \"10.0.0.1\"\n"),
        expect![[
            r#"site.toml:5:15: accounts.office.mail_domain: "10.0.0.1" is no domain of mail addresses; allowed: such as example.com, or nothing"#
        ]],
    );
}

#[test]
fn a_login_in_a_page_is_told_without_it() {
    let page = office("custom_action_url = \"https://me:secret@crm.test/\"\n");
    let (_, _, complaints) = with(&request("desktop"), &page);
    let refused = complaints.to_string();
    let told = "custom_action_url: an address with a user in it is not allowed: it holds a login";
    assert!(refused.contains(told), "{refused}");
    assert!(!refused.contains("secret"), "{refused}");
}

/// A key in an address, which many services want, stands in no complaint either.
#[test]
fn a_key_in_an_address_is_told_without_it() {
    for (name, written, shown) in [
        (
            "xcap",
            "https://x.test/root?token=s3cret",
            "https://x.test…",
        ),
        (
            "custom_action_url",
            "https://crm.test/?token=s3cret&n=%account[nothing]%",
            "https://crm.test…",
        ),
        (
            "server_book_url",
            "https://book.test/?token=s3cret",
            "https://book.test…",
        ),
    ] {
        let page = office(&format!("{name} = \"{written}\"\n"));
        let (_, _, complaints) = with(&request("desktop"), &page);
        let refused = complaints.to_string();
        let told = format!("{name}: \"{shown}\" is not allowed");
        assert!(refused.contains(&told), "{refused}");
        assert!(!refused.contains("s3cret"), "{refused}");
    }
}
