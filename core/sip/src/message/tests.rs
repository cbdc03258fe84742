use super::incoming::{self, Refused};
use super::outgoing::{Cause, End, Input, Outgoing, Output};
use super::{LARGEST, LONGEST};
use crate::auth::{Authenticator, Credentials, Refusal};
use crate::ids::ClientId;
use crate::outside::Sender;
use crate::transaction::Failure;
use base::{Instant, Machine, Redacted, Rng};
use sip_message::{
    HeaderName, Host, Method, NameAddr, Request, RequestBuilder, Response, ResponseBuilder, Status,
    Uri,
};

fn uri(text: &str) -> Uri {
    text.parse().unwrap()
}

fn outgoing(text: &str, reliable: bool) -> Outgoing {
    let host: Host = uri("sip:pbx.test").host().unwrap().clone();
    let credentials = Credentials {
        user: String::from("101"),
        password: Redacted::new(String::from("secret")),
        realm: None,
    };
    let sender = Sender {
        target: uri("sip:102@pbx.test"),
        from: NameAddr::new(&uri("sip:101@pbx.test")),
        route: Vec::new(),
        auth: Authenticator::new(Some(credentials), &[host]),
    };
    let first = ClientId::new(13, 256);
    Outgoing::new(
        sender,
        text.to_owned(),
        reliable,
        first,
        Rng::from_number(7),
    )
}

fn sent(message: &mut Outgoing) -> (ClientId, Request) {
    let Some(Output::Send { id, request, .. }) = message.poll_output() else {
        panic!("nothing is sent");
    };
    (id, request)
}

fn end(message: &mut Outgoing) -> End {
    let Some(Output::Ended(end)) = message.poll_output() else {
        panic!("it is not over");
    };
    end
}

fn answer(request: &Request, status: u16) -> ResponseBuilder {
    ResponseBuilder::to(request, Status::new(status).unwrap()).to_tag("x")
}

fn response(id: ClientId, response: Response) -> Input {
    Input::Response { id, response }
}

#[test]
fn m128_a_message_is_text_without_contact_and_200_is_not_202() {
    for (status, expected) in [(200, End::Delivered), (202, End::Accepted)] {
        let mut message = outgoing("Grüße, 你好", false);
        message.handle(Input::Send, Instant::ZERO);
        let (id, request) = sent(&mut message);
        assert_eq!(*request.method(), Method::Message);
        assert_eq!(request.body().as_ref(), "Grüße, 你好".as_bytes());
        assert!(request.headers().first(HeaderName::Contact).is_none());
        let kind = request.headers().text(HeaderName::ContentType).unwrap();
        assert_eq!(&*kind, "text/plain;charset=UTF-8");
        let trying = answer(&request, 100).build();
        message.handle(response(id, trying), Instant::ZERO);
        assert!(message.poll_output().is_none());
        let ok = answer(&request, status).build();
        message.handle(response(id, ok), Instant::ZERO);
        assert_eq!(end(&mut message), expected);
        assert!(message.is_over());
    }
}

#[test]
fn m128_a_challenge_is_answered_once_with_the_same_call_id_and_the_next_cseq() {
    let mut message = outgoing("a", false);
    message.handle(Input::Send, Instant::ZERO);
    let (id, first) = sent(&mut message);
    let challenge = "Digest realm=\"pbx.test\", nonce=\"1\", algorithm=MD5, qop=\"auth\"";
    let refuse = |request: &Request| {
        answer(request, 407)
            .header(HeaderName::ProxyAuthenticate, challenge)
            .build()
    };
    message.handle(response(id, refuse(&first)), Instant::ZERO);
    let restored = message.memory().clone();
    let (next, second) = sent(&mut message);
    let (one, two) = (first.headers(), second.headers());
    assert_eq!(one.call_id().unwrap(), two.call_id().unwrap());
    assert_eq!(two.cseq().unwrap().number, 2);
    assert!(two.first(HeaderName::ProxyAuthorization).is_some());
    // Kept and restored it waits for the same answer (rulings 8).
    let text = serde_json::to_string(&restored).unwrap();
    let memory = serde_json::from_str(&text).unwrap();
    let mut message = Outgoing::restore(memory, Rng::from_number(8));
    message.handle(response(id, refuse(&first)), Instant::ZERO);
    assert!(
        message.poll_output().is_none(),
        "an answer to what is answered"
    );
    message.handle(response(next, refuse(&second)), Instant::ZERO);
    let expected = End::Failed(Cause::Unproved(Refusal::WrongPassword));
    assert_eq!(end(&mut message), expected);
}

