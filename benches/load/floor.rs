//! The bare echoes: what any program pays that answers these packets at all.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

const DESCRIPTION: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                           m=audio 40000 RTP/AVP 0\r\n";

/// INVITE gets 180 and 200, BYE gets 200; nothing is parsed or kept.
pub(crate) fn calls(address: &str) -> Result<(), String> {
    let socket = UdpSocket::bind(address).map_err(|why| why.to_string())?;
    let mut buffer = [0; 65_536];
    loop {
        let Ok((len, from)) = socket.recv_from(&mut buffer) else {
            continue;
        };
        let request = String::from_utf8_lossy(buffer.get(..len).unwrap_or_default());
        if request.starts_with("INVITE") {
            let _ = socket.send_to(respond(&request, "180 Ringing", "").as_bytes(), from);
            let _ = socket.send_to(respond(&request, "200 OK", DESCRIPTION).as_bytes(), from);
        } else if request.starts_with("BYE") {
            let _ = socket.send_to(respond(&request, "200 OK", "").as_bytes(), from);
        }
    }
}

fn respond(request: &str, status: &str, body: &str) -> String {
    let mut text = format!("SIP/2.0 {status}\r\n");
    for line in request.split("\r\n") {
        let kept = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
        if kept.iter().any(|name| line.starts_with(name)) {
            text.push_str(line);
            if line.starts_with("To:") && !line.contains("tag=") {
                text.push_str(";tag=floor");
            }
            text.push_str("\r\n");
        }
    }
    let len = body.len();
    text.push_str(&format!(
        "Contact: <sip:127.0.0.1>\r\nContent-Length: {len}\r\n"
    ));
    if !body.is_empty() {
        text.push_str("Content-Type: application/sdp\r\n");
    }
    text + "\r\n" + body
}

/// A packet to each of the ports on loopback every 20 ms, half of them 10 ms after the others.
pub(crate) fn pace(ports: &[&str]) -> Result<(), String> {
    let why = |why: std::io::Error| why.to_string();
    let socket = UdpSocket::bind("127.0.0.1:0").map_err(why)?;
    let ports: Vec<u16> = ports.iter().filter_map(|port| port.parse().ok()).collect();
    let began = Instant::now();
    for tick in 1_u32.. {
        let due = began + Duration::from_millis(10) * tick;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        for port in ports.iter().skip(tick as usize % 2).step_by(2) {
            // Who does not listen any more is about to end this.
            let _ = socket.send_to(&[0xff; 172], ("127.0.0.1", *port));
        }
    }
    Ok(())
}

/// Only uses the processor.
pub(crate) fn busy() -> Result<(), String> {
    for number in 0_u64.. {
        std::hint::black_box(number);
    }
    Ok(())
}

/// Every packet back to where it came from, one a wake-up.
pub(crate) fn echo(address: &str) -> Result<(), String> {
    let socket = UdpSocket::bind(address).map_err(|why| why.to_string())?;
    let mut buffer = [0; 2048];
    loop {
        if let Ok((len, from)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(buffer.get(..len).unwrap_or_default(), from);
        }
    }
}
