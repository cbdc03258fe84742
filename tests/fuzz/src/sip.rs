//! SIP messages, streams, headers, URIs.

use crate::Said;
use base::Rng;
use bytes::Bytes;
use sip_message::{
    CSeq, Capabilities, End, Frame, Headers, Host, Limits, Malformed, Message, Method, NameAddr,
    Request, Stream, Uri, Via, check_request, check_response, parse_datagram,
};

/// Words of SIP.
pub const WORDS: &[&str] = &[
    "\r\n",
    "\r\n\r\n",
    "\r\n ",
    "SIP/2.0",
    "INVITE ",
    "ACK ",
    "sip:",
    "sips:",
    "tel:",
    "<",
    ">",
    ";tag=",
    ";branch=z9hG4bK",
    ";lr",
    ";received=",
    ";rport=",
    ";expires=",
    "\"\"",
    "\\\"",
    "%00",
    "%zz",
    "[::1]",
    "[2001:db8::1]:5060",
    "1.2.3.4",
    "Via: ",
    "v: ",
    "Content-Length: ",
    "l: ",
    "Contact: *",
    "Digest ",
    "realm=\"a\"",
    "nonce=\"b\"",
    "qop=\"auth\"",
    "stale=true",
    ",",
    ";",
    "?a=b",
    "&",
    "From: ",
    "To: ",
    "CSeq: 1 INVITE",
    "Call-ID: ",
    "Max-Forwards: ",
    "Record-Route: ",
    "Replaces=",
    "refresher=uac",
];

/// Every 40th message of the torture set, a response, and two in one.
pub fn messages() -> Vec<Vec<u8>> {
    let mut all = vec![torture::valid(), RESPONSE.as_bytes().to_vec()];
    all.push([torture::valid(), torture::valid()].concat());
    let short = torture::cases().filter(|case| case.bytes.len() < 8_000);
    all.extend(short.step_by(40).map(|case| case.bytes));
    all
}

const RESPONSE: &str = "SIP/2.0 401 Unauthorized\r\n\
    Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKabc;received=10.0.0.9;rport=1024\r\n\
    From: <sip:a@b>;tag=1\r\nTo: \"B\" <sip:b@b>;tag=2\r\nCall-ID: c\r\nCSeq: 2 REGISTER\r\n\
    WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth,auth-int\", algorithm=SHA-256, opaque=\"o\"\r\n\
    Contact: <sip:a@10.0.0.1>;expires=60, <sip:a@10.0.0.2>\r\nContent-Length: 0\r\n\r\n";

/// A datagram: read, checked, every header read, edited; what is accepted reads the same again.
pub fn datagram(input: &[u8], said: &mut Said) {
    let read = parse_datagram(Bytes::copy_from_slice(input), &Limits::DEFAULT);
    said.result(&read);
    let Ok(message) = read else { return };
    message_holds(&message, said);
    assert!(
        message.bytes().len() <= input.len(),
        "more came out than went in"
    );
    let again = parse_datagram(message.bytes().clone(), &Limits::DEFAULT);
    let again = again.expect("what was read is read again");
    assert_eq!(again.bytes(), message.bytes());
    // A fold with a fault in it is written straight.
    assert!(again.defect().is_none() || message.defect().is_some());
}

fn message_holds(message: &Message, said: &mut Said) {
    said.add([u8::from(message.defect().is_some())]);
    headers(message.headers(), said);
    let written = match message {
        Message::Request(request) => {
            said.result(&request.uri());
            let checked = check_request(request, &Capabilities::default());
            if let Err(refusal) = &checked {
                said.add(refusal.status.code().to_be_bytes());
                let response = refusal.response(request).to_tag("t").build();
                read_own(response.bytes());
            }
            let is_fine = checked.is_ok();
            is_fine.then(|| {
                request
                    .edit()
                    .replace("Max-Forwards", 9)
                    .build()
                    .bytes()
                    .clone()
            })
        }
        Message::Response(response) => {
            let checked = check_response(response);
            said.add(if checked.is_ok() { "fine" } else { "dropped" });
            let is_fine = checked.is_ok();
            is_fine.then(|| response.edit().build().bytes().clone())
        }
    };
    if let Some(bytes) = written {
        read_own(&bytes);
    }
}

/// What we write is read without a defect.
fn read_own(bytes: &Bytes) {
    let limits = Limits {
        head: 1 << 20,
        ..Limits::DEFAULT
    };
    let read = parse_datagram(bytes.clone(), &limits);
    assert!(read.is_ok(), "we wrote what we cannot read: {read:?}");
}

