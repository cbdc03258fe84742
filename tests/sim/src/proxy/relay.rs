//! Voice through a proxy that rewrites session descriptions, as an application-level gateway does.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// First port; each call takes two pairs.
const FIRST_PORT: u16 = 50_000;

/// One call: whose description came first, and where each side is.
#[derive(Debug)]
struct Call {
    first: String,
    /// Port that faces the second side; the first side's is two above.
    port: u16,
    sides: [Option<SocketAddr>; 2],
}

/// Calls whose voice is passed on.
#[derive(Debug, Default)]
pub(super) struct Relay {
    calls: BTreeMap<String, Call>,
}

/// A rewritten description, and ports that have to be open from now on.
pub(super) struct Rewritten {
    pub(super) body: String,
    pub(super) ports: Vec<u16>,
}

impl Relay {
    /// The description of one side as the other is to see it; `None` where there is nothing to do.
    pub(super) fn rewrite(&mut self, call: &str, body: &[u8], own: IpAddr) -> Option<Rewritten> {
        let text = core::str::from_utf8(body).ok().filter(|t| !t.is_empty())?;
        let line = |start| text.lines().find_map(|line| line.strip_prefix(start));
        let origin = line("o=")?.split(' ').take(2).collect::<String>();
        let ip: IpAddr = line("c=IN IP4 ")?.trim().parse().ok()?;
        let media = line("m=audio ")?;
        let (port, rest) = media.split_once(' ')?;
        let count = self.calls.len() as u16;
        let call = self.calls.entry(call.to_owned()).or_insert_with(|| Call {
            first: origin.clone(),
            port: FIRST_PORT + 4 * count,
            sides: [None, None],
        });
        let side = usize::from(call.first != origin);
        call.sides[side] = Some(SocketAddr::new(ip, port.parse().ok()?));
        let shown = call.port + 2 * side as u16;
        let body = text
            .replace(&format!("c=IN IP4 {ip}"), &format!("c=IN IP4 {own}"))
            .replace(
                &format!("m=audio {media}"),
                &format!("m=audio {shown} {rest}"),
            );
        let ports = (call.port..call.port + 4).collect();
        Some(Rewritten { body, ports })
    }

    /// Where a packet that came to `port` goes on to, and from which port.
    pub(super) fn pass(&self, port: u16) -> Option<(u16, SocketAddr)> {
        let call = self.calls.values().find(|call| {
            let range = call.port..call.port + 4;
            range.contains(&port)
        })?;
        let offset = port - call.port;
        let is_rtcp = offset % 2;
        // What comes to the port that the second side was shown is for the first, and back.
        let (side, other) = if offset < 2 { (0, 2) } else { (1, 0) };
        let to = call.sides[side]?;
        let to = SocketAddr::new(to.ip(), to.port() + is_rtcp);
        Some((call.port + other + is_rtcp, to))
    }
}
