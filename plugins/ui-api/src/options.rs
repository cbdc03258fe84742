//! What can be set.

use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use plugin::{Refusal, Status};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::PathBuf;
use tokens::TokenFile;

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    listen: String,
    allowed_hosts: String,
    allowed_origins: String,
    tokens: String,
    address_file: String,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8470".to_owned(),
            allowed_hosts: String::new(),
            allowed_origins: String::new(),
            tokens: String::new(),
            address_file: String::new(),
        }
    }
}

/// The options, checked.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen: addresses of this computer alone.
    pub listen: Vec<SocketAddr>,
    /// Names that `Host` may have beside those of this computer, in lower case.
    pub hosts: Vec<String>,
    /// What `Origin` may be, in lower case.
    pub origins: Vec<String>,
    /// Who is let in.
    pub tokens: TokenFile,
    /// Where the addresses are written once it listens.
    pub address_file: Option<PathBuf>,
}

impl Options {
    /// From what the settings say of this plugin, and over it what they say of this face; both JSON objects, or empty.
    pub fn read(of_plugin: &str, of_face: &str) -> Result<Self, Refusal> {
        let mut all = object(of_plugin)?;
        all.extend(object(of_face)?);
        let written: Written =
            serde_json::from_value(Value::Object(all)).map_err(|why| bad(why.to_string()))?;
        let listen: Vec<SocketAddr> = list(&written.listen)
            .map(address)
            .collect::<Result<_, _>>()?;
        if listen.is_empty() {
            return Err(bad("listen names no address".to_owned()));
        }
        let file = match written.tokens.as_str() {
            "" => TokenFile::usual().ok_or_else(|| {
                bad("this user has no state folder: name a file in tokens".into())
            })?,
            path => TokenFile::at(path),
        };
        let named =
            (!written.address_file.is_empty()).then(|| PathBuf::from(&written.address_file));
        Ok(Self {
            listen,
            hosts: list(&written.allowed_hosts)
                .map(host)
                .collect::<Result<_, _>>()?,
            origins: list(&written.allowed_origins)
                .map(origin)
                .collect::<Result<_, _>>()?,
            tokens: file,
            address_file: named,
        })
    }
}

fn object(text: &str) -> Result<Map<String, Value>, Refusal> {
    match text.trim() {
        "" => Ok(Map::new()),
        text => serde_json::from_str(text).map_err(|why| bad(why.to_string())),
    }
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// Nobody but programs of this computer may reach it, as long as nothing is encrypted.
fn address(text: &str) -> Result<SocketAddr, Refusal> {
    let form = || {
        bad(format!(
            "listen: {text:?} is no address with a port; write 127.0.0.1:8470 or [::1]:8470"
        ))
    };
    let address: SocketAddr = text.parse().map_err(|_| form())?;
    let ours = address.ip() == Ipv4Addr::LOCALHOST || address.ip() == Ipv6Addr::LOCALHOST;
    match ours {
        true => Ok(address),
        false => Err(bad(format!(
            "listen: {text} could be reached by other computers, and there is no TLS yet; write 127.0.0.1 or [::1]"
        ))),
    }
}

/// A name alone: a port is not looked at, and there is no sign for all names.
fn host(text: &str) -> Result<String, Refusal> {
    let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match text.chars().all(of_name) {
        true => Ok(text.to_ascii_lowercase()),
        false => Err(bad(format!(
            "allowed_hosts: {text:?} is no name; write it without scheme and port, such as phone.example"
        ))),
    }
}

/// As browsers write it (RFC 6454 §6.1): scheme, name, port; no path, and no `null`, which any page can be.
fn origin(text: &str) -> Result<String, Refusal> {
    let of_authority = |c: char| c.is_ascii_alphanumeric() || "-_.:[]".contains(c);
    match text.split_once("://") {
        Some(("http" | "https", rest)) if !rest.is_empty() && rest.chars().all(of_authority) => {
            Ok(text.to_ascii_lowercase())
        }
        Some(_) | None => Err(bad(format!(
            "allowed_origins: {text:?} is no origin; write it as https://crm.example, without a path"
        ))),
    }
}

fn bad(why: String) -> Refusal {
    Refusal::new(Status::BAD_ARGUMENT, format!("options: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m067_it_listens_on_this_computer_alone() {
        let read = |listen: &str| Options::read("", &format!(r#"{{"listen": "{listen}"}}"#));
        assert_eq!(read("127.0.0.1:0, [::1]:0").unwrap().listen.len(), 2);
        for (listen, says) in [
            ("0.0.0.0:8470", "other computers"),
            ("[::]:8470", "other computers"),
            ("192.168.1.7:8470", "other computers"),
            ("[::ffff:127.0.0.1]:8470", "other computers"),
            ("localhost:8470", "no address"),
            ("127.0.0.1", "no address"),
            ("", "names no address"),
            ("127.0.0.1:1, 10.0.0.1:1", "other computers"),
        ] {
            let refused = read(listen).unwrap_err().to_string();
            assert!(refused.contains(says), "{listen}: {refused}");
        }
    }

    #[test]
    fn what_is_said_of_the_face_stands_over_what_is_said_of_the_plugin() {
        let of_plugin =
            r#"{"listen": "127.0.0.1:1", "allowed_hosts": "Phone.Example , b", "tokens": "/a"}"#;
        let options = Options::read(of_plugin, r#"{"tokens": "/b"}"#).unwrap();
        assert_eq!(options.listen, ["127.0.0.1:1".parse().unwrap()]);
        assert_eq!(options.hosts, ["phone.example", "b"]);
        assert_eq!(options.tokens.path().to_str(), Some("/b"));
        for bad in [
            "[]",
            r#"{"lisen": ""}"#,
            r#"{"listen": 1}"#,
            r#"{"allowed_hosts": "phone.example:80"}"#,
            r#"{"allowed_hosts": "*"}"#,
            r#"{"allowed_origins": "null"}"#,
            r#"{"allowed_origins": "https://a.example/"}"#,
            r#"{"allowed_origins": "https://*"}"#,
        ] {
            assert!(Options::read("", bad).is_err(), "{bad}");
        }
    }
}
