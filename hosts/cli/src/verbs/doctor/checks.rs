//! The checks themselves.

use super::Finding;
use crate::args::{Doctor, Global};
use crate::error::Error;
use crate::link::Engine;
use crate::os;
use control::{Code, ExitCode};
use engine::voice::{self, Granted, Priority};
use settings::{Complaints, Listen, MediaPriority, Request, Settings, Severity, Transport};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

/// How long a packet to ourselves may take.
const LOOPBACK: Duration = Duration::from_secs(1);
/// Ports of the range for sound that are tried: enough to see that it is not taken as a whole.
const PORTS_TRIED: u16 = 32;
/// Files that a process has open besides sockets of calls: logs, plugins, sound, control.
const OTHER_FILES: u64 = 128;
/// Sockets of one call: RTP and RTCP.
const FILES_OF_A_CALL: u64 = 2;

/// Runs all checks in the order people would.
pub(super) fn all(global: &Global, args: &Doctor, found: &mut dyn FnMut(Finding)) {
    // With events asked for, because the snapshot that comes with them says the profile.
    let engine = Engine::connect(global, Some(&["engine.stopping"]));
    let profile = match (&global.profile, &engine) {
        (Some(profile), _) => profile.clone(),
        (None, Ok(engine)) => running(engine).unwrap_or_else(default_profile),
        (None, Err(_)) => default_profile(),
    };
    let mut request = Request::of_profile(&profile);
    request.file = args.settings.clone();
    let loaded = settings::load(&request);
    let settings = loaded.as_ref().ok().map(|loaded| &loaded.settings);
    found(sound());
    found(loopback("IPv4", SocketAddr::from((Ipv4Addr::LOCALHOST, 0))));
    found(loopback("IPv6", SocketAddr::from((Ipv6Addr::LOCALHOST, 0))));
    found(network());
    match &loaded {
        Ok(loaded) => {
            found(Finding::ok("settings", format!("profile {profile}")));
            complaints(&Complaints(loaded.warnings.clone()), found);
        }
        Err(bad) => complaints(bad, found),
    }
    if let Some(settings) = settings {
        if engine.is_err() {
            settings
                .sip
                .listen
                .iter()
                .for_each(|listen| found(listening(*listen)));
        }
        found(sound_ports(settings));
        found(open_files(settings));
        found(priority(settings));
    }
    found(control(global, engine));
}

fn default_profile() -> String {
    "desktop".to_owned()
}

fn running(engine: &Engine) -> Option<String> {
    Some(engine.welcome().snapshot.as_ref()?.profile.clone())
}

fn sound() -> Finding {
    let fix =
        "calls work with files instead of a sound card: offhook demo, or the profile headless";
    match os::sound_cards() {
        None => Finding::warn("sound", "this system does not tell its sound devices", fix),
        Some(cards) if cards.names.is_empty() => Finding::warn("sound", "no sound card here", fix),
        Some(cards) => {
            let names = cards.names.join(", ");
            let plug = "plug in a headset";
            match (cards.records, cards.plays) {
                (true, true) => Finding::ok("sound", names),
                (false, true) => Finding::warn("sound", format!("{names}: no microphone"), plug),
                (true, false) => Finding::warn("sound", format!("{names}: no speaker"), plug),
                (false, false) => Finding::warn(
                    "sound",
                    format!("{names}: neither microphone nor speaker"),
                    plug,
                ),
            }
        }
    }
}

/// Sends a packet to ourselves.
fn loopback(family: &str, addr: SocketAddr) -> Finding {
    let send = || {
        let socket = UdpSocket::bind(addr)?;
        socket.set_read_timeout(Some(LOOPBACK))?;
        socket.send_to(b"offhook", socket.local_addr()?)?;
        let mut bytes = [0; 16];
        socket.recv_from(&mut bytes)
    };
    match send() {
        Ok((7, _)) => Finding::ok(
            "loopback",
            format!("{family}: a packet to {} came back", addr.ip()),
        ),
        Ok(_) => Finding::warn(
            "loopback",
            format!("{family}: another packet came back"),
            "try again",
        ),
        Err(_) if family == "IPv6" => Finding::warn(
            "loopback",
            "IPv6 is switched off",
            "nothing to do, unless your server has only an IPv6 address",
        ),
        Err(why) => Finding::fail(
            "loopback",
            Code::NO_NETWORK,
            format!("{family}: {why}"),
            "switch the interface on: ip link set lo up; a firewall must let it through",
        ),
    }
}

