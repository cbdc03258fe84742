//! Kinds that no call uses yet: they are asked directly, from a thread that is not the call's, as a part would.

use crate::{Blow, Seen, Work, run};
use mock_faulty::{Fault, order, order_in_text};
use plugin::draft::nat::NatInput;
use plugin_host::{Catalogue, Status};
use std::sync::atomic::{AtomicBool, Ordering};

/// A plugin that is not in the way of any sound; what it is given says whether it works.
struct BesideWork<F: FnMut(Option<Fault>) -> bool> {
    say: F,
    works: bool,
    ticks: u64,
}

impl<F: FnMut(Option<Fault>) -> bool> Work for BesideWork<F> {
    fn tick(&mut self, blow: Option<Fault>) -> Vec<bool> {
        self.works = (self.say)(blow);
        // Sound has no part in it: all of a packet, every other tick.
        self.ticks += 1;
        match self.ticks % 2 {
            0 => vec![true; 2],
            _ => Vec::new(),
        }
    }

    fn works(&self) -> bool {
        self.works
    }
}

fn beside<F: FnMut(Option<Fault>) -> bool>(say: F) -> BesideWork<F> {
    BesideWork {
        say,
        works: false,
        ticks: 0,
    }
}

/// A word to an instance of control, from a thread that is not the call's.
fn control<I>(
    catalogue: &Catalogue,
    blow: Blow,
    id: &str,
    open: impl Fn() -> Option<I> + Sync,
    say: impl Fn(&mut I, Option<Fault>) -> bool + Sync,
) -> Seen {
    let (tell, told) = std::sync::mpsc::channel::<Option<Fault>>();
    let (open, say) = (&open, &say);
    let does = &AtomicBool::new(false);
    let worker = move || {
        let mut inst = open();
        while let Ok(blow) = told.recv() {
            if inst.is_none() {
                inst = open();
            }
            let works = inst.as_mut().is_some_and(|inst| say(inst, blow));
            if !works {
                inst = None;
            }
            does.store(works, Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        let worker = scope.spawn(worker);
        let mut work = beside(move |blow| {
            // Of the tick before: what has not answered by now does not work now.
            let works = does.swap(false, Ordering::Relaxed);
            tell.send(blow).unwrap();
            works
        });
        let seen = run(catalogue, id, blow, &mut work);
        // Nobody says anything more: the thread ends.
        drop(work);
        worker.join().unwrap();
        assert!(
            does.load(Ordering::Relaxed),
            "another one works after {blow:?}"
        );
        seen
    })
}

pub(super) fn nat(catalogue: &Catalogue, blow: Blow, id: &str) -> Seen {
    control(
        catalogue,
        blow,
        id,
        || catalogue.nat(id).unwrap().open("{}", 1).ok(),
        |nat, blow| {
            let data = blow.map_or([0; 5], order);
            let packet = NatInput::Packet {
                flow: 1,
                from: "192.0.2.1:1".parse().unwrap(),
                data: &data,
            };
            nat.handle(packet, 0).is_ok() && nat.poll().is_ok()
        },
    )
}

pub(super) fn face(catalogue: &Catalogue, blow: Blow, id: &str) -> Seen {
    control(
        catalogue,
        blow,
        id,
        || {
            catalogue
                .ui(id)
                .unwrap()
                .open("{}", Box::new(|_| Ok(())))
                .ok()
        },
        |face, blow| {
            let event = blow.map_or("1".to_owned(), order_in_text);
            face.event(&event) != Err(Status::LOST)
        },
    )
}
