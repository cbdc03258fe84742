use super::*;

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

const INVITE: &str = "INVITE sip:bob@127.0.0.1:7000 SIP/2.0\r\n\
Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1;rport\r\n\
Contact: <sip:alice@127.0.0.1>\r\n\
Proxy-Authorization: Digest uri=\"sip:127.0.0.1:7000\", response=\"00\"\r\n\
Call-ID: a@127.0.0.10\r\n\
l: 4\r\n\
\r\n\
body";

#[test]
fn a_message_is_cut_and_joined_with_its_true_length() {
    let (head, body) = split(INVITE.as_bytes()).unwrap();
    assert_eq!(body, b"body");
    assert_eq!(header(head, "call-id", "i"), Some("a@127.0.0.10"));
    assert_eq!(header(head, "Content-Length", "l"), Some("4"));
    let joined = join(head, b"longer body");
    let (head, body) = split(&joined).unwrap();
    assert_eq!(header(head, "Content-Length", "l"), Some("11"));
    assert_eq!(body, b"longer body");
    assert_eq!(split(b"\r\n"), None);
}

#[test]
fn addresses_are_exchanged_where_they_stand_whole_and_not_in_digests() {
    let (head, _) = split(INVITE.as_bytes()).unwrap();
    let pairs = [
        (address("127.0.0.1:7000"), address("127.0.0.1:5080")),
        (address("127.0.0.1:5060"), address("127.0.0.1:7001")),
    ];
    let text = exchange(head, &pairs);
    assert!(
        text.starts_with("INVITE sip:bob@127.0.0.1:5080 SIP/2.0\r\n"),
        "{text}"
    );
    assert!(
        text.contains("Via: SIP/2.0/UDP 127.0.0.1:7001;branch"),
        "{text}"
    );
    assert!(text.contains("<sip:alice@127.0.0.1:7001>"), "{text}");
    assert!(text.contains("Digest uri=\"sip:127.0.0.1:7000\""), "{text}");
    assert!(text.contains("a@127.0.0.10\r\n"), "{text}");
    let longer = exchange("Via: 127.0.0.1:70001, 1127.0.0.1:7000\r\n", &pairs);
    assert_eq!(longer, "Via: 127.0.0.1:70001, 1127.0.0.1:7000\r\n");
}

#[test]
fn media_sections_are_sent_elsewhere() {
    let sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
               m=audio 4000 RTP/AVP 0 8\r\na=rtcp:4005\r\na=candidate:1 1 UDP 1 192.0.2.1 4000 typ host\r\n\
               a=sendrecv\r\nm=video 0 RTP/AVP 96\r\nm=audio 6000 RTP/AVP 0\r\nc=IN IP4 192.0.2.9\r\n";
    let mut wanted = Vec::new();
    let text = media(sdp, |index, media| {
        wanted.push((index, media));
        let port = 9000 + 10 * index as u16;
        Some(Media {
            rtp: address("127.0.0.1:0").ip_port(port),
            rtcp: address("127.0.0.1:0").ip_port(port + 1),
        })
    });
    let expected = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                    m=audio 9000 RTP/AVP 0 8\r\na=rtcp:9001 IN IP4 127.0.0.1\r\na=sendrecv\r\n\
                    m=video 0 RTP/AVP 96\r\nm=audio 9020 RTP/AVP 0\r\nc=IN IP4 127.0.0.1\r\n";
    assert_eq!(text, expected);
    let told = |rtp, rtcp| Media {
        rtp: address(rtp),
        rtcp: address(rtcp),
    };
    let first = told("192.0.2.1:4000", "192.0.2.1:4005");
    let third = told("192.0.2.9:6000", "192.0.2.9:6001");
    assert_eq!(wanted, [(0, first), (2, third)]);
}

trait IpPort {
    fn ip_port(self, port: u16) -> SocketAddr;
}

impl IpPort for SocketAddr {
    fn ip_port(mut self, port: u16) -> SocketAddr {
        self.set_port(port);
        self
    }
}
