//! Opens media instances while whoever wants them goes on: a plugin may take its time, control may not.

use super::link::{Caller, Link};
use super::process::Shared;
use crate::Trouble;
use crate::budget::Meter;
use plugin::{Refusal, Status};
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// How long an instance may be waited for behind others, and for a process that is started again. So long a call
/// is silent, and takes another codec then.
const PATIENCE: Duration = Duration::from_secs(5);
/// Before a process that is not there is asked again.
const AGAIN: Duration = Duration::from_millis(20);

/// An instance that is wanted. Whoever wanted it may be gone by its turn.
#[derive(Debug)]
struct Wanted {
    link: Weak<Link>,
    meter: Arc<Meter>,
    since: Instant,
}

/// A thread that opens one after the other, in the order in which they were wanted. It ends once this is dropped.
#[derive(Debug)]
pub(super) struct Opener(Sender<Wanted>);

impl Opener {
    pub(super) fn start(shared: &Arc<Shared>) -> io::Result<Self> {
        let (wants, wanted) = channel();
        let shared = Arc::clone(shared);
        std::thread::Builder::new()
            .name("plugin-open".into())
            .stack_size(256 << 10)
            .spawn(move || serve(&shared, &wanted))?;
        Ok(Self(wants))
    }

    pub(super) fn want(&self, link: &Arc<Link>, meter: &Arc<Meter>) {
        // The thread lives as long as this.
        let _ = self.0.send(Wanted {
            link: Arc::downgrade(link),
            meter: Arc::clone(meter),
            since: Instant::now(),
        });
    }
}

fn serve(shared: &Arc<Shared>, all: &Receiver<Wanted>) {
    for Wanted { link, meter, since } in all {
        let Some(link) = link.upgrade() else {
            continue;
        };
        match open(shared, &link, since) {
            Ok(()) => {
                shared.ring();
                if link.is_abandoned() {
                    // It hung up before it could say so to the process.
                    drop(Caller::new(link, Arc::clone(shared), meter));
                }
            }
            Err(refusal) => {
                let plugin = shared.id();
                tracing::warn!(plugin, %refusal, "isolated plugin opens nothing");
                meter.refused(refusal.to_string());
                meter.shut(Some(Trouble::Refused));
                link.refuse(refusal);
            }
        }
    }
}

fn open(shared: &Shared, link: &Arc<Link>, since: Instant) -> Result<(), Refusal> {
    let mut last = Refusal::new(Status::UNAVAILABLE, "others were opened for 5 s before it");
    while since.elapsed() < PATIENCE {
        let before = shared.pid();
        match shared.open(link) {
            Ok(()) => return Ok(()),
            Err(refusal) => last = refusal,
        }
        // A process that ended over it, or that was not there, is there again soon.
        std::thread::sleep(AGAIN);
        if shared.is_gone() || before.is_some() && shared.pid() == before {
            break;
        }
    }
    Err(last)
}