/// Asks for a way to the outside; connecting a UDP socket sends nothing.
fn network() -> Finding {
    let way = |from: SocketAddr, to: &str| {
        let socket = UdpSocket::bind(from).ok()?;
        socket.connect(to).ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    // Addresses of the documentation ranges (RFC 5737, RFC 3849): only a default route leads there.
    let v4 = way((Ipv4Addr::UNSPECIFIED, 0).into(), "192.0.2.1:9");
    let v6 = way((Ipv6Addr::UNSPECIFIED, 0).into(), "[2001:db8::1]:9");
    let ours: Vec<String> = [v4, v6]
        .into_iter()
        .flatten()
        .map(|ip| ip.to_string())
        .collect();
    match ours.is_empty() {
        true => Finding::warn(
            "network",
            "no way out of this computer",
            "connect a network; calls on this computer work without",
        ),
        false => Finding::ok("network", format!("goes out from {}", ours.join(" and "))),
    }
}

fn complaints(bad: &Complaints, found: &mut dyn FnMut(Finding)) {
    for complaint in &bad.0 {
        let mut text = format!(
            "{}: {}: {}",
            complaint.origin, complaint.key, complaint.what
        );
        if complaint.key.is_empty() {
            text = format!("{}: {}", complaint.origin, complaint.what);
        }
        let fix = match complaint.allowed.as_str() {
            "" => "correct it there",
            allowed => allowed,
        };
        found(match complaint.severity {
            Severity::Error => Finding::fail("settings", Code::BROKEN_SETTINGS, text, fix),
            Severity::Warning => Finding::warn("settings", text, fix),
        });
    }
}

fn listening(listen: Listen) -> Finding {
    let (name, bound) = match listen.transport {
        Transport::Udp => ("udp", UdpSocket::bind(listen.addr).map(drop)),
        Transport::Tcp => ("tcp", TcpListener::bind(listen.addr).map(drop)),
    };
    let addr = listen.addr;
    match bound.map_err(|why| why.kind()) {
        Ok(()) if addr.port() == 0 => {
            Finding::ok("ports", format!("{name}:{addr}: one that is free"))
        }
        Ok(()) => Finding::ok("ports", format!("{name}:{addr} is free")),
        Err(ErrorKind::AddrInUse) => Finding::fail(
            "ports",
            Code::PORT_IN_USE,
            format!("{name}:{addr} is taken by another program"),
            format!(
                "ss -lnp 'sport = :{}' shows it; or choose another with sip.listen",
                addr.port()
            ),
        ),
        Err(_) if addr.is_ipv6() => Finding::warn(
            "ports",
            format!("{name}:{addr} cannot be used: no IPv6 here"),
            "take it out of sip.listen, or leave it: calls by IPv4 work",
        ),
        Err(_) => Finding::fail(
            "ports",
            Code::BAD_LISTEN_ADDRESS,
            format!("{name}:{addr} cannot be used"),
            "choose an address that `ip address` shows, and a port of 1024 or above",
        ),
    }
}

fn sound_ports(settings: &Settings) -> Finding {
    let (first, last) = (settings.media.port_min, settings.media.port_max);
    let tried = (first..=last).take(usize::from(PORTS_TRIED));
    let free = tried
        .clone()
        .filter(|&port| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok());
    let (free, tried) = (free.count(), tried.count());
    let text = format!("udp {first} to {last} for sound: of the first {tried} are free {free}");
    match free {
        0 => Finding::fail(
            "ports",
            Code::NO_MEDIA_PORT,
            text,
            "choose another range: media.port_min, media.port_max",
        ),
        _ => Finding::ok("ports", text),
    }
}

/// What the threads that carry sound would be granted here.
fn priority(settings: &Settings) -> Finding {
    let (wanted, name) = match settings.media.priority {
        MediaPriority::Auto => (Priority::Auto, "auto"),
        MediaPriority::Realtime => (Priority::Realtime, "realtime"),
        MediaPriority::High => (Priority::High, "high"),
        MediaPriority::Normal => (Priority::Normal, "normal"),
    };
    let granted = voice::permitted(wanted);
    let text = format!("media.priority {name}: {} is granted", granted.word());
    let less = match wanted {
        Priority::Realtime => granted != Granted::Realtime,
        Priority::Auto | Priority::High => granted == Granted::Normal,
        Priority::Normal => false,
    };
    match less {
        true => Finding::warn(
            "priority",
            format!("{text}; a busy machine can be heard"),
            "LimitRTPRIO=5 of the service, or a line \"USER - rtprio 5\" in /etc/security/limits.conf",
        ),
        false => Finding::ok("priority", text),
    }
}

fn open_files(settings: &Settings) -> Finding {
    let limits = settings.limits;
    let calls = u64::try_from(limits.calls).unwrap_or(u64::MAX);
    let connections = u64::try_from(limits.connections).unwrap_or(u64::MAX);
    let need = calls
        .saturating_mul(FILES_OF_A_CALL)
        .saturating_add(connections)
        .saturating_add(OTHER_FILES);
    let Some(files) = os::open_files() else {
        return Finding::ok(
            "limits",
            "this system does not tell how many files may be open",
        );
    };
    let soft = files
        .soft
        .map_or_else(|| "any number of".to_owned(), |soft| soft.to_string());
    let text = format!(
        "{soft} open files; {} calls need up to {need}",
        limits.calls
    );
    match files.soft {
        Some(soft) if soft < need && files.hard.is_none_or(|hard| hard >= need) => Finding::warn(
            "limits",
            text,
            format!("ulimit -n {need}, or LimitNOFILE={need} of the service"),
        ),
        Some(soft) if soft < need => Finding::warn(
            "limits",
            text,
            format!("LimitNOFILE={need} of the service, or lower limits.calls"),
        ),
        Some(_) | None => Finding::ok("limits", text),
    }
}

/// That no engine runs is no fault of the computer, unless one was named.
fn control(global: &Global, engine: Result<Engine, Error>) -> Finding {
    let error = match engine {
        Ok(engine) => {
            let version = &engine.welcome().engine;
            return Finding::ok("control", format!("offhook {version} at {}", engine.path()));
        }
        Err(error) => error,
    };
    let named = global.socket.is_some() || global.profile.is_some();
    let Some(told) = error.object() else {
        return Finding::warn("control", "interrupted", "try again");
    };
    match named || error.exit() != ExitCode::NoEngine {
        true => Finding::fail("control", told.code, told.detail.clone(), told.fix.clone()),
        false => Finding::warn("control", told.detail.clone(), told.fix.clone()),
    }
}
