//! What a well-behaved peer says beside hostile ones.

use sip_message::{HeaderName, Limits, Message, Method, Response, parse_datagram};
use std::net::SocketAddr;

/// A valid request outside of dialogs; `mark` makes it unique.
pub(crate) fn request(method: &str, transport: &str, from: SocketAddr, mark: &str) -> Vec<u8> {
    let body = if method == "INVITE" {
        format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
             m=audio 49170 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n",
            ip = from.ip()
        )
    } else {
        String::new()
    };
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    format!(
        "{method} sip:bob@127.0.0.1 SIP/2.0\r\n\
         Via: SIP/2.0/{transport} {from};rport;branch=z9hG4bK{mark}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:alice@a.example>;tag={mark}\r\nTo: <sip:bob@127.0.0.1>\r\n\
         Call-ID: {mark}\r\nCSeq: 1 {method}\r\nContact: <sip:alice@{from}>\r\n{kind}\
         Content-Length: {size}\r\n\r\n{body}",
        size = body.len()
    )
    .into_bytes()
}

/// A response, if that is what the bytes are.
pub(crate) fn response(bytes: &[u8]) -> Option<Response> {
    match parse_datagram(bytes.to_vec().into(), &Limits::DEFAULT) {
        Ok(Message::Response(response)) => Some(response),
        Ok(Message::Request(_)) | Err(_) => None,
    }
}

/// The ACK that ends a refused INVITE; `None` where the response is to something else, or its fields
/// are such that nobody could write one. Source: RFC 3261 §17.1.1.3.
pub(crate) fn ack(refusal: &Response) -> Option<Vec<u8>> {
    let headers = refusal.headers();
    let cseq = headers.cseq().ok()?;
    if refusal.status().code() < 300 || cseq.method != Method::Invite {
        return None;
    }
    let raw = |name| Some(String::from_utf8_lossy(headers.first(name)?).into_owned());
    let via = headers.top_via().ok()?;
    Some(
        format!(
            "ACK sip:bob@127.0.0.1 SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\n\
             Call-ID: {}\r\nCSeq: {} ACK\r\nContent-Length: 0\r\n\r\n",
            raw(HeaderName::From)?,
            raw(HeaderName::To)?,
            raw(HeaderName::CallId)?,
            cseq.number,
        )
        .into_bytes(),
    )
}
