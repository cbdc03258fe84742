//! The relay from the command line, for trying things by hand.

use base::Duration;
use clap::Parser;
use offhook_relay::{
    Direction, Jitter, LinkSettings, Loss, Relay, SipAwareRelay, SipRelaySettings,
};
use std::net::{SocketAddr, UdpSocket};

/// Passes UDP between whoever sends first and TO, badly, the same way for the same seed.
#[derive(Parser)]
#[command(name = "offhook-relay")]
struct Options {
    /// Where packets come in.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where packets go.
    #[arg(long)]
    to: SocketAddr,
    /// Read SIP, and take the media of calls through the relay; only media is treated badly.
    /// Listens on a port of 127.0.0.1 that it prints.
    #[arg(long)]
    sip: bool,
    /// Same seed, same fates.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Share lost, 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    loss: f64,
    /// Mean number lost in a row; 1: each on its own.
    #[arg(long, default_value_t = 1.0)]
    burst: f64,
    /// Delay in ms.
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
    /// Jitter in ms on top, evenly up to this.
    #[arg(long, default_value_t = 0)]
    jitter_ms: u64,
    /// Share held back by 30 ms, 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    reorder: f64,
    /// Share repeated, 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    duplicate: f64,
    /// Bits a second that pass.
    #[arg(long)]
    rate: Option<u64>,
}

fn main() -> std::io::Result<()> {
    let options = Options::parse();
    let settings = LinkSettings {
        loss: if options.burst > 1.0 {
            Loss::bursts(options.loss, options.burst)
        } else {
            Loss::Random(options.loss)
        },
        delay: Duration::from_millis(options.delay_ms),
        jitter: Jitter::Uniform(Duration::from_millis(options.jitter_ms)),
        reorder: options.reorder,
        duplicate: options.duplicate,
        rate: options.rate,
        ..LinkSettings::CLEAN
    };
    if options.sip {
        let settings = SipRelaySettings {
            media: settings,
            ..SipRelaySettings::default()
        };
        let relay = SipAwareRelay::start(options.seed, None, options.to, settings)?;
        println!("{} -> {}", relay.facing_a(), options.to);
        report(|direction| relay.rtp_counts(direction))
    } else {
        let sockets = (
            UdpSocket::bind(options.listen)?,
            UdpSocket::bind((options.listen.ip(), 0))?,
        );
        let relay = Relay::start(options.seed);
        let ends = relay.add_path_on(sockets, (None, Some(options.to)), &settings)?;
        println!("{} -> {}", ends.facing_a, options.to);
        report(|direction| relay.counts(ends.path, direction))
    }
}

fn report(counts: impl Fn(Direction) -> offhook_relay::Counts) -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(5));
        let (there, back) = (counts(Direction::AToB), counts(Direction::BToA));
        println!("there {there:?}\nback  {back:?}");
    }
}