#[test]
fn m128_failures_say_why() {
    for (input, expected) in [
        (Failure::TimedOut, Cause::NoAnswer),
        (Failure::Transport, Cause::Unreachable),
    ] {
        let mut message = outgoing("a", false);
        message.handle(Input::Send, Instant::ZERO);
        let (id, _) = sent(&mut message);
        message.handle(Input::Failed { id, why: input }, Instant::ZERO);
        assert_eq!(end(&mut message), End::Failed(expected));
    }
    for status in [302, 404, 415, 480, 486, 503, 603] {
        let mut message = outgoing("a", false);
        message.handle(Input::Send, Instant::ZERO);
        let (id, request) = sent(&mut message);
        let no = answer(&request, status).build();
        message.handle(response(id, no), Instant::ZERO);
        let End::Failed(Cause::Refused { status: said, .. }) = end(&mut message) else {
            panic!("{status}");
        };
        assert_eq!(said, status);
    }
}

/// RFC 3428 §8: 1,300 bytes are the whole request, and only where the way does not hold back.
#[test]
fn m128_what_does_not_fit_into_a_packet_is_not_sent_over_udp() {
    let mut message = outgoing(&"x".repeat(100), false);
    message.handle(Input::Send, Instant::ZERO);
    let hundred = sent(&mut message).1.bytes().len();
    let room = LARGEST - 128 - hundred + 100;
    let mut fits = outgoing(&"x".repeat(room), false);
    fits.handle(Input::Send, Instant::ZERO);
    assert_eq!(sent(&mut fits).1.bytes().len(), LARGEST - 128);
    let mut message = outgoing(&"x".repeat(room + 10), false);
    message.handle(Input::Send, Instant::ZERO);
    assert_eq!(end(&mut message), End::Failed(Cause::TooLarge(10)));
    let mut message = outgoing(&"x".repeat(LONGEST), true);
    message.handle(Input::Send, Instant::ZERO);
    sent(&mut message);
}

fn came(kind: Option<&str>, body: &[u8]) -> Request {
    let builder = RequestBuilder::new(Method::Message, "sip:101@pbx.test")
        .header(HeaderName::Via, "SIP/2.0/UDP a;branch=z9hG4bKx")
        .header(HeaderName::From, "<sip:102@pbx.test>;tag=1")
        .header(HeaderName::To, "<sip:101@pbx.test>")
        .header(HeaderName::CallId, "c")
        .header(HeaderName::CSeq, "1 MESSAGE");
    match kind {
        Some(kind) => builder.body(kind, body.to_vec()).build(),
        None => builder.build(),
    }
}

#[test]
fn m128_only_text_in_known_letters_is_taken() {
    let said = |kind: &str, body: &[u8]| incoming::read(&came(Some(kind), body));
    let plain = "text/plain";
    assert_eq!(said(plain, "ä".as_bytes()).unwrap(), "ä");
    assert_eq!(
        said("Text/Plain; charset=\"UTF-8\"", b"a").as_deref(),
        Ok("a")
    );
    assert_eq!(
        said("text/plain;charset=ISO-8859-1", b"\xe4").as_deref(),
        Ok("ä")
    );
    assert_eq!(incoming::read(&came(None, b"")).as_deref(), Ok(""));
    assert_eq!(said(plain, b"\xe4"), Err(Refused::Letters));
    assert_eq!(said("text/plain;charset=koi8-r", b"a"), Err(Refused::Kind));
    assert_eq!(said("text/html", b"<b>"), Err(Refused::Kind));
    let long = vec![b'x'; LONGEST + 1];
    assert_eq!(said(plain, &long), Err(Refused::Length));
    let packed = came(Some(plain), b"a").edit();
    let packed = packed.header(HeaderName::ContentEncoding, "gzip").build();
    assert_eq!(incoming::read(&packed), Err(Refused::Encoding));
}

#[test]
fn m128_a_refusal_says_what_would_be_taken() {
    let request = came(Some("text/html"), b"<b>");
    let status = |refused| incoming::refuse(&request, refused, "t");
    let kind = status(Refused::Kind);
    assert_eq!(kind.status().code(), 415);
    assert_eq!(
        &*kind.headers().text(HeaderName::Accept).unwrap(),
        "text/plain"
    );
    let packed = status(Refused::Encoding);
    let known = packed.headers().text(HeaderName::AcceptEncoding).unwrap();
    assert_eq!((packed.status().code(), &*known), (415, "identity"));
    assert_eq!(status(Refused::Length).status().code(), 413);
    assert_eq!(status(Refused::Letters).status().code(), 400);
    let ok = incoming::take(&request, "t");
    assert!(ok.headers().first(HeaderName::Contact).is_none());
    assert_eq!(ok.headers().to().unwrap().tag(), Some("t"));
}
