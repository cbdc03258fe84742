//! A phone of one account and one socket for signalling, one for sound, that shows what came.

use crate::running::catalogue;
use base::{Hertz, Instant, Redacted, Rng};
use core::net::SocketAddr;
use plugin_host::CodecInstance;
use sip::auth::{Authenticator, Credentials};
use sip_message::{
    HeaderName, Host, Limits, Message, Method, Request, RequestBuilder, Response, Uri,
    parse_datagram,
};
use std::net::UdpSocket;
use std::time::Duration;

/// Audio in one packet. Unit: samples at 8 kHz.
const FRAME: usize = 160;
const PATIENCE: Duration = Duration::from_secs(5);

/// User 101.
pub(crate) struct Phone {
    socket: UdpSocket,
    registrar: SocketAddr,
    authenticator: Authenticator,
    rng: Rng,
    cseq: u32,
}

/// What came of a call.
pub(crate) struct Call {
    /// The session description in the 200.
    pub(crate) sdp: String,
    /// Decoded packets, in order.
    pub(crate) heard: Vec<i16>,
    /// Sequence numbers as they came.
    pub(crate) numbers: Vec<u16>,
    /// Status of every response to the INVITE that was taken.
    pub(crate) statuses: Vec<u16>,
}

impl Phone {
    pub(crate) fn new(registrar: SocketAddr, password: &str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let credentials = Credentials {
            user: "101".to_owned(),
            password: Redacted::new(password.to_owned()),
            realm: None,
        };
        let hop: Host = registrar.ip().to_string().parse().unwrap();
        Self {
            socket,
            registrar,
            authenticator: Authenticator::new(Some(credentials), &[hop]),
            rng: Rng::from_number(u64::from(registrar.port())),
            cseq: 0,
        }
    }

    /// Registers, answering one challenge; the last status.
    pub(crate) fn register(&mut self, expires_s: u32) -> u16 {
        let expires = expires_s.to_string();
        let uri = format!("sip:{}", self.registrar);
        let build = |phone: &mut Self, call: &str| {
            let aor = format!("<sip:101@{}>", phone.registrar);
            let request = phone.request(Method::Register, &uri, (&aor, call));
            request.header(HeaderName::Expires, &expires).build()
        };
        let (statuses, _) = self.transact(build);
        statuses.last().copied().unwrap()
    }

    /// Calls `number`, says `said` and listens meanwhile and a little longer, and hangs up.
    pub(crate) fn call(&mut self, number: &str, said: &[i16]) -> Call {
        let sound = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = sound.local_addr().unwrap().port();
        let uri = format!("sip:{number}@{}", self.registrar);
        let to = format!("<{uri}>");
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 0\r\n"
        );
        let invite = |phone: &mut Self, call: &str| {
            let request = phone.request(Method::Invite, &uri, (&to, call));
            request.body("application/sdp", sdp.clone()).build()
        };
        let (statuses, (request, response)) = self.transact(invite);
        assert_eq!(response.status().code(), 200, "{statuses:?}");
        let call = request.headers().call_id().unwrap().to_string();
        let to = response.headers().to().unwrap().to_string();
        let target = response.headers().contacts().unwrap();
        let target = target.first().unwrap().uri().to_string();
        let cseq = self.cseq;
        let ack = self.request(Method::Ack, &target, (&to, &call));
        let ack = ack.replace(HeaderName::CSeq, format!("{cseq} ACK")).build();
        self.send(&ack);
        let sdp = String::from_utf8(response.body().to_vec()).unwrap();
        let (heard, numbers) = talk(&sound, &sdp, said);
        let bye = self.request(Method::Bye, &target, (&to, &call)).build();
        self.send(&bye);
        assert_eq!(self.answer(&bye).status().code(), 200);
        Call {
            sdp,
            heard,
            numbers,
            statuses,
        }
    }

    /// Sends what `build` makes, once more with a proof if challenged; all final statuses, and the
    /// last request with its response.
    fn transact(
        &mut self,
        build: impl Fn(&mut Self, &str) -> Request,
    ) -> (Vec<u16>, (Request, Response)) {
        let call = self.rng.token(16);
        let hop: Uri = format!("sip:{}", self.registrar).parse().unwrap();
        let mut statuses = Vec::new();
        loop {
            let plain = build(self, &call);
            let proof = self.authenticator.authorize(&plain, &hop, &mut self.rng);
            let headers = proof.headers.iter();
            let request = headers
                .fold(plain.edit(), |r, (name, value)| r.header(*name, value))
                .build();
            self.send(&request);
            let response = self.answer(&request);
            let status = response.status().code();
            statuses.push(status);
            let is_challenge = matches!(status, 401 | 407);
            if is_challenge && *request.method() == Method::Invite {
                let cseq = self.cseq;
                let via = request.headers().top_via().unwrap().to_string();
                let to = response.headers().to().unwrap().to_string();
                let ack = self.request(Method::Ack, request.uri_text(), (&to, &call));
                let ack = ack
                    .replace(HeaderName::CSeq, format!("{cseq} ACK"))
                    .replace(HeaderName::Via, via);
                self.send(&ack.build());
            }
            let again = is_challenge
                && self
                    .authenticator
                    .challenged(&response, &proof.used, &hop, Instant::ZERO)
                    .is_ok();
            if !again {
                return (statuses, (request, response));
            }
        }
    }

    fn request(&mut self, method: Method, uri: &str, (to, call): (&str, &str)) -> RequestBuilder {
        let here = self.socket.local_addr().unwrap();
        if method != Method::Ack {
            self.cseq += 1;
        }
        let cseq = format!("{} {}", self.cseq, method.as_str());
        let branch = self.rng.token(16);
        RequestBuilder::new(method, uri)
            .header(
                HeaderName::Via,
                format!("SIP/2.0/UDP {here};rport;branch=z9hG4bK{branch}"),
            )
            .header(
                HeaderName::From,
                format!("<sip:101@{}>;tag=phone", self.registrar),
            )
            .header(HeaderName::To, to)
            .header(HeaderName::CallId, call)
            .header(HeaderName::CSeq, cseq)
            .header(HeaderName::MaxForwards, 70)
            .header(HeaderName::Contact, format!("<sip:101@{here}>"))
    }

    fn send(&self, request: &Request) {
        self.socket
            .send_to(request.bytes(), self.registrar)
            .unwrap();
    }

    /// The final response to `request`; everything else that comes is passed over.
    fn answer(&self, request: &Request) -> Response {
        let wanted = request.headers().cseq().unwrap();
        let mut datagram = vec![0; 65_536];
        loop {
            let (size, _) = self
                .socket
                .recv_from(&mut datagram)
                .expect("an answer in time");
            let bytes = datagram[..size].to_vec().into();
            if let Ok(Message::Response(response)) = parse_datagram(bytes, &Limits::DEFAULT)
                && response.headers().cseq().is_ok_and(|cseq| cseq == wanted)
                && response.status().is_final()
            {
                return response;
            }
        }
    }
}

