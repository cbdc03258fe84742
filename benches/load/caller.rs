//! A SIP client as small as can be: one call after another, no resending.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Calls one server.
pub(crate) struct Caller {
    socket: UdpSocket,
    local: SocketAddr,
    server: SocketAddr,
    calls: usize,
}

/// A call that was answered.
pub(crate) struct Call {
    number: usize,
    /// `To` with its tag.
    to: String,
    /// Where the server wants sound.
    pub(crate) media: SocketAddr,
    /// From INVITE to 200.
    pub(crate) took: Duration,
}

impl Caller {
    pub(crate) fn new(server: &str) -> Result<Self, String> {
        let socket = UdpSocket::bind("127.0.0.1:0").map_err(|why| why.to_string())?;
        let wait = Some(Duration::from_secs(2));
        socket
            .set_read_timeout(wait)
            .map_err(|why| why.to_string())?;
        Ok(Self {
            local: socket.local_addr().map_err(|why| why.to_string())?,
            socket,
            server: server.parse().map_err(|_| "no address".to_owned())?,
            calls: 0,
        })
    }

    /// Waits until the server answers OPTIONS.
    pub(crate) fn wait_for_server(&self) -> Result<(), String> {
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            let wait = Duration::from_millis(20);
            self.socket
                .set_read_timeout(Some(wait))
                .map_err(|why| why.to_string())?;
            self.send("OPTIONS", 0, &format!("<sip:x@{}>", self.server), "", 1);
            if self.socket.recv(&mut [0; 4096]).is_ok() {
                let wait = Some(Duration::from_secs(2));
                return self
                    .socket
                    .set_read_timeout(wait)
                    .map_err(|why| why.to_string());
            }
        }
        Err("the server does not answer".to_owned())
    }

    /// Offers PCMU at `port` and waits for the answer.
    pub(crate) fn call(&mut self, port: u16) -> Result<Call, String> {
        self.calls += 1;
        let number = self.calls;
        let to = format!("<sip:x@{}>", self.server);
        let body = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 0\r\na=ptime:20\r\n"
        );
        let began = Instant::now();
        self.send("INVITE", number, &to, &body, 1);
        let answer = self.answer(number, "INVITE")?;
        let took = began.elapsed();
        let line = |start: &str| answer.lines().find_map(|line| line.strip_prefix(start));
        let to = line("To: ").ok_or("an answer without To")?.to_owned();
        let port = line("m=audio ").and_then(|line| line.split(' ').next()?.parse().ok());
        let port: u16 = port.ok_or("an answer without sound")?;
        self.send("ACK", number, &to, "", 1);
        let media = SocketAddr::new(self.server.ip(), port);
        Ok(Call {
            number,
            to,
            media,
            took,
        })
    }

    /// Ends a call and waits until the server said so.
    pub(crate) fn hang_up(&mut self, call: &Call) -> Result<(), String> {
        self.send("BYE", call.number, &call.to, "", 2);
        self.answer(call.number, "BYE").map(drop)
    }

    fn send(&self, method: &str, number: usize, to: &str, body: &str, cseq: u32) {
        let (server, local) = (self.server, self.local);
        let kind = match body.is_empty() {
            true => "",
            false => "Content-Type: application/sdp\r\n",
        };
        let text = format!(
            "{method} sip:x@{server} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {local};branch=z9hG4bK{method}{number}x{port};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:load@{local}>;tag=a{number}\r\nTo: {to}\r\n\
             Call-ID: {number}@{local}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:load@{local}>\r\n{kind}Content-Length: {len}\r\n\r\n{body}",
            len = body.len(),
            port = local.port(),
        );
        // What is lost shows as no answer.
        let _ = self.socket.send_to(text.as_bytes(), server);
    }

    /// The next final answer to `method` of call `number`.
    fn answer(&self, number: usize, method: &str) -> Result<String, String> {
        let mut buffer = [0; 65_536];
        loop {
            let len = self
                .socket
                .recv(&mut buffer)
                .map_err(|_| format!("no answer to {method}"))?;
            let text = String::from_utf8_lossy(buffer.get(..len).unwrap_or_default()).into_owned();
            let ours = text.contains(&format!("Call-ID: {number}@")) && text.contains(method);
            match text.split(' ').nth(1) {
                Some(status) if ours && status.starts_with('2') => return Ok(text),
                Some(status) if ours && !status.starts_with('1') => {
                    return Err(format!("{method} was answered {status}"));
                }
                _ => {}
            }
        }
    }
}
