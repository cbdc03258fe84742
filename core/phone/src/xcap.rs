//! The servers that keep what people have on each of their phones, asked over HTTP.

use base::Redacted;
use control::{Code, ErrorObject};
use http_client::{Client, Login, Policy, Url};
use ports::Account;
use settings::Settings;
use std::fmt::Write as _;
use xcap::source::Open;
use xcap::{Answer, Ask, Place, Source, Version};

/// Those of all accounts that have one.
pub(crate) fn sources(settings: &Settings, accounts: &[Account]) -> Vec<Source> {
    let mut sources = Vec::new();
    for from in &settings.accounts {
        let account = accounts.iter().find(|account| account.name == from.id);
        if let (Some(wanted), Some(account)) = (&from.xcap, account) {
            sources.push(Source {
                account: account.name.clone(),
                owner: account.owner(),
                domain: from.domain.clone(),
                server: wanted.root.clone(),
                own: account.aor.to_string(),
                forwarding: wanted.forwarding,
                rights: wanted.rights,
                groups: wanted.groups,
                refresh: wanted.refresh,
                patience: Source::PATIENCE,
                open: open(wanted.root.clone(), account),
            });
        }
    }
    sources
}

fn open(root: String, account: &Account) -> Open {
    let user = in_path(&account.aor.to_string());
    let login = Login {
        user: account.auth_user.clone(),
        password: Redacted::new(account.password.reveal().clone()),
    };
    Box::new(move || {
        let home = http_client::address(&root).map_err(failed)?;
        let policy = Policy {
            body: xcap::BYTES as u64,
            ..Policy::default()
        };
        let client = Client::new(policy, &home, Some(login.clone()));
        let (root, user) = (root.clone(), user.clone());
        Ok(Box::new(Server { client, root, user }))
    })
}

/// A person as a part of a path. Source: RFC 4825 §6.2, RFC 3986 §3.3.
fn in_path(user: &str) -> String {
    let mut path = String::new();
    for byte in user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // A text takes all that is written into it.
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path
}

fn failed(why: http_client::Error) -> ErrorObject {
    ErrorObject::new(Code::XCAP_FAILED, why.to_string()).fix(why.fix())
}

struct Server {
    client: Client,
    root: String,
    user: String,
}

impl Server {
    fn ask(
        &mut self,
        (method, place): (&str, Place),
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, ErrorObject> {
        let url = format!("{}/{}", self.root, place.path(&self.user));
        let url: Url = http_client::address(&url).map_err(failed)?;
        let ask = http_client::Ask {
            method,
            url: &url,
            headers,
            body,
        };
        let answer = self.client.ask(&ask).map_err(failed)?;
        Ok(Answer {
            status: answer.status,
            tag: answer.header("etag").map(str::to_owned),
            body: answer.body,
        })
    }
}

impl Ask for Server {
    fn get(&mut self, place: Place) -> Result<Answer, ErrorObject> {
        self.ask(("GET", place), &[("Accept", place.kind())], "")
    }

    fn put(&mut self, place: Place, of: &Version, body: &str) -> Result<Answer, ErrorObject> {
        let kind = ("Content-Type", place.kind());
        let way = ("PUT", place);
        match of {
            Version::New => self.ask(way, &[kind, ("If-None-Match", "*")], body),
            Version::Tag(tag) => self.ask(way, &[kind, ("If-Match", tag)], body),
            Version::Any => self.ask(way, &[kind], body),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_one_part_of_the_path() {
        assert_eq!(in_path("sip:101@pbx.test"), "sip:101@pbx.test");
        assert_eq!(in_path("sip:a%23/b@c"), "sip:a%2523%2Fb@c");
        assert_eq!(in_path("ä?#"), "%C3%A4%3F%23");
    }
}
