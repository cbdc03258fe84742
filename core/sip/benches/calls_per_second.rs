//! How many calls a second the endpoint alone can answer on one core: parse INVITE, hand it up, send
//! 180 and 200, parse and pass ACK, parse BYE, send 200; all transactions stay alive for 32 s.
//!
//! `cargo bench -p offhook-sip --bench calls_per_second`

use base::{Instant, Machine, Rng};
use offhook_sip::endpoint::{Endpoint, Input, Limits, Output, Settings};
use offhook_sip::{FlowId, Origin, Transport};
use sip_message::{Request, ResponseBuilder, Status, parse_datagram};

const CALLS: u64 = 100_000;
/// Virtual rate, which decides how many transactions are alive at once.
const PER_SECOND: u64 = 5_000;

const SDP: &str = "v=0\r\no=user1 53655765 2353687637 IN IP4 192.0.2.9\r\ns=-\r\n\
    c=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";

fn datagram(method: &str, call: u64, cseq: u32, tag: &str, body: &str) -> bytes::Bytes {
    let size = body.len();
    format!(
        "{method} sip:service@192.0.2.1:5060 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.9:5061;branch=z9hG4bK-{call}-{cseq}-{method}\r\n\
         From: sipp <sip:sipp@192.0.2.9:5061>;tag=sipp{call}\r\n\
         To: service <sip:service@192.0.2.1:5060>{tag}\r\n\
         Call-ID: {call}-9@192.0.2.9\r\nCSeq: {cseq} {method}\r\n\
         Contact: sip:sipp@192.0.2.9:5061\r\nMax-Forwards: 70\r\nSubject: Performance Test\r\n\
         Content-Type: application/sdp\r\nContent-Length: {size}\r\n\r\n{body}"
    )
    .into()
}

struct Phone {
    endpoint: Endpoint,
    sent: u64,
}

impl Phone {
    fn hear(&mut self, bytes: bytes::Bytes, now: Instant) {
        let limits = sip_message::Limits::DEFAULT;
        let message = parse_datagram(bytes, &limits).expect("well formed");
        let origin = Origin {
            flow: FlowId(1),
            transport: Transport::Udp,
            source: ([192, 0, 2, 9], 5061).into(),
            local: ([192, 0, 2, 1], 5060).into(),
        };
        self.endpoint
            .handle(Input::Received { message, origin }, now);
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Transmit { .. } => self.sent += 1,
                Output::Request { id, request, .. } => {
                    for response in answers(&request) {
                        self.endpoint.handle(Input::Respond { id, response }, now);
                    }
                }
                Output::Ack { .. } | Output::Cancelled { .. } | Output::Response { .. } => {}
                Output::Failed { .. } | Output::ServerEnded { .. } => {}
            }
        }
    }
}

fn answers(request: &Request) -> Vec<sip_message::Response> {
    let respond = |status| ResponseBuilder::to(request, status).to_tag("t");
    if *request.method() != sip_message::Method::Invite {
        return vec![respond(Status::OK).build()];
    }
    let contact = "<sip:service@192.0.2.1:5060>";
    let accepted = respond(Status::OK)
        .header("Contact", contact)
        .body("application/sdp", SDP);
    vec![respond(Status::RINGING).build(), accepted.build()]
}

fn main() {
    let mut endpoint = Endpoint::new(Settings::new(Limits::MONITOR), Rng::from_number(1));
    let addr = ([192, 0, 2, 1], 5060).into();
    let listening = Input::Listening {
        flow: FlowId(1),
        transport: Transport::Udp,
        addr,
    };
    endpoint.handle(listening, Instant::ZERO);
    let mut phone = Phone { endpoint, sent: 0 };
    let mut most = 0;
    let start = std::time::Instant::now();
    for call in 0..CALLS {
        let now = Instant::from_nanos(call * 1_000_000_000 / PER_SECOND);
        phone.endpoint.handle_time(now);
        phone.hear(datagram("INVITE", call, 1, "", SDP), now);
        phone.hear(datagram("ACK", call, 1, ";tag=t", ""), now);
        phone.hear(datagram("BYE", call, 2, ";tag=t", ""), now);
        most = most.max(phone.endpoint.len());
    }
    let took = start.elapsed();
    println!(
        "{:.0} calls/s, {:.1} us a call; {most} transactions alive at most, {} sent",
        CALLS as f64 / took.as_secs_f64(),
        took.as_secs_f64() * 1e6 / CALLS as f64,
        phone.sent
    );
}
