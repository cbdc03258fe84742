//! Calls that cannot be handed on, and are joined here. Each test says which requirement it covers.
#![allow(clippy::wildcard_enum_match_arm)] // A test looks for one kind of event.

use codec_g711::law;
use control::command::{CallRef, Command};
use control::transfer::{TransferCall, TransferMode, TransferSnapshot, TransferState, TransferWay};
use control::{CallHandle, EventBody};
use offhook_interop::engine::{Answer, Daemon, Engine as _, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::sound::tone_dbov;
use offhook_interop::{Client, Rig, Sipp, ports};

use anyhow::ensure;
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
/// G.711 at 20 ms. Unit: samples.
const FRAME: usize = 160;
/// What is judged: the last half second that was heard. Unit: samples.
const JUDGED: usize = 4_000;
/// A tone counts as heard. Unit: dBov; said at about −15.
const HEARD: f64 = -26.0;

/// Somebody who says a tone and keeps what came last: sound for a SIPp, which has none.
struct Voice {
    port: u16,
    hertz: f64,
    heard: Arc<Mutex<VecDeque<i16>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Voice {
    fn start(hertz: f64) -> anyhow::Result<Self> {
        let port = ports::take(2);
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
        socket.set_read_timeout(Some(Duration::from_millis(5)))?;
        let heard = Arc::new(Mutex::new(VecDeque::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let (heard, stop) = (Arc::clone(&heard), Arc::clone(&stop));
            std::thread::spawn(move || speak(&socket, hertz, &heard, &stop))
        };
        Ok(Self {
            port,
            hertz,
            heard,
            stop,
            thread: Some(thread),
        })
    }

    /// Waits until half a second of what came in has this tone, and of itself nothing.
    fn wait_for(&self, other: &Self) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            let samples: Vec<i16> = {
                let heard = self.heard.lock().expect("nobody panics while holding it");
                heard.iter().copied().collect()
            };
            let level = |hertz| tone_dbov(&samples, 8_000, hertz);
            let (theirs, own) = (level(other.hertz), level(self.hertz));
            if samples.len() == JUDGED && theirs > HEARD && own < HEARD - 15.0 {
                return Ok(());
            }
            ensure!(
                Instant::now() < until,
                "{} Hz at {theirs:.0} dBov of {} samples, {} Hz at {own:.0}",
                other.hertz,
                samples.len(),
                self.hertz,
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("a voice does not panic");
        }
    }
}

/// Says a tone to whoever sent something last, 20 ms at a time, and keeps what comes.
fn speak(socket: &UdpSocket, hertz: f64, heard: &Mutex<VecDeque<i16>>, stop: &AtomicBool) {
    let step = core::f64::consts::TAU * hertz / 8_000.0;
    let (mut to, mut sent, begin): (Option<SocketAddr>, u32, _) = (None, 0, Instant::now());
    let mut packet = [0; 2_048];
    while !stop.load(Ordering::Relaxed) {
        if let Ok((len, from)) = socket.recv_from(&mut packet) {
            to = Some(from);
            let payload = packet.get(12..len).unwrap_or_default();
            let mut heard = heard.lock().expect("nobody panics while holding it");
            let mut pcm = vec![0; payload.len()];
            law::mu_expand(payload, &mut pcm);
            heard.extend(pcm);
            let over = heard.len().saturating_sub(JUDGED);
            heard.drain(..over);
        }
        let due = u32::try_from(begin.elapsed().as_millis() / 20).unwrap_or(u32::MAX);
        while let Some(to) = to.filter(|_| sent < due) {
            let first = sent * FRAME as u32;
            let mut rtp = vec![0x80, 0];
            rtp.extend_from_slice(&(sent as u16).to_be_bytes());
            rtp.extend_from_slice(&first.to_be_bytes());
            rtp.extend_from_slice(&(hertz as u32).to_be_bytes());
            let sample = |n: u32| (8_000.0 * (step * f64::from(first + n)).sin()) as i16;
            let pcm: Vec<i16> = (0..FRAME as u32).map(sample).collect();
            let mut octets = vec![0; pcm.len()];
            law::mu_compress(&pcm, &mut octets);
            rtp.extend(octets);
            // Who hung up listens no more.
            let _ = socket.send_to(&rtp, to);
            sent += 1;
        }
    }
}

fn state(told: &EventBody) -> Option<&TransferSnapshot> {
    match told {
        EventBody::TransferProgress(told)
        | EventBody::TransferDone(told)
        | EventBody::TransferFailed(told) => Some(told),
        _ => None,
    }
}

/// Waits until the transfer stands so.
fn wait_for(client: &mut Client, state_is: TransferState) -> anyhow::Result<TransferSnapshot> {
    client.wait("call.transfer.", PATIENCE, |event| {
        let told = state(&event.body)?;
        (told.state == state_is || told.is_over()).then(|| told.clone())
    })
}

/// The ways that events told, one after the other.
fn ways(client: &Client) -> Vec<TransferWay> {
    let told = client.events().iter();
    let told = told.filter_map(|event| state(&event.body)?.way);
    let mut ways: Vec<_> = told.collect();
    ways.dedup();
    ways
}

/// Calls one and then the other, and hands the first on to the second.
fn hands_on(client: &mut Client, caller: &Sipp, target: &str) -> anyhow::Result<CallHandle> {
    let call = client.dial(&format!("sip:102@{}", caller.address))?;
    client.wait_answered(call, PATIENCE)?;
    client.ask(Command::Transfer(TransferCall {
        to: Some(target.to_owned()),
        mode: TransferMode::Ask,
        ..TransferCall::default()
    }))?;
    wait_for(client, TransferState::Consulting)?;
    // A REFER may overtake the ACK of the hold, which the script does not know.
    let until = Instant::now() + PATIENCE;
    while caller.messages().matches("\nACK sip:").count() < 2 {
        ensure!(Instant::now() < until, "the hold is not acknowledged");
        std::thread::sleep(Duration::from_millis(5));
    }
    client.ask(Command::TransferComplete(CallRef::default()))?;
    Ok(call)
}

fn is_joined(replaces: &str, plain: &str) -> anyhow::Result<()> {
    let name = format!("joined-{}-{}", &replaces[..3], &plain[..3]);
    let Some(rig) = Rig::new(&name, &["sipp"]) else {
        return Ok(());
    };
    let (one, other) = (Voice::start(440.0)?, Voice::start(790.0)?);
    let values = [("media", other.port.to_string())];
    let script = Script {
        values: &values,
        ..Script::new("callee-speaks")
    };
    let mut target = Sipp::start(&rig, "target", &script)?;
    let to = format!("sip:900@{}", target.address);
    let values = [
        ("media", one.port.to_string()),
        ("replaces", replaces.to_owned()),
        ("plain", plain.to_owned()),
        ("target", to.clone()),
    ];
    let script = Script {
        values: &values,
        ..Script::new("callee-knows-no-replaces")
    };
    let mut caller = Sipp::start(&rig, "caller", &script)?;
    let wish = Wish {
        answer: Answer::Ring,
        settings: "[media]\nmicrophone = \"audio-null\"\nspeaker = \"audio-null\"\n",
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let call = hands_on(&mut client, &caller, &to)?;
    let end = wait_for(&mut client, TransferState::Completed)?;
    ensure!(end.state == TransferState::Completed, "{end:?}");
    let seen = ways(&client);
    let expected = [
        TransferWay::Replaces,
        TransferWay::Plain,
        TransferWay::Joined,
    ];
    ensure!(seen == expected, "{seen:?}");
    for way in ["way=Replaces", "way=Plain", "way=Joined"] {
        ensure!(engine.log().contains(way), "the log has no {way}");
    }
    one.wait_for(&other)?;
    other.wait_for(&one)?;
    let with = client.look(call)?.conference;
    ensure!(with.is_some_and(|with| !with.person), "{with:?}");
    // Who ends the one ends the other.
    client.hang_up(call)?;
    client.wait_ended(call, PATIENCE)?;
    caller.succeed(PATIENCE)?;
    target.succeed(PATIENCE).map(drop)
}

/// M-078: Replaces is refused, then REFER: this phone joins the two, and each hears the other's tone.
#[test]
fn m_078_two_who_cannot_be_handed_on_are_joined_here() {
    for replaces in ["420 Bad Extension", "501 Not Implemented"] {
        is_joined(replaces, "501 Not Implemented").unwrap();
    }
}