fn codec() -> CodecInstance {
    let catalogue = catalogue();
    let codec = catalogue.codec("PCMU", Hertz(8_000)).unwrap();
    codec.open("", "").unwrap()
}

/// Sends `said` where `sdp` says, 20 ms a packet, and takes what comes until 300 ms later.
fn talk(sound: &UdpSocket, sdp: &str, said: &[i16]) -> (Vec<i16>, Vec<u16>) {
    let field = |mark: &str| {
        let line = sdp
            .lines()
            .find_map(|line| line.strip_prefix(mark))
            .unwrap();
        line.split(' ').next().unwrap().to_owned()
    };
    let to: SocketAddr = format!("{}:{}", field("c=IN IP4 "), field("m=audio "))
        .parse()
        .unwrap();
    sound.set_nonblocking(true).unwrap();
    let mut codec = codec();
    let began = std::time::Instant::now();
    let mut came: Vec<(u16, Vec<u8>)> = Vec::new();
    let mut buffer = [0; 2_048];
    let silence = [0; FRAME];
    let frames: Vec<&[i16]> = said.chunks_exact(FRAME).collect();
    for number in 0..frames.len() + 15 {
        let frame = frames.get(number).copied().unwrap_or(&silence);
        let mut packet = vec![0x80, 0];
        packet.extend(u16::try_from(number).unwrap().to_be_bytes());
        packet.extend(u32::try_from(number * FRAME).unwrap().to_be_bytes());
        packet.extend([0, 0, 0, 9]);
        packet.resize(12 + FRAME, 0);
        codec.encode(frame, &mut packet[12..]).unwrap();
        // 604's address may not even have a route.
        let _ = sound.send_to(&packet, to);
        let next = Duration::from_millis(20 * (number as u64 + 1));
        while began.elapsed() < next {
            match sound.recv_from(&mut buffer) {
                Ok((size, _)) if size > 12 && buffer[1] & 0x7f == 0 => {
                    let number = u16::from_be_bytes([buffer[2], buffer[3]]);
                    came.push((number, buffer[12..size].to_vec()));
                }
                Ok(_) => {}
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }
    let numbers = came.iter().map(|(number, _)| *number).collect();
    if let Some(first) = came.first().map(|(number, _)| *number) {
        came.sort_by_key(|(number, _)| number.wrapping_sub(first.wrapping_sub(100)));
    }
    let mut heard = Vec::new();
    for (_, payload) in came {
        let mut pcm = [0; 2_000];
        let samples = codec.decode(&payload, &mut pcm).unwrap();
        heard.extend(&pcm[..samples]);
    }
    (heard, numbers)
}
