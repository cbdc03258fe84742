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
        expect![[r#"site.toml:5:12: accounts.office.headers: "* X-A: 1\r\nTo: x": its value is not one line of at most 1024 bytes; allowed: a list of lines, such as ["INVITE X-Customer: 42", "* X-Site: 7"]"#]],
    );
}
