//! A registrar for peers and proxies: digest MD5 by its own arithmetic, bindings, and lies on demand.

use md5::{Digest, Md5};
use sip_message::{Request, Response, ResponseBuilder, Status};
use std::collections::BTreeMap;

/// Who may register, and what is bound.
#[derive(Debug, Clone, Default)]
pub struct Registrar {
    /// Passwords by user; nobody is asked where it is empty.
    pub passwords: BTreeMap<String, String>,
    /// What it grants at most. Unit: s.
    pub grants: u32,
    /// Contacts by user, with what is left of them.
    pub bindings: BTreeMap<String, Vec<(String, u32)>>,
    /// Realm of its challenges.
    pub realm: String,
    /// What it answers instead, whoever asks.
    pub out_of_duty: Option<Status>,
}

impl Registrar {
    /// Grants up to `grants` s to whoever knows one of the passwords.
    pub fn new(realm: &str, grants: u32, passwords: &[(&str, &str)]) -> Self {
        Self {
            passwords: passwords
                .iter()
                .map(|(user, word)| ((*user).to_owned(), (*word).to_owned()))
                .collect(),
            grants,
            bindings: BTreeMap::new(),
            realm: realm.to_owned(),
            out_of_duty: None,
        }
    }

    /// Its response to a REGISTER.
    pub fn answer(&mut self, request: &Request) -> Response {
        if let Some(status) = self.out_of_duty {
            return self.response(request, status).build();
        }
        if !self.proves(request, "Authorization") {
            let challenge = self.challenge(request);
            return self
                .response(request, Status::UNAUTHORIZED)
                .header("WWW-Authenticate", challenge)
                .build();
        }
        self.bind(request);
        let user = user_of(request);
        let mut response = self.response(request, Status::OK);
        for (contact, expires) in self.bindings.get(&user).into_iter().flatten() {
            response = response.header("Contact", format!("<{contact}>;expires={expires}"));
        }
        response.build()
    }

    fn response(&self, request: &Request, status: Status) -> ResponseBuilder {
        ResponseBuilder::to(request, status).to_tag("registrar")
    }

    fn bind(&mut self, request: &Request) {
        let user = user_of(request);
        let headers = request.headers();
        let Ok(contacts) = headers.contacts() else {
            return;
        };
        let of_all = headers.expires().ok().flatten();
        let bound = self.bindings.entry(user).or_default();
        for contact in contacts.list() {
            let uri = contact.uri().to_string();
            let asked = contact.expires().or(of_all).unwrap_or(3600);
            bound.retain(|(known, _)| *known != uri);
            if asked > 0 {
                bound.push((uri, asked.min(self.grants)));
            }
        }
    }

    /// A challenge for this request. The nonce follows from the Call-ID: nothing has to be kept.
    pub fn challenge(&self, request: &Request) -> String {
        let nonce = self.nonce(request);
        let realm = &self.realm;
        format!("Digest realm=\"{realm}\", nonce=\"{nonce}\", qop=\"auth\", algorithm=MD5")
    }

    fn nonce(&self, request: &Request) -> String {
        let call = request.headers().call_id();
        let call = call.map_or_else(|_| String::new(), |id| id.to_string());
        hex(&format!("{} {call}", self.realm))
    }

    /// Whether the request proves its user's password to this realm (RFC 2617 §3.2.2).
    pub fn proves(&self, request: &Request, header: &str) -> bool {
        if self.passwords.is_empty() {
            return true;
        }
        let credentials: Vec<BTreeMap<String, String>> = request
            .headers()
            .iter()
            .filter(|h| h.name.to_string().eq_ignore_ascii_case(header))
            .map(|h| parameters(&String::from_utf8_lossy(h.value)))
            .collect();
        credentials
            .iter()
            .any(|given| self.is_right(request, given))
    }

    fn is_right(&self, request: &Request, given: &BTreeMap<String, String>) -> bool {
        let get = |name: &str| given.get(name).cloned().unwrap_or_default();
        let Some(password) = self.passwords.get(&get("username")) else {
            return false;
        };
        if get("realm") != self.realm || get("nonce") != self.nonce(request) {
            return false;
        }
        let secret = hex(&format!("{}:{}:{password}", get("username"), self.realm));
        let what = hex(&format!("{}:{}", request.method().as_str(), get("uri")));
        let (nonce, count, own) = (get("nonce"), get("nc"), get("cnonce"));
        let proof = format!("{secret}:{nonce}:{count}:{own}:{}:{what}", get("qop"));
        hex(&proof) == get("response")
    }
}

/// The user part of To, which is who registers.
fn user_of(request: &Request) -> String {
    let to = request.headers().to().ok();
    let user = to.and_then(|to| to.uri().user().map(str::to_owned));
    user.unwrap_or_default()
}

fn parameters(credentials: &str) -> BTreeMap<String, String> {
    let list = credentials.trim().trim_start_matches("Digest");
    let pairs = list.split(',').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| {
            let value = value.trim().trim_matches('"');
            (name.trim().to_owned(), value.to_owned())
        })
        .collect()
}

fn hex(text: &str) -> String {
    let digest = Md5::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
