//! A server that sends documents of a mebibyte: a lamp is right or says that it is not, and everything goes on.

use super::{PATIENCE, run, start};
use control::event::Filter;
use control::lamp::LampState;
use control::{Event, EventBody};
use engine::listener::{Listener, Next};
use std::rc::Rc;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The largest body on a stream. Source: `limits.sip_body_bytes`. Unit: bytes.
const MOST: usize = 1_024 * 1_024;

/// A registrar and notifier on one connection after the other.
struct Server {
    listener: TcpListener,
    stream: Option<TcpStream>,
    came: Vec<u8>,
    /// The SUBSCRIBE as it came.
    subscribe: String,
    cseq: u32,
}

impl Server {
    async fn new() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            stream: None,
            came: Vec::new(),
            subscribe: String::new(),
            cseq: 0,
        }
    }

    /// The next message; what comes on a new connection where the old one ended.
    async fn next(&mut self) -> String {
        loop {
            if let Some(message) = self.whole() {
                return message;
            }
            let stream = match &mut self.stream {
                Some(stream) => stream,
                None => self.stream.insert(self.listener.accept().await.unwrap().0),
            };
            let mut bytes = [0; 4_096];
            match stream.read(&mut bytes).await {
                Ok(size) if size > 0 => self.came.extend(&bytes[..size]),
                Ok(_) | Err(_) => (self.stream, self.came) = (None, Vec::new()),
            }
        }
    }

    /// A message without a body, which is all that a phone sends here.
    fn whole(&mut self) -> Option<String> {
        // Between messages a phone keeps the connection open by empty lines.
        let blank = self
            .came
            .iter()
            .take_while(|byte| b"\r\n".contains(byte))
            .count();
        self.came.drain(..blank);
        let end = self.came.windows(4).position(|four| four == b"\r\n\r\n")?;
        let message: Vec<u8> = self.came.drain(..end + 4).collect();
        Some(String::from_utf8(message).unwrap())
    }

    /// Answers until the lamp is watched.
    async fn watched(&mut self) {
        loop {
            let request = self.next().await;
            if request.starts_with("SIP/2.0") {
                continue;
            }
            let line = |name: &str| request.lines().find(|line| line.starts_with(name));
            let mut answer = "SIP/2.0 200 OK\r\n".to_owned();
            for name in ["Via:", "From:", "To:", "Call-ID:", "CSeq:", "Contact:"] {
                let line = line(name).unwrap();
                let is_new = name == "To:" && !line.contains(";tag=");
                answer += &format!("{line}{}\r\n", if is_new { ";tag=9" } else { "" });
            }
            answer += "Expires: 600\r\nContent-Length: 0\r\n\r\n";
            let is_watch = request.starts_with("SUBSCRIBE");
            self.send(answer.as_bytes()).await;
            if is_watch {
                self.subscribe = request;
                return;
            }
        }
    }

    async fn send(&mut self, bytes: &[u8]) {
        let stream = self.stream.as_mut().unwrap();
        // A phone that has had enough ends the connection while it is written to.
        let _ = stream.write_all(bytes).await;
    }

    /// A NOTIFY with this document, as it is sent.
    fn notify(&mut self, document: &str) -> String {
        self.cseq += 1;
        let value = |name: &str| {
            let line = self.subscribe.lines().find(|line| line.starts_with(name));
            line.unwrap().split_once(": ").unwrap().1.to_owned()
        };
        let contact = value("Contact");
        let target = contact.trim_start_matches('<').split('>').next().unwrap();
        format!(
            "NOTIFY {target} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK{cseq}\r\nMax-Forwards: 70\r\n\
             From: {};tag=9\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} NOTIFY\r\nContact: <sip:9@127.0.0.1>\r\n\
             Event: dialog\r\nSubscription-State: active;expires=600\r\n\
             Content-Type: application/dialog-info+xml\r\nContent-Length: {}\r\n\r\n{document}",
            value("To"),
            value("From"),
            value("Call-ID"),
            document.len(),
            cseq = self.cseq,
        )
    }
}

/// A document of so many bytes in which the first call is `first`, and thousands after it are over.
fn document(version: u32, first: &str, bytes: usize) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\"?><dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"{version}\" \
         state=\"full\" entity=\"sip:103@127.0.0.1\"><dialog id=\"0\"><state>{first}</state></dialog>"
    );
    let end = "</dialog-info>";
    for id in 1.. {
        let call = format!("<dialog id=\"{id}\"><state>terminated</state></dialog>");
        if text.len() + call.len() + end.len() > bytes {
            break;
        }
        text += &call;
    }
    let blank = bytes.saturating_sub(text.len() + end.len());
    format!("{text}{}{end}", " ".repeat(blank))
}

async fn lamp(events: &Rc<Listener>, wanted: LampState) {
    let mut seen: Vec<Event> = Vec::new();
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            let Next::Event(sent) = events.next().await else {
                panic!("lagged");
            };
            if matches!(&sent.event.body, EventBody::BlfChanged(lamp) if lamp.snapshot.state == wanted)
            {
                return;
            }
            seen.push(sent.event.clone());
        }
    });
    let found = found.await;
    assert!(found.is_ok(), "no {wanted:?} among {seen:#?}");
}

/// M-084, M-091: of a mebibyte no more is read than a lamp needs, and a byte more ends the connection; each time the
/// lamp says that nobody knows, and is right again once it was told anew.
#[test]
fn m_091_a_notify_of_a_mebibyte_stops_nothing() {
    run(async {
        let mut server = Server::new().await;
        let domain = server.listener.local_addr().unwrap().to_string();
        let core = start(&[
            ("accounts.a.user", "1"),
            ("accounts.a.domain", &domain),
            ("accounts.a.password", "secret"),
            ("accounts.a.transport", "tcp"),
            ("accounts.a.blf", "103"),
        ])
        .await;
        let events = core.events(Filter(vec!["blf.changed".to_owned()]));
        server.watched().await;
        let small = server.notify(&document(0, "terminated", 400));
        server.send(small.as_bytes()).await;
        lamp(&events, LampState::Idle).await;
        assert!(server.next().await.starts_with("SIP/2.0 200"));

        let large = server.notify(&document(1, "confirmed", MOST));
        let began = Instant::now();
        server.send(large.as_bytes()).await;
        let answer = server.next().await;
        println!("answered after {:?}", began.elapsed());
        assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
        lamp(&events, LampState::Unknown).await;
        let small = server.notify(&document(2, "confirmed", 400));
        server.send(small.as_bytes()).await;
        lamp(&events, LampState::Busy).await;

        let beyond = server.notify(&document(3, "terminated", MOST + 1));
        server.send(beyond.as_bytes()).await;
        lamp(&events, LampState::Unknown).await;
        server.watched().await;
        let small = server.notify(&document(0, "terminated", 400));
        server.send(small.as_bytes()).await;
        lamp(&events, LampState::Idle).await;
        core.stop("test").await;
    });
}
