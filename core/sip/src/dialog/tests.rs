//! What dialogs are made of, and how their requests are addressed.

use super::*;
use base::Rng;
use sip_message::{ResponseBuilder, Status};

fn invite() -> Request {
    RequestBuilder::new(Method::Invite, "sip:bob@b.test")
        .header(HeaderName::From, "\"Alice\" <sip:alice@a.test>;tag=77")
        .header(HeaderName::To, "<sip:bob@b.test>")
        .header(HeaderName::CallId, "c1")
        .header(HeaderName::CSeq, "9 INVITE")
        .header(HeaderName::Contact, "<sip:alice@10.0.0.1>")
        .header(
            HeaderName::RecordRoute,
            "<sip:p2.test;lr>, <sip:p1.test;lr>",
        )
        .build()
}

fn response(status: Status, routes: &str) -> Response {
    ResponseBuilder::to(&invite(), status)
        .to_tag("88")
        .header(HeaderName::Contact, "<sip:bob@10.0.0.2>")
        .header(HeaderName::RecordRoute, routes)
        .build()
}

fn tag() -> LocalTag {
    LocalTag::draw(&mut Rng::from_number(1))
}

fn values(request: &Request, name: HeaderName) -> Vec<String> {
    let values = request.headers().values(name);
    values
        .map(|value| String::from_utf8_lossy(value).into_owned())
        .collect()
}

/// RFC 3261 §12.1.1: the callee passes the proxies in the order of the request.
#[test]
fn the_callee_keeps_the_order_of_the_request() {
    let mut dialog = Dialog::of_request(&invite(), tag()).unwrap();
    assert_eq!(dialog.phase(), Phase::Early);
    let (builder, next_hop) = dialog.request(Method::Bye);
    let bye = builder.build();
    assert_eq!(next_hop, "sip:p2.test;lr");
    assert_eq!(bye.uri_text(), "sip:alice@10.0.0.1");
    assert_eq!(
        values(&bye, HeaderName::Route),
        ["<sip:p2.test;lr>", "<sip:p1.test;lr>"]
    );
    let headers = bye.headers();
    assert_eq!(headers.to().unwrap().tag(), Some("77"));
    assert_eq!(headers.from().unwrap().tag(), Some(&*tag().to_string()));
    assert_eq!(headers.cseq().unwrap().number, 1);
    assert_eq!(headers.max_forwards(), Ok(Some(70)));
}

/// RFC 3261 §12.1.2, §13.2.2.4: the caller reverses it, and the 2xx decides, not the 1xx.
#[test]
fn the_caller_reverses_the_order_of_the_success() {
    let early = response(Status::RINGING, "<sip:old.test;lr>");
    let mut dialog = Dialog::of_response(&invite(), &early, tag()).unwrap();
    assert_eq!(dialog.phase(), Phase::Early);
    let success = response(Status::OK, "<sip:p2.test;lr>, <sip:p1.test;lr>");
    dialog.confirm_by(&success).unwrap();
    assert_eq!(dialog.phase(), Phase::Confirmed);
    let (builder, next_hop) = dialog.ack(9);
    let ack = builder.build();
    assert_eq!(next_hop, "sip:p1.test;lr");
    assert_eq!(
        values(&ack, HeaderName::Route),
        ["<sip:p1.test;lr>", "<sip:p2.test;lr>"]
    );
    assert_eq!(ack.headers().cseq().unwrap().number, 9);
    assert_eq!(dialog.next_cseq(), 10);
}

/// RFC 3261 §12.2.2: what is not above the last CSeq came late.
#[test]
fn the_peers_cseq_has_to_rise() {
    let mut dialog = Dialog::of_request(&invite(), tag()).unwrap();
    assert_eq!(dialog.hear(9), Err(OutOfOrder));
    assert_eq!(dialog.hear(12), Ok(()));
    assert_eq!(dialog.hear(11), Err(OutOfOrder));
    assert_eq!(dialog.hear(13), Ok(()));
}

/// RFC 3261 §12.2.1.2: a new Contact moves the remote target, not the route set.
#[test]
fn a_target_refresh_moves_the_target_only() {
    let mut dialog =
        Dialog::of_response(&invite(), &response(Status::OK, "<sip:p.test;lr>"), tag()).unwrap();
    assert_eq!(*dialog.target(), "sip:bob@10.0.0.2");
    let moved = ResponseBuilder::to(&invite(), Status::OK)
        .header(HeaderName::Contact, "<sip:bob@10.0.0.3;transport=tcp>")
        .header(HeaderName::RecordRoute, "<sip:late.test;lr>")
        .build();
    dialog.refresh_target(moved.headers());
    let (builder, next_hop) = dialog.request(Method::Info);
    let info = builder.build();
    assert_eq!(next_hop, "sip:p.test;lr");
    assert_eq!(info.uri_text(), "sip:bob@10.0.0.3;transport=tcp");
    assert_eq!(values(&info, HeaderName::Route), ["<sip:p.test;lr>"]);
}

/// Phones that write display names in their own encoding can call all the same.
#[test]
fn a_display_name_in_no_known_encoding_is_no_reason_to_refuse() {
    let text = String::from_utf8_lossy(invite().bytes()).into_owned();
    let (head, tail) = text.split_once("<sip:bob@b.test>").unwrap();
    let bytes = [
        head.as_bytes(),
        b"J\xfcrgen <sip:bob@b.test>",
        tail.as_bytes(),
    ]
    .concat();
    let limits = sip_message::Limits::DEFAULT;
    let Ok(sip_message::Message::Request(invite)) =
        sip_message::parse_datagram(bytes.into(), &limits)
    else {
        panic!("it is a request");
    };
    let mut dialog = Dialog::of_request(&invite, tag()).unwrap();
    let (builder, _) = dialog.request(Method::Bye);
    let bye = builder.build();
    assert_eq!(
        bye.headers().from().unwrap().tag(),
        Some(&*tag().to_string())
    );
    assert_eq!(
        bye.headers().from().unwrap().uri().to_string(),
        "sip:bob@b.test"
    );
}
