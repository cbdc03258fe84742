//! A PBX on a thread of its own.

use core::net::SocketAddr;
use offhook_demo_pbx::{Pbx, Settings, Users};
use offhook_interop::Rig;
use plugin_host::Catalogue;
use sip::auth::digest::Algorithm;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

type Question = Box<dyn FnOnce(&Pbx) + Send>;

/// A running PBX; it stops when it goes out of scope.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    questions: Option<Sender<Question>>,
    thread: Option<JoinHandle<()>>,
}

/// For user 101 with the password `secret`.
pub(crate) fn settings(rig: &Rig, algorithms: &[Algorithm]) -> Settings {
    let users = Users::none().and("101", "secret");
    let mut seed = [0; 32];
    rig.rng().fill(&mut seed);
    Settings {
        algorithms: algorithms.to_vec(),
        ..Settings::new(users, rig.file("sounds"), seed)
    }
}

/// What a host of a PBX links in.
pub(crate) fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::new("pbx test", "0.1.0");
    for entry in [&codec_g711::ENTRY, &audio_file::ENTRY, &audio_tone::ENTRY] {
        catalogue.add_built_in(entry).unwrap();
    }
    catalogue
}

impl Running {
    pub(crate) fn start(rig: &Rig, algorithms: &[Algorithm]) -> Self {
        let settings = settings(rig, algorithms);
        let (questions, asked) = channel();
        let (told, telling) = channel();
        let thread = std::thread::spawn(move || {
            actix::System::new().block_on(async {
                let pbx = offhook_demo_pbx::start(settings, catalogue())
                    .await
                    .unwrap();
                told.send(pbx.address()).unwrap();
                answer(Rc::new(pbx), asked).await;
            });
        });
        let address = telling.recv_timeout(Duration::from_secs(20)).unwrap();
        Self {
            address,
            questions: Some(questions),
            thread: Some(thread),
        }
    }

    pub(crate) fn contacts(&self, user: &'static str) -> Vec<String> {
        let (told, telling) = channel();
        let question: Question = Box::new(move |pbx| told.send(pbx.contacts(user)).unwrap());
        self.questions.as_ref().unwrap().send(question).unwrap();
        telling.recv_timeout(Duration::from_secs(5)).unwrap()
    }
}

async fn answer(pbx: Rc<Pbx>, asked: Receiver<Question>) {
    loop {
        match asked.try_recv() {
            Ok(question) => question(&pbx),
            Err(std::sync::mpsc::TryRecvError::Empty) => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(std::sync::mpsc::TryRecvError::Disconnected) => return pbx.stop().await,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.questions = None;
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            assert!(matches!(ended, Some(Ok(()))), "the PBX panicked");
        }
    }
}