fn headers(headers: &Headers, said: &mut Said) {
    let mut note = |name: &str, is_ok: bool| said.add(format!("{name}{}", u8::from(is_ok)));
    let lists: [(&str, Result<Vec<NameAddr>, Malformed>); 10] = [
        ("route", headers.routes()),
        ("record-route", headers.record_routes()),
        ("path", headers.paths()),
        ("service-route", headers.service_routes()),
        ("asserted", headers.asserted_identities()),
        ("preferred", headers.preferred_identities()),
        ("parties", headers.remote_parties()),
        ("diversions", headers.diversions()),
        ("history", headers.history()),
        ("from", headers.from().map(|one| vec![one])),
    ];
    for (name, list) in lists {
        note(name, list.is_ok());
        list.iter().flatten().for_each(name_addr_holds);
    }
    note("to", headers.to().is_ok());
    note("vias", headers.vias().is_ok());
    if let Ok(via) = headers.top_via() {
        via_holds(&via);
    }
    if let Ok(contacts) = headers.contacts() {
        note("contacts", true);
        contacts.list().iter().for_each(name_addr_holds);
    }
    rest(headers, &mut note);
}

/// What has no lists of addresses.
fn rest(headers: &Headers, note: &mut impl FnMut(&str, bool)) {
    note("call-id", headers.call_id().is_ok());
    note("cseq", headers.cseq().is_ok());
    note("forwards", headers.max_forwards().is_ok());
    note(
        "expires",
        headers.expires().is_ok() && headers.min_expires().is_ok(),
    );
    note("retry", headers.retry_after().is_ok());
    note("type", headers.content_type().is_some());
    note(
        "calls",
        headers.call_info().len() + headers.alert_info().len() > 0,
    );
    note("after", headers.answer_after().is_some());
    for challenge in headers
        .challenges()
        .iter()
        .chain(&headers.proxy_challenges())
    {
        note("qop", challenge.qop().is_empty());
        note(
            "algorithm",
            challenge.algorithm().is_some() || challenge.opaque().is_some(),
        );
    }
    note(
        "proofs",
        headers.authorizations().len() + headers.proxy_authorizations().len() > 0,
    );
    note("event", headers.event().is_ok());
    note("state", headers.subscription_state().is_ok());
    for reason in headers.reasons() {
        note("cause", reason.cause().is_some() && reason.text().is_some());
    }
    note("warnings", headers.warnings().is_empty());
    note(
        "refer",
        headers.refer_to().is_ok() && headers.referred_by().is_ok(),
    );
    note(
        "replaces",
        headers.replaces().is_ok() && headers.target_dialog().is_ok(),
    );
    note("rseq", headers.rseq().is_ok() && headers.rack().is_ok());
    note(
        "timer",
        headers.session_expires().is_ok() && headers.min_se().is_ok(),
    );
    for header in headers.iter() {
        assert!(!header.value.contains(&b'\0') || header.value.len() < 70_000);
    }
}

fn via_holds(via: &Via) {
    let again: Via = via.to_string().parse().expect("a Via reads as it writes");
    assert_eq!(again.to_string(), via.to_string());
    assert_eq!(
        (again.port(), again.received()),
        (via.port(), via.received())
    );
}

fn name_addr_holds(one: &NameAddr) {
    let again: NameAddr = one
        .to_string()
        .parse()
        .expect("an address reads as it writes");
    assert_eq!((again.tag(), again.expires()), (one.tag(), one.expires()));
    uri_holds(one.uri());
}

