//! What a PBX knows of its extensions, told to Kamailio by PUBLISH (RFC 3903).
//!
//! The one place of the rig where requests are written by hand: SIPp publishes as fast as it likes and not
//! when a test wants it. What is read of the answer is its status and its SIP-ETag.

use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

/// How long Kamailio may take. Unit: time.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is said: the package, its document's type, and how long it holds.
#[derive(Debug, Clone, Copy)]
pub struct Topic {
    /// `dialog`, `presence` or `message-summary`.
    pub event: &'static str,
    /// Of the document.
    pub content_type: &'static str,
}

/// Calls of an extension.
pub const CALLS: Topic = Topic {
    event: "dialog",
    content_type: "application/dialog-info+xml",
};
/// What a person says.
pub const PRESENCE: Topic = Topic {
    event: "presence",
    content_type: "application/pidf+xml",
};
/// What waits in a mailbox.
pub const MAILBOX: Topic = Topic {
    event: "message-summary",
    content_type: "application/simple-message-summary",
};

/// A PBX's mouth.
#[derive(Debug)]
pub struct Publisher {
    socket: UdpSocket,
    server: SocketAddr,
    realm: &'static str,
    etags: BTreeMap<(String, &'static str), String>,
    count: u32,
}

impl Publisher {
    /// One that speaks to `server` of users in `realm`.
    pub fn new(server: SocketAddr, realm: &'static str) -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            socket,
            server,
            realm,
            etags: BTreeMap::new(),
            count: 0,
        })
    }

    /// The server was started anew and knows nothing any more.
    pub fn forget(&mut self) {
        self.etags.clear();
    }

    /// Says how `user` stands; waits until the server has it.
    pub fn say(&mut self, user: &str, topic: Topic, document: &str) -> Result<()> {
        self.count += 1;
        let (n, realm, own) = (self.count, self.realm, self.socket.local_addr()?);
        let key = (user.to_owned(), topic.event);
        let known = self.etags.get(&key);
        let known = known.map_or(String::new(), |etag| format!("SIP-If-Match: {etag}\r\n"));
        let request = format!(
            "PUBLISH sip:{user}@{realm} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {own};branch=z9hG4bK-{port}-{n}\r\n\
             From: <sip:{user}@{realm}>;tag={n}\r\n\
             To: <sip:{user}@{realm}>\r\n\
             Call-ID: {port}-{n}\r\n\
             CSeq: 1 PUBLISH\r\n\
             Max-Forwards: 70\r\n\
             X-Pbx: yes\r\n\
             Event: {event}\r\n\
             Expires: 600\r\n\
             {known}\
             Content-Type: {kind}\r\n\
             Content-Length: {len}\r\n\r\n{document}",
            port = own.port(),
            event = topic.event,
            kind = topic.content_type,
            len = document.len(),
        );
        self.socket.send_to(request.as_bytes(), self.server)?;
        let mut answer = vec![0; 8_192];
        let marks = format!("Call-ID: {}-{n}\r\n", own.port());
        loop {
            let len = self
                .socket
                .recv(&mut answer)
                .context("no answer to PUBLISH")?;
            let text = String::from_utf8_lossy(&answer[..len]).into_owned();
            if !text.contains(&marks) || text.starts_with("SIP/2.0 1") {
                continue;
            }
            ensure!(
                text.starts_with("SIP/2.0 200"),
                "PUBLISH is answered by {text}"
            );
            let etag = text
                .lines()
                .find_map(|line| line.strip_prefix("SIP-ETag: "));
            let Some(etag) = etag else {
                bail!("no SIP-ETag in {text}");
            };
            self.etags.insert(key, etag.trim().to_owned());
            return Ok(());
        }
    }

    /// What the server tells about `user` to somebody who asks once (RFC 6665 §4.4.3): the body of its NOTIFY.
    pub fn fetch(&mut self, user: &str, topic: Topic) -> Result<String> {
        let (_, body) = self.ask(("pbx", 0), user, topic)?;
        Ok(body)
    }

    /// What the server tells about `user` to `who` first, as one who watches for a while: head and body of its NOTIFY.
    /// A server that judges who may watch need not judge who asks once.
    pub fn watch(&mut self, who: &str, user: &str, topic: Topic) -> Result<(String, String)> {
        self.ask((who, 2), user, topic)
    }

    fn ask(
        &mut self,
        (who, expires_s): (&str, u32),
        user: &str,
        topic: Topic,
    ) -> Result<(String, String)> {
        self.count += 1;
        let (n, realm, own) = (self.count, self.realm, self.socket.local_addr()?);
        let request = format!(
            "SUBSCRIBE sip:{user}@{realm} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {own};branch=z9hG4bK-{port}-{n}\r\n\
             From: <sip:{who}@{realm}>;tag={n}\r\n\
             To: <sip:{user}@{realm}>\r\n\
             Call-ID: {port}-{n}\r\n\
             CSeq: 1 SUBSCRIBE\r\n\
             Contact: <sip:{who}@{own}>\r\n\
             Max-Forwards: 70\r\n\
             X-Pbx: yes\r\n\
             Event: {event}\r\n\
             Accept: {kind}\r\n\
             Expires: {expires_s}\r\n\
             Content-Length: 0\r\n\r\n",
            port = own.port(),
            event = topic.event,
            kind = topic.content_type,
        );
        self.socket.send_to(request.as_bytes(), self.server)?;
        let marks = format!("Call-ID: {}-{n}\r\n", own.port());
        let mut heard = vec![0; 16_384];
        loop {
            let len = self.socket.recv(&mut heard).context("no NOTIFY")?;
            let text = String::from_utf8_lossy(&heard[..len]).into_owned();
            if !text.contains(&marks) {
                continue;
            }
            if !text.starts_with("NOTIFY ") {
                ensure!(
                    text.starts_with("SIP/2.0 2"),
                    "SUBSCRIBE is answered by {text}"
                );
                continue;
            }
            let (head, body) = text.split_once("\r\n\r\n").context("no body")?;
            let copied = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
            let lines = head
                .lines()
                .filter(|line| copied.iter().any(|name| line.starts_with(name)));
            let mut answer = String::from("SIP/2.0 200 OK\r\n");
            lines.for_each(|line| {
                answer.push_str(line);
                answer.push_str("\r\n");
            });
            answer.push_str("Content-Length: 0\r\n\r\n");
            self.socket.send_to(answer.as_bytes(), self.server)?;
            return Ok((head.to_owned(), body.to_owned()));
        }
    }
}

/// The calls of `user`: one, that `state` (RFC 4235 §3.7.1) says how far it is, with `peer`; or none.
pub fn calls(user: &str, version: u32, call: Option<(&str, &str)>) -> String {
    let call = call.map_or(String::new(), |(state, peer)| {
        format!(
            "<dialog id=\"1\" direction=\"recipient\"><state>{state}</state>\
             <remote><identity>sip:{peer}@offhook.test</identity></remote></dialog>"
        )
    });
    format!(
        "<?xml version=\"1.0\"?>\
         <dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"{version}\" state=\"full\" \
         entity=\"sip:{user}@offhook.test\">{call}</dialog-info>"
    )
}
