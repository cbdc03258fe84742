//! What comes to a peer: repeats are answered as before, the rest goes to its rules.

use super::{Script, Served};
use bytes::Bytes;
use sip_message::{Limits, Message, Method, Request, Response, Status};
use std::net::SocketAddr;

/// Names the server transaction of a request.
pub(super) fn key(request: &Request) -> (String, String) {
    let via = request.headers().top_via().ok();
    let branch = via.and_then(|via| via.branch().map(str::to_owned));
    let method = request.method().as_str().to_owned();
    (branch.unwrap_or_default(), method)
}

/// Names what an ACK acknowledges.
pub(super) fn ack_key(request: &Request) -> String {
    let headers = request.headers();
    let call = headers.call_id().map(|id| id.to_string());
    let number = headers.cseq().map_or(0, |cseq| cseq.number);
    format!("{} {number}", call.unwrap_or_default())
}

impl Script {
    pub(super) fn datagram(&mut self, source: SocketAddr, bytes: Bytes) {
        // Voice is not for peers.
        if !bytes.first().is_some_and(u8::is_ascii_alphabetic) {
            return;
        }
        match sip_message::parse_datagram(bytes, &Limits::default()) {
            Ok(Message::Request(request)) => self.request(request, source),
            Ok(Message::Response(response)) => self.response(&response),
            Err(_) => {}
        }
    }

    fn request(&mut self, request: Request, source: SocketAddr) {
        if *request.method() == Method::Ack {
            self.stop_repeating(&ack_key(&request));
            self.set_wake();
            return self.follow_rule(&request);
        }
        let key = key(&request);
        if let Some(served) = self.served.get(&key) {
            if let Some(response) = served.response.clone() {
                let to = served.to;
                self.transmit(to, response);
            }
            return;
        }
        let request = request.seen_from(source);
        self.served.insert(
            key,
            Served {
                request: request.clone(),
                to: source,
                response: None,
            },
        );
        self.follow_rule(&request);
    }

    fn follow_rule(&mut self, request: &Request) {
        let now = self.now();
        self.heard.push((now, Message::Request(request.clone())));
        let rule = self.rules.get(request.method().as_str()).cloned();
        match rule {
            Some(rule) => rule(self, request),
            None => self.by_itself(request),
        }
    }

    fn by_itself(&mut self, request: &Request) {
        if *request.method() == Method::Ack {
            return;
        }
        if *request.method() == Method::Cancel {
            return self.cancelled(request);
        }
        let code = if *request.method() == Method::Invite {
            486
        } else {
            200
        };
        self.reply(request, code, |r| r);
    }

    /// 200 to the CANCEL, and 487 to its INVITE where that has no final response.
    pub fn cancelled(&mut self, cancel: &Request) {
        let key = (key(cancel).0, "INVITE".to_owned());
        let Some(invite) = self.served.get(&key) else {
            return self.reply(cancel, 481, |r| r);
        };
        let (invite, last) = (invite.request.clone(), invite.response.clone());
        self.reply(cancel, 200, |r| r);
        let is_open = last.is_none_or(|bytes| bytes.starts_with(b"SIP/2.0 1"));
        if is_open {
            self.reply(&invite, 487, |r| r);
        }
    }

    fn response(&mut self, response: &Response) {
        let headers = response.headers();
        let Ok(via) = headers.top_via() else { return };
        let branch = via.branch().unwrap_or_default().to_owned();
        let is_cancel = headers
            .cseq()
            .is_ok_and(|cseq| cseq.method == Method::Cancel);
        let key = if is_cancel {
            format!("{branch} CANCEL")
        } else {
            branch
        };
        let Some((request, to, then)) = self.asked.get(&key).cloned() else {
            return;
        };
        let status = response.status();
        let is_invite = *request.method() == Method::Invite;
        if status.is_final() || is_invite {
            self.stop_repeating(&key);
            self.set_wake();
        }
        if is_invite && status.is_final() && !status.is_success() {
            self.acknowledge_failure(&request, response, to);
        }
        if self.is_repeated(response, status) {
            return;
        }
        let now = self.now();
        self.heard.push((now, Message::Response(response.clone())));
        if is_invite && status.is_success() && self.acknowledges {
            self.acknowledge(&request, response, "");
        }
        then(self, response);
    }

    /// A 2xx that was acknowledged already is acknowledged again; other repeats are dropped.
    fn is_repeated(&self, response: &Response, status: Status) -> bool {
        if let Some((ack, to)) = self.acks.get(&super::leg::ack_of(response)) {
            self.transmit(*to, ack.clone());
            return true;
        }
        let known = |message: &Message| match message {
            Message::Response(known) => known.bytes() == response.bytes(),
            Message::Request(_) => false,
        };
        status.code() > 100 && self.heard.iter().any(|(_, message)| known(message))
    }
}