/// One stream, once in one piece and once cut where the input says: the same frames come out.
pub fn stream(input: &[u8], said: &mut Said) {
    for end in [End::Accepted, End::Opened] {
        let whole = frames(&[input], end);
        let mut rng = Rng::from_number(
            input
                .iter()
                .fold(7, |sum: u64, b| sum * 31 % 65_521 + u64::from(*b)),
        );
        let mut pieces = Vec::new();
        let mut rest = input;
        while !rest.is_empty() {
            let most = if rng.below(2) == 0 { 4 } else { 200 };
            let (piece, after) = rest.split_at((1 + rng.below(most) as usize).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        let cut = frames(&pieces, end);
        assert_eq!(whole, cut, "cutting changes what is read");
        said.count(whole.0.len());
        said.add(
            whole
                .1
                .map_or_else(String::new, |error| error.chars().take(60).collect()),
        );
    }
}

/// Frames as text, and the error that ended the stream, without its place.
fn frames(pieces: &[&[u8]], end: End) -> (Vec<Vec<u8>>, Option<String>) {
    let mut stream = Stream::new(Limits::DEFAULT, end);
    let (mut all, mut out) = (Vec::new(), 0);
    let total: usize = pieces.iter().map(|piece| piece.len()).sum();
    for piece in pieces {
        stream.push(piece);
        loop {
            match stream.next() {
                Ok(Some(Frame::Message(message))) => {
                    out += message.bytes().len();
                    assert!(out <= total, "more came out than went in");
                    all.push(message.bytes().to_vec());
                }
                Ok(Some(Frame::Ping)) => all.push(b"ping".to_vec()),
                Ok(Some(Frame::Pong)) => all.push(b"pong".to_vec()),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(stream.next(), Err(error), "a lost stream stays lost");
                    return (all, Some(format!("{error}")));
                }
            }
        }
    }
    (all, None)
}

/// Values of headers.
pub fn values() -> Vec<Vec<u8>> {
    [
        "SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bKx;received=1.2.3.4;rport=7;ttl=3;maddr=a.b",
        "\"A \\\" B\" <sip:a%20b:pw@h:5;transport=tcp;lr?Subject=x>;tag=1;expires=60;q=0.5, <tel:+1-2>",
        "1 INVITE", "4294967295 BYE", "*", "70", "90;refresher=uac", "1 2 INVITE",
        "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"sip:b\", response=\"00\", qop=auth, nc=00000001, cnonce=\"c\"",
        "Digest realm=\"r\", nonce=\"n\", stale=TRUE, algorithm=MD5-sess, qop=\"auth\"",
        "SIP;cause=200;text=\"Call completed elsewhere\"", "dialog;id=7", "active;expires=60;reason=probation",
        "a@b;to-tag=1;from-tag=2;early-only", "399 h \"text\"", "<sip:h>;answer-after=0", "application/sdp;a=b",
        "120 (in a meeting);duration=60",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}

/// Headers that have typed values.
const NAMES: &[&str] = &[
    "Via",
    "From",
    "To",
    "CSeq",
    "Call-ID",
    "Contact",
    "Route",
    "Record-Route",
    "Path",
    "Service-Route",
    "Max-Forwards",
    "Expires",
    "Min-Expires",
    "Retry-After",
    "Content-Type",
    "Call-Info",
    "Alert-Info",
    "WWW-Authenticate",
    "Proxy-Authenticate",
    "Authorization",
    "Proxy-Authorization",
    "Event",
    "Subscription-State",
    "Reason",
    "Warning",
    "Refer-To",
    "Referred-By",
    "Replaces",
    "Target-Dialog",
    "RSeq",
    "RAck",
    "Session-Expires",
    "Min-SE",
    "P-Asserted-Identity",
    "P-Preferred-Identity",
    "Remote-Party-ID",
    "Diversion",
    "History-Info",
    "Require",
    "Allow",
    "Supported",
    "Content-Length",
    "Answer-Mode",
];

/// The value as every header there is.
pub fn header(input: &[u8], said: &mut Said) {
    let mut head = b"OPTIONS sip:a@b SIP/2.0\r\n".to_vec();
    for name in NAMES {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend(input.iter().filter(|byte| !b"\r\n".contains(byte)));
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    let limits = Limits {
        head: 1 << 20,
        ..Limits::DEFAULT
    };
    let read = parse_datagram(head.into(), &limits);
    if let Ok(message) = &read {
        headers(message.headers(), said);
    }
    if let Ok(text) = core::str::from_utf8(input) {
        said.result(&text.parse::<CSeq>());
        said.result(&text.parse::<Method>());
        if let Ok(via) = text.parse::<Via>() {
            via_holds(&via);
        }
        if let Ok(one) = text.parse::<NameAddr>() {
            name_addr_holds(&one);
        }
        if let Ok(host) = text.parse::<Host>() {
            let again: Host = host.to_string().parse().expect("a host reads as it writes");
            assert!(host.is(&again), "{host} is not itself");
        }
    }
}

/// URIs.
pub fn uris() -> Vec<Vec<u8>> {
    [
        "sip:alice:secret@example.com:5061;transport=tcp;lr;user=phone?Subject=hi&Priority=urgent",
        "sips:%61%00b@[2001:db8::10:5070]",
        "sip:10.0.0.1",
        "tel:+49-30-12345;ext=7;phone-context=+1",
        "sip:user;par=u%40example.net@example.com",
        "http://a/b?c#d",
        "sip:a@b;maddr=c;ttl=1;method=INVITE",
        "urn:service:sos",
        "sip:+1(2)3-4@h;user=phone",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}

/// A URI reads as it writes, is the same as itself, and has a scheme.
pub fn uri(input: &[u8], said: &mut Said) {
    let Ok(text) = core::str::from_utf8(input) else {
        return said.add("no text");
    };
    let read = text.parse::<Uri>();
    said.result(&read);
    let Ok(uri) = read else { return };
    uri_holds(&uri);
    said.add([
        u8::from(uri.sip().is_some()),
        u8::from(uri.user().is_some()),
    ]);
    if let Some(sip) = uri.sip() {
        said.count(sip.params().count());
        said.count(sip.headers().count());
        said.add([u8::from(sip.is_secure()), u8::from(sip.port().is_some())]);
        let request = sip_message::RequestBuilder::new(Method::Options, &uri).build();
        let again: Result<Request, _> =
            match parse_datagram(request.bytes().clone(), &Limits::DEFAULT) {
                Ok(Message::Request(request)) => Ok(request),
                other => Err(other),
            };
        let again = again.expect("a request to a URI is a request");
        said.result(&again.uri());
    }
}

fn uri_holds(uri: &Uri) {
    let text = uri.to_string();
    assert!(text.contains(':'), "no scheme in {text:?}");
    let again: Uri = text.parse().expect("a URI reads as it writes");
    assert_eq!(again.to_string(), text);
    assert!(uri.equivalent(&again), "{text} is not itself");
    if let Some(user) = uri.user() {
        let plain = sip_message::unescape(user);
        assert!(plain.len() <= user.len());
    }
}
