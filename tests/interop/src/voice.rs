//! Somebody who speaks and listens in G.711, for a SIPp, which does neither.

use crate::ports;
use crate::sound::tone_dbov;
use anyhow::ensure;
use codec_g711::law;
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// G.711 at 20 ms. Unit: samples.
const FRAME: usize = 160;
/// What is judged: the last half second that was heard. Unit: samples.
const JUDGED: usize = 4_000;
/// A tone counts as heard. Unit: dBov; said at about −15.
pub const HEARD: f64 = -26.0;

/// Somebody who says a tone and keeps what came last: sound for a SIPp, which has none.
#[derive(Debug)]
pub struct Voice {
    /// Where it takes and sends RTP.
    pub port: u16,
    hertz: f64,
    heard: Arc<Mutex<VecDeque<i16>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Voice {
    /// Starts one that says a tone. Unit: Hz.
    pub fn start(hertz: f64) -> anyhow::Result<Self> {
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

    /// Waits until half a second of what came in has a tone, or has not. Unit: Hz.
    pub fn wait_tone(&self, hertz: f64, wanted: bool, patience: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + patience;
        loop {
            let samples = self.samples();
            let level = tone_dbov(&samples, 8_000, hertz);
            let is_so = match wanted {
                true => level > HEARD,
                false => level < HEARD - 15.0,
            };
            if samples.len() == JUDGED && is_so {
                return Ok(());
            }
            ensure!(
                Instant::now() < until,
                "{hertz} Hz at {level:.0} dBov of {} samples",
                samples.len()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn samples(&self) -> Vec<i16> {
        let heard = self.heard.lock().expect("nobody panics while holding it");
        heard.iter().copied().collect()
    }

    /// Waits until half a second of what came in has this tone, and of itself nothing.
    pub fn wait_for(&self, patience: Duration, other: &Self) -> anyhow::Result<()> {
        let until = Instant::now() + patience;
        loop {
            let samples = self.samples();
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
