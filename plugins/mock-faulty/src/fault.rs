//! What can be ordered, and how.

use crate::scribble::{self, Scribble};

/// A way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Panics.
    Panic = 1,
    /// Aborts the process.
    Abort = 2,
    /// Writes where nothing is.
    Segfault = 3,
    /// Never returns.
    Loop = 4,
    /// Returns a second later.
    Sleep = 5,
    /// Returns a count that cannot be.
    Garbage = 6,
    /// Takes memory until there is none.
    Memory = 7,
    /// Says sizes that are wrong.
    WrongSize = 8,
    /// Says what is no number.
    NotANumber = 9,
    /// Says again what was true before.
    Stale = 10,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Panic,
        Self::Abort,
        Self::Segfault,
        Self::Loop,
        Self::Sleep,
        Self::Garbage,
        Self::Memory,
        Self::WrongSize,
        Self::NotANumber,
        Self::Stale,
    ];

    /// The ways to answer what cannot be.
    pub const GARBAGE: [Self; 4] = [
        Self::Garbage,
        Self::WrongSize,
        Self::NotANumber,
        Self::Stale,
    ];

    fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| *fault as u8 == number)
    }
}

/// What an order begins with.
const MARK: [u8; 4] = [0x7f, 0x81, 0x7e, 0x82];

/// Bytes that order a fault.
pub fn order(fault: Fault) -> [u8; 5] {
    let [a, b, c, d] = MARK;
    [a, b, c, d, fault as u8]
}

/// The same in the first samples of a block.
pub fn order_in_samples(fault: Fault, pcm: &mut [i16]) {
    for (sample, byte) in pcm.iter_mut().zip(order(fault)) {
        *sample = i16::from(byte);
    }
}

/// The same in a text.
pub fn order_in_text(fault: Fault) -> String {
    format!("fail {}", fault as u8)
}

/// The fault that `{"fail":NUMBER}` orders.
pub fn order_in_options(json: &str) -> Option<Fault> {
    let (_, number) = json.split_once("\"fail\":")?;
    let number = number.trim_end_matches('}').trim();
    Fault::of(number.parse().ok()?)
}

/// Fails if `bytes` order it; whether garbage is to be returned.
pub fn obey(bytes: &[u8]) -> bool {
    match bytes {
        [a, b, c, d, fault, ..] if [*a, *b, *c, *d] == MARK => Fault::of(*fault).is_some_and(fail),
        _ => false,
    }
}

/// The same of samples.
pub fn obey_samples(pcm: &[i16]) -> bool {
    let Some(first) = pcm.get(..5) else {
        return false;
    };
    let bytes: [u8; 5] = core::array::from_fn(|at| first[at] as u8);
    first.iter().all(|sample| (0..256).contains(sample)) && obey(&bytes)
}

/// The same of a text.
pub fn obey_text(text: &str) -> bool {
    let number = text.strip_prefix("fail ").and_then(|n| n.parse().ok());
    number.and_then(Fault::of).is_some_and(fail)
}

fn fail(fault: Fault) -> bool {
    match fault {
        Fault::Panic => panic!("as ordered"),
        Fault::Abort => std::process::abort(),
        Fault::Segfault => {
            // SAFETY: it is not safe; that is the order. The write hits page zero, which is never mapped.
            unsafe { core::ptr::without_provenance_mut::<u8>(8).write_volatile(1) };
            false
        }
        Fault::Loop => loop {
            core::hint::spin_loop();
        },
        Fault::Sleep => {
            std::thread::sleep(std::time::Duration::from_secs(1));
            false
        }
        Fault::Garbage => true,
        Fault::Memory => loop {
            core::hint::black_box(Vec::<u8>::with_capacity(32 << 20).leak());
        },
        Fault::WrongSize => behind_the_back(Scribble::WrongSize),
        Fault::NotANumber => behind_the_back(Scribble::NotANumber),
        Fault::Stale => behind_the_back(Scribble::Stale),
    }
}

/// By whichever way this kind has; this call itself is answered as it should be.
fn behind_the_back(what: Scribble) -> bool {
    match cfg!(any(feature = "recorder", feature = "nat", feature = "ui")) {
        true => scribble::into_lines(what),
        false => scribble::over_memory(what),
    }
    false
}
