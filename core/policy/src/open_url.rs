//! The address that the dial action `openUrl` opens (K-180, K-220): of the web, with the number filled in.

/// Where the number stands in a template.
const NUMBER: &str = "%uri%";
/// How a value of the account is named in a template: `%account[user]%`.
const ACCOUNT: &str = "%account[";

/// A template whose values of the account are filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenUrl(String);

/// A value of the account, for a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field<'a> {
    /// It is this.
    Is(&'a str),
    /// It is nobody's business.
    Secret,
    /// There is none of that name.
    Unknown,
}

/// Why a template is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It opens something else than a page, or no host is named where nothing is filled in.
    #[error("it does not begin with http:// or https:// and a host")]
    NotOfTheWeb,
    /// Browsers keep addresses, and send them on.
    #[error("it holds a login, which browsers keep")]
    Login,
    /// It would stand in the browser's history, and in the server's log.
    #[error("secret not allowed here: {0}")]
    Secret(String),
    /// A value of the account that there is none of.
    #[error("{0} is no setting of an account")]
    Unknown(String),
    /// A line break, a space, a control character.
    #[error("it holds a space, a line break or another character that no address has")]
    NotText,
}

impl OpenUrl {
    /// Reads a template such as `https://crm.example/?n=%uri%&me=%account[user]%`; `field` gives a setting of the
    /// account by its name.
    pub fn read<'a>(template: &str, field: impl Fn(&str) -> Field<'a>) -> Result<Self, Refused> {
        if template.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
            return Err(Refused::NotText);
        }
        let (begin, mut rest) = web(template)?;
        let mut filled = begin.to_owned();
        while let Some((before, after)) = rest.split_once(ACCOUNT) {
            let Some((name, after)) = after.split_once("]%") else {
                break;
            };
            filled.push_str(before);
            match field(name) {
                Field::Is(value) => filled.push_str(&escaped(value)),
                Field::Secret => return Err(Refused::Secret(name.to_owned())),
                Field::Unknown => return Err(Refused::Unknown(name.to_owned())),
            }
            rest = after;
        }
        filled.push_str(rest);
        Ok(Self(filled))
    }

    /// The address for `number`, in which every character of the number that could mean something else is escaped.
    pub fn address(&self, number: &str) -> String {
        self.0.replace(NUMBER, &escaped(number))
    }
}

/// Scheme and host, in which nothing is filled in, and the rest. Source: RFC 3986 §3.
fn web(template: &str) -> Result<(&str, &str), Refused> {
    let lower = template.to_ascii_lowercase();
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| lower.starts_with(scheme))
        .ok_or(Refused::NotOfTheWeb)?;
    let host = &template[scheme.len()..];
    let end = host.find(['/', '?', '#', '\\']).unwrap_or(host.len());
    let host = &host[..end];
    if host.contains('@') {
        return Err(Refused::Login);
    }
    let name = host.split(':').next().unwrap_or_default();
    let is_host = |letter: char| letter.is_alphanumeric() || "-._:[]".contains(letter);
    if name.is_empty() || !host.chars().all(is_host) {
        return Err(Refused::NotOfTheWeb);
    }
    Ok(template.split_at(scheme.len() + end))
}

/// Everything but what means nothing in an address (RFC 3986 §2.3) in per cent.
fn escaped(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            true => all.push(char::from(byte)),
            false => all.push_str(&format!("%{byte:02X}")),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(template: &str) -> Result<OpenUrl, String> {
        let field = |name: &str| match name {
            "user" => Field::Is("a&b c"),
            "password" => Field::Secret,
            _ => Field::Unknown,
        };
        OpenUrl::read(template, field).map_err(|why| why.to_string())
    }

    /// K-180: number and account's values are escaped; what the template says itself, ampersands too, stays.
    #[test]
    fn k_180_number_and_values_are_filled_in() {
        for (template, number, address) in [
            (
                "https://crm.example/?n=%uri%&x=1",
                "+420 123",
                "https://crm.example/?n=%2B420%20123&x=1",
            ),
            (
                "http://crm.example/%account[user]%/%uri%",
                "5",
                "http://crm.example/a%26b%20c/5",
            ),
            (
                "HTTPS://Crm.example:8443?%uri%&%uri%",
                "5",
                "HTTPS://Crm.example:8443?5&5",
            ),
            (
                "https://[2001:db8::1]/%uri%",
                "sip:bob@x/..?a#b",
                "https://[2001:db8::1]/sip%3Abob%40x%2F..%3Fa%23b",
            ),
            ("https://crm.example", "5", "https://crm.example"),
            (
                "https://crm.example/%account[user",
                "5",
                "https://crm.example/%account[user",
            ),
            (
                "https://crm.example/%41%uri%",
                "%41",
                "https://crm.example/%41%2541",
            ),
        ] {
            assert_eq!(read(template).unwrap().address(number), address);
        }
        // A value that looks like a place for the number is none.
        let field = |_: &str| Field::Is("%uri%");
        let odd = OpenUrl::read("https://x/%account[user]%", field).unwrap();
        assert_eq!(odd.address("5"), "https://x/%25uri%25");
    }

    /// K-180: what is no page, what holds a secret or a login, and what has no host of its own, is refused.
    #[test]
    fn k_180_what_is_no_page_is_refused() {
        let web = "it does not begin with http:// or https:// and a host";
        for template in [
            "",
            "crm.example/%uri%",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "javascript://crm.example/%0aalert(1)",
            "data:text/html,x",
            "ftp://crm.example/%uri%",
            "sip:%uri%",
            "tel:%uri%",
            "%uri%",
            "//crm.example/%uri%",
            "https:crm.example",
            "https:/crm.example",
            "https://",
            "https:///%uri%",
            "https://?%uri%",
            "https://:80/%uri%",
            "https://%uri%/",
            "https://%uri%.example/",
            "https://%account[user]%/",
            "https://crm.example;x/%uri%",
            "vbscript:https://crm.example",
        ] {
            assert_eq!(read(template), Err(web.to_owned()), "{template}");
        }
    }

    /// K-180: nor what holds a login or a secret, or does not fit on one line.
    #[test]
    fn k_180_what_gives_something_away_is_refused() {
        for (template, said) in [
            (
                "https://me:secret@crm.example/",
                "it holds a login, which browsers keep",
            ),
            (
                "https://crm.example@evil.example/",
                "it holds a login, which browsers keep",
            ),
            (
                "https://%account[user]%@crm.example/",
                "it holds a login, which browsers keep",
            ),
            (
                "https://crm.example/?p=%account[password]%",
                "secret not allowed here: password",
            ),
            (
                "https://crm.example/?p=%account[pin]%",
                "pin is no setting of an account",
            ),
            (
                "https://crm.example/?p=%account[]%",
                " is no setting of an account",
            ),
            (
                "https://crm.example/\nx",
                "it holds a space, a line break or another character that no address has",
            ),
            (
                "https://crm.example/ %uri%",
                "it holds a space, a line break or another character that no address has",
            ),
            (
                "https://crm.example/\u{7f}",
                "it holds a space, a line break or another character that no address has",
            ),
        ] {
            assert_eq!(read(template), Err(said.to_owned()), "{template}");
        }
    }
}
