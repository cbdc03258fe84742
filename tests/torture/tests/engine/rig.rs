//! A phone that lets calls ring, on free ports of loopback, in a thread of its own.

use control::command::{Command, NoFields, Reply};
use plugin_host::Catalogue;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How long anything here may take before the test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

struct Ask(Command, mpsc::Sender<Reply>);

/// A running engine. It stops when this is dropped.
pub(crate) struct Rig {
    pub(crate) udp: SocketAddr,
    pub(crate) tcp: SocketAddr,
    asks: Option<UnboundedSender<Ask>>,
    thread: Option<JoinHandle<()>>,
}

impl Rig {
    /// Starts one with the profile `profile`; every call rings.
    pub(crate) fn start(profile: &str) -> Self {
        let mut request = settings::Request::of_profile(profile);
        let mut set = |key: &str, value: &str| {
            let option = (key.to_owned(), value.to_owned(), "--test".to_owned());
            request.options.push(option);
        };
        set("sip.listen", "udp:127.0.0.1:0,tcp:127.0.0.1:0");
        set("incoming.accept", "ring");
        set("media.threads", "1");
        let loaded = settings::load(&request).unwrap();
        let (asks, asked) = unbounded_channel();
        let (say, heard) = mpsc::channel();
        let thread = std::thread::spawn(move || run(&loaded.settings, asked, &say));
        let (udp, tcp) = heard.recv_timeout(PATIENCE).expect("the engine starts");
        Self {
            udp,
            tcp,
            asks: Some(asks),
            thread: Some(thread),
        }
    }

    fn ask(&self, command: Command) -> Reply {
        let (say, heard) = mpsc::channel();
        let asks = self.asks.as_ref().expect("runs until dropped");
        assert!(asks.send(Ask(command, say)).is_ok(), "the engine is alive");
        heard.recv_timeout(PATIENCE).expect("the engine answers")
    }

    /// Calls that are not over.
    pub(crate) fn calls(&self) -> usize {
        let Reply::Status { engine } = self.ask(Command::Status(NoFields {})) else {
            panic!("status answers with the engine");
        };
        assert!(engine.troubles.is_empty(), "{:?}", engine.troubles);
        engine.calls.len()
    }

    /// Ends all calls and waits until they are gone.
    pub(crate) fn hang_up_all(&self) {
        assert_eq!(self.ask(Command::HangUpAll(NoFields {})), Reply::Taken);
        let until = Instant::now() + PATIENCE;
        while self.calls() > 0 {
            assert!(Instant::now() < until, "{} calls stay", self.calls());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.asks.take();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the engine's thread panicked");
        }
    }
}

fn run(
    settings: &settings::Settings,
    mut asked: UnboundedReceiver<Ask>,
    say: &mpsc::Sender<(SocketAddr, SocketAddr)>,
) {
    let mut catalogue = Catalogue::new("torture", "1.0");
    let built_in = [&codec_g711::ENTRY, &audio_null::ENTRY];
    built_in
        .iter()
        .for_each(|entry| catalogue.add_built_in(entry).unwrap());
    let builder = phone::build(settings, catalogue).unwrap();
    actix::System::new().block_on(async {
        let core = builder.start().await.unwrap();
        let at = |transport| {
            let found = core.listening().iter().find(|l| l.transport == transport);
            found.expect("was asked for").address
        };
        let both = (at(sip::Transport::Udp), at(sip::Transport::Tcp));
        say.send(both).expect("the test waits");
        while let Some(Ask(command, answer)) = asked.recv().await {
            let (_, outcome) = core.command(command, None);
            let _ = answer.send(outcome.unwrap());
        }
    });
}
