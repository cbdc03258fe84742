//! SIP and SDP as text, with addresses exchanged.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

/// A SIP message cut into its head, with the empty line, and its body.
pub fn split(message: &[u8]) -> Option<(&str, &[u8])> {
    let end = message.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let (head, body) = message.split_at_checked(end)?;
    Some((core::str::from_utf8(head).ok()?, body))
}

/// The value of the first header called `name` or, in short, `short`.
pub fn header<'h>(head: &'h str, name: &str, short: &str) -> Option<&'h str> {
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        let found = found.trim();
        let is_it = found.eq_ignore_ascii_case(name) || found.eq_ignore_ascii_case(short);
        is_it.then(|| value.trim())
    })
}

/// Replaces each address in a head by its counterpart: `ip:port`, and a bare `ip` for port 5060.
///
/// Lines with digests stay: the digest covers the address in its `uri`.
pub fn exchange(head: &str, pairs: &[(SocketAddr, SocketAddr)]) -> String {
    let mut text = String::with_capacity(head.len() + 64);
    for line in head.split_inclusive("\r\n") {
        let name = line.split(':').next().unwrap_or_default().trim();
        if name.to_ascii_lowercase().ends_with("authorization") {
            text.push_str(line);
        } else {
            text.push_str(&exchange_line(line, pairs));
        }
    }
    text
}

fn exchange_line(line: &str, pairs: &[(SocketAddr, SocketAddr)]) -> String {
    let mut text = String::with_capacity(line.len() + 16);
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let starts = !text.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.');
        let found = pairs
            .iter()
            .filter(|_| starts)
            .find_map(|(from, to)| Some((address_length(rest, *from)?, to)));
        if let Some((length, to)) = found {
            text.push_str(&to.to_string());
            rest = rest.get(length..).unwrap_or_default();
        } else {
            text.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    text
}

/// How many bytes at the start of `text` spell `address`.
fn address_length(text: &str, address: SocketAddr) -> Option<usize> {
    let goes_on = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    let whole = address.to_string();
    if let Some(rest) = text.strip_prefix(&whole) {
        return (!goes_on(rest)).then_some(whole.len());
    }
    let ip = match address {
        SocketAddr::V4(v4) => v4.ip().to_string(),
        SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
    };
    let rest = text.strip_prefix(&ip)?;
    let ends = !goes_on(rest) && !rest.starts_with([':', '.']);
    (address.port() == 5060 && ends).then_some(ip.len())
}

/// Puts `body` behind `head` and makes Content-Length true.
pub fn join(head: &str, body: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(head.len() + body.len() + 8);
    for line in head.split_inclusive("\r\n") {
        let name = line.split(':').next().unwrap_or_default().trim();
        let is_length =
            name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("l");
        if is_length {
            message.extend_from_slice(format!("{name}: {}\r\n", body.len()).as_bytes());
        } else {
            message.extend_from_slice(line.as_bytes());
        }
    }
    message.extend_from_slice(body);
    message
}

/// Where one media section wants its packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Media {
    /// For RTP.
    pub rtp: SocketAddr,
    /// For RTCP: as `a=rtcp` says, else the next port.
    pub rtcp: SocketAddr,
}

/// Rewrites a session description: for the media section of each index, `place` says where its
/// packets shall go instead. Refused sections (port 0) stay. ICE lines are left out: a candidate
/// would lead past the relay.
pub fn media(sdp: &str, mut place: impl FnMut(usize, Media) -> Option<Media>) -> String {
    let sections = sections(sdp);
    let Some((session, media)) = sections.split_first() else {
        return sdp.to_owned();
    };
    let shared = connection(session);
    let mut places = Vec::new();
    for (index, section) in media.iter().enumerate() {
        let wanted = media_of(section, shared);
        places.push(wanted.and_then(|wanted| place(index, wanted)));
    }
    let mut text = String::with_capacity(sdp.len() + 64);
    let any = places.iter().flatten().next().copied();
    rewrite_section(session, any, &mut text);
    for (section, place) in media.iter().zip(places) {
        rewrite_section(section, place, &mut text);
    }
    text
}

/// The session part, then each media section.
fn sections(sdp: &str) -> Vec<Vec<&str>> {
    let mut all = vec![Vec::new()];
    for line in sdp.lines() {
        if line.starts_with("m=") {
            all.push(Vec::new());
        }
        if let Some(last) = all.last_mut() {
            last.push(line);
        }
    }
    all
}

fn connection(section: &[&str]) -> Option<std::net::IpAddr> {
    let line = section
        .iter()
        .find_map(|line| line.strip_prefix("c=IN IP"))?;
    let address = line.split_whitespace().nth(1)?;
    address.split('/').next()?.parse().ok()
}

fn media_of(section: &[&str], shared: Option<std::net::IpAddr>) -> Option<Media> {
    let port: u16 = section.first()?.split_whitespace().nth(1)?.parse().ok()?;
    let ip = connection(section).or(shared)?;
    if port == 0 {
        return None;
    }
    let told = section.iter().find_map(|line| line.strip_prefix("a=rtcp:"));
    let mut told = told.into_iter().flat_map(str::split_whitespace);
    let rtcp_port = told.next().and_then(|port| port.parse().ok());
    let rtcp_ip = told.nth(2).and_then(|ip| ip.parse().ok());
    let next = port.saturating_add(1);
    Some(Media {
        rtp: SocketAddr::new(ip, port),
        rtcp: SocketAddr::new(rtcp_ip.unwrap_or(ip), rtcp_port.unwrap_or(next)),
    })
}

fn rewrite_section(lines: &[&str], place: Option<Media>, text: &mut String) {
    for line in lines {
        let is_ice = [
            "a=candidate:",
            "a=ice-",
            "a=remote-candidates:",
            "a=end-of-candidates",
        ]
        .iter()
        .any(|start| line.starts_with(start));
        if is_ice {
            continue;
        }
        match place {
            Some(place) => text.push_str(&rewrite_line(line, place)),
            None => text.push_str(line),
        }
        text.push_str("\r\n");
    }
}

fn rewrite_line(line: &str, place: Media) -> String {
    let version = if place.rtp.is_ipv4() { "IP4" } else { "IP6" };
    if line.starts_with("c=") {
        return format!("c=IN {version} {}", place.rtp.ip());
    }
    if line.starts_with("a=rtcp:") {
        return format!(
            "a=rtcp:{} IN {version} {}",
            place.rtcp.port(),
            place.rtcp.ip()
        );
    }
    if let Some(rest) = line.strip_prefix("m=") {
        let mut words = rest.split(' ');
        let kind = words.next().unwrap_or_default();
        let formats: Vec<_> = words.skip(1).collect();
        return format!("m={kind} {} {}", place.rtp.port(), formats.join(" "));
    }
    line.to_owned()
}
