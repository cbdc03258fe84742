//! The clock of telephone-events beside Opus: what SIPp is offered, and what reaches its port.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one word of many"
)]

use anyhow::{Result, ensure};
use control::CallHandle;
use control::command::{Command, SendDtmf};
use control::event::{DtmfMethod, EventBody};
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::{Client, Rig, Sipp, ports};
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(15);
/// Payload type that SIPp gives to events: another than ours.
const EVENTS: u8 = 110;

/// What the settings say, what SIPp answers, and what is to come of it.
struct Case {
    name: &'static str,
    only_8khz: bool,
    in_8khz: bool,
    answered_hz: u32,
    /// Duration in the last packets of a key of 100 ms; nothing: it does not come as an event.
    ends_at: Option<u16>,
}

/// Of each packet of an event: whether it is the last, and its duration. Source: RFC 4733 §2.3.
fn of_events(socket: &UdpSocket) -> Vec<(bool, u16)> {
    let mut packet = [0; 2_048];
    let mut found = Vec::new();
    while let Ok(len) = socket.recv(&mut packet) {
        if let ([_, kind, ..], Some(&[_, flags, high, low])) = (packet, packet.get(12..len))
            && kind & 0x7f == EVENTS
        {
            found.push((flags & 0x80 != 0, u16::from_be_bytes([high, low])));
        }
    }
    found
}

/// Presses a key, and judges what comes of it at the socket.
fn is_pressed(
    client: &mut Client,
    call: CallHandle,
    (socket, ends_at): (&UdpSocket, Option<u16>),
) -> Result<()> {
    client.ask(Command::SendDtmf(SendDtmf {
        call: Some(call),
        digits: "5".parse()?,
        duration_ms: Some(100),
    }))?;
    let method = client.wait("call.dtmf", PATIENCE, |event| match &event.body {
        EventBody::CallDtmf(key) => Some(key.method),
        _ => None,
    })?;
    // The last packet comes three times, 20 ms apart.
    std::thread::sleep(Duration::from_millis(300));
    socket.set_nonblocking(true)?;
    let events = of_events(socket);
    let ends: Vec<u16> = events
        .iter()
        .filter(|(end, _)| *end)
        .map(|(_, at)| *at)
        .collect();
    match ends_at {
        Some(at) => ensure!(
            method == DtmfMethod::Rtp && ends == [at; 3],
            "{method:?} {events:?}"
        ),
        None => ensure!(
            method != DtmfMethod::Rtp && events.is_empty(),
            "{method:?} {events:?}"
        ),
    }
    Ok(())
}

fn presses(case: &Case) -> Result<bool> {
    let Some(rig) = Rig::new(&format!("key-clock-{}", case.name), &["sipp"]) else {
        return Ok(false);
    };
    let port = ports::take(2);
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
    let clock48 = if case.only_8khz { "hasnt" } else { "has" };
    let values = [
        ("clock48", clock48.to_owned()),
        ("events", format!("{EVENTS}/{}", case.answered_hz)),
        ("media", port.to_string()),
    ];
    let script = Script {
        values: &values,
        ..Script::new("callee-counts-keys")
    };
    let mut callee = Sipp::start(&rig, "callee", &script)?;
    let settings = format!(
        "[media]\nmicrophone = \"audio-null\"\nspeaker = \"audio-null\"\ncodecs = [\"opus\", \"PCMU\"]\n\
         [dtmf]\norder = [\"rfc2833\", \"audio\"]\nnegotiate_only_8khz = {}\nduration_in_8khz = {}\n",
        case.only_8khz, case.in_8khz
    );
    let wish = Wish {
        codec: "",
        answer: Answer::Ring,
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let call = client.dial(&format!("sip:102@{}", callee.address))?;
    client.wait_answered(call, PATIENCE)?;
    is_pressed(&mut client, call, (&socket, case.ends_at))?;
    client.hang_up(call)?;
    callee.succeed(PATIENCE)?;
    Ok(true)
}

/// K-068: where each clock is offered the one beside Opus is used, under the number that the other side gives it; where
/// 8 kHz alone is offered another is not taken.
#[test]
fn m_194_k_068_events_have_the_clock_that_is_agreed() {
    for case in [
        Case {
            name: "each",
            only_8khz: false,
            in_8khz: false,
            answered_hz: 48_000,
            ends_at: Some(4_800),
        },
        Case {
            name: "refused",
            only_8khz: true,
            in_8khz: false,
            answered_hz: 48_000,
            ends_at: None,
        },
    ] {
        if !presses(&case).unwrap() {
            return;
        }
    }
}

/// K-069: beside Opus, a key of 100 ms is 4,800 or 800 units long.
#[test]
fn m_194_k_069_durations_count_the_clock_of_the_codec_or_8_khz() {
    for (in_8khz, at) in [(false, 4_800), (true, 800)] {
        let case = Case {
            name: if in_8khz { "8-khz" } else { "48-khz" },
            only_8khz: true,
            in_8khz,
            answered_hz: 8_000,
            ends_at: Some(at),
        };
        if !presses(&case).unwrap() {
            return;
        }
    }
}
