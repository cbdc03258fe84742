//! Reading a 1.4 kB INVITE: whole structure, then five typed headers; rsip beside, in the same run.
//!
//! Goals (performance.md): 1.5 µs and 1.0 µs more. Absolute figures move with the machine; the
//! ratio to rsip counts.

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rsip::headers::ToTypedHeader;
use rsip::message::HeadersExt;
use sip_message::{Limits, Message, RequestBuilder, ResponseBuilder, Status, parse_datagram};
use std::hint::black_box;

/// What a PBX sends for a call: 19 header lines and an offer of four formats.
const INVITE: &str = "\
INVITE sip:2001@192.0.2.77:5060;transport=udp;line=sr3kd9f SIP/2.0\r\n\
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK4b43c2ff8.1d2a6f3e;rport\r\n\
Via: SIP/2.0/UDP 198.51.100.23:5062;received=203.0.113.9;branch=z9hG4bK776asdhds;rport=5062\r\n\
Max-Forwards: 69\r\n\
Record-Route: <sip:192.0.2.10;lr;ftag=9fxced76sl;did=3f1.8a21>\r\n\
From: \"Alice Liddell\" <sip:2000@pbx.example.com>;tag=9fxced76sl\r\n\
To: \"Bob\" <sip:2001@pbx.example.com>\r\n\
Call-ID: 3848276298220188511@pbx.example.com\r\n\
CSeq: 314159 INVITE\r\n\
Contact: <sip:2000@198.51.100.23:5062;transport=udp>;+sip.instance=\"<urn:uuid:6f1a>\"\r\n\
Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PRACK, UPDATE\r\n\
Supported: replaces, 100rel, timer, norefersub\r\n\
Session-Expires: 1800;refresher=uac\r\n\
Min-SE: 90\r\n\
User-Agent: ExamplePBX 18.2.1 (linux/amd64) built for a company with a rather long name\r\n\
X-Trace: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01; site=vienna\r\n\
P-Asserted-Identity: \"Alice Liddell\" <sip:2000@pbx.example.com>\r\n\
Date: Sat, 21 Nov 2026 10:00:00 GMT\r\n\
Content-Type: application/sdp\r\n\
Content-Length: 370\r\n\
\r\n\
v=0\r\n\
o=- 2208988800 2208988800 IN IP4 198.51.100.23\r\n\
s=ExamplePBX\r\n\
c=IN IP4 198.51.100.23\r\n\
t=0 0\r\n\
m=audio 14020 RTP/AVP 0 8 9 111 101\r\n\
a=rtpmap:0 PCMU/8000\r\n\
a=rtpmap:8 PCMA/8000\r\n\
a=rtpmap:9 G722/8000\r\n\
a=rtpmap:111 opus/48000/2\r\n\
a=fmtp:111 useinbandfec=1;maxaveragebitrate=32000\r\n\
a=rtpmap:101 telephone-event/8000\r\n\
a=fmtp:101 0-16\r\n\
a=ptime:20\r\n\
a=maxptime:60\r\n\
a=sendrecv\r\n";

fn parse(bytes: &Bytes) -> Message {
    parse_datagram(bytes.clone(), &Limits::DEFAULT).expect("a message")
}

fn typed(message: &Message) {
    let headers = message.headers();
    black_box(headers.top_via().expect("Via"));
    black_box(headers.from().expect("From"));
    black_box(headers.to().expect("To"));
    black_box(headers.contacts().expect("Contact"));
    black_box(headers.cseq().expect("CSeq"));
}

fn rsip_typed(message: &rsip::SipMessage) {
    black_box(
        message
            .via_header()
            .and_then(|via| via.typed())
            .expect("Via"),
    );
    black_box(
        message
            .from_header()
            .and_then(|from| from.typed())
            .expect("From"),
    );
    black_box(message.to_header().and_then(|to| to.typed()).expect("To"));
    let contact = message.contact_header().and_then(|contact| contact.typed());
    black_box(contact.expect("Contact"));
    black_box(
        message
            .cseq_header()
            .and_then(|cseq| cseq.typed())
            .expect("CSeq"),
    );
}

fn reading(criterion: &mut Criterion) {
    // Counted references, as on a socket: a static one would be cheaper to share.
    let bytes = Bytes::copy_from_slice(INVITE.as_bytes());
    let message = parse(&bytes);
    assert_eq!(message.defect(), None);
    // rsip cannot read a quoted parameter, so it is spared this one.
    let plain = INVITE.replace(";+sip.instance=\"<urn:uuid:6f1a>\"", ";expires=3600");
    let theirs = rsip::SipMessage::try_from(plain.as_bytes()).expect("a message");

    let mut group = criterion.benchmark_group("INVITE");
    group.throughput(Throughput::Bytes(INVITE.len() as u64));
    group.bench_function("structure", |b| b.iter(|| black_box(parse(&bytes))));
    group.bench_function("five typed", |b| b.iter(|| typed(&message)));
    group.bench_function("structure and five typed", |b| {
        b.iter(|| typed(&parse(&bytes)))
    });
    let read = || rsip::SipMessage::try_from(plain.as_bytes()).expect("a message");
    group.bench_function("rsip untyped", |b| b.iter(|| black_box(read())));
    group.bench_function("rsip five typed", |b| b.iter(|| rsip_typed(&theirs)));
    group.bench_function("rsip untyped and five typed", |b| {
        b.iter(|| rsip_typed(&read()))
    });
    group.finish();
}

fn writing(criterion: &mut Criterion) {
    let message = parse(&Bytes::from(INVITE));
    let Message::Request(request) = &message else {
        return;
    };
    let mut group = criterion.benchmark_group("write");
    group.bench_function("180 to it", |b| {
        b.iter(|| {
            let response = ResponseBuilder::to(request, Status::RINGING);
            black_box(
                response
                    .to_tag("a6c85cf")
                    .header("Contact", "<sip:2001@192.0.2.77>")
                    .build(),
            )
        });
    });
    group.bench_function("the same again", |b| {
        b.iter(|| black_box(RequestBuilder::from(request).build()));
    });
    group.finish();
}

criterion_group!(benches, reading, writing);
criterion_main!(benches);
