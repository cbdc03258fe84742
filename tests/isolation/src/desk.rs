//! A device in this process whose microphone says what the test wants, for calls that a plugin is struck in.

/// What it says unless told otherwise, in all samples.
pub const LOUD: i16 = 8_000;

/// Samples of 10 ms.
pub const BLOCK: usize = 80;

mod device {
    use super::{BLOCK, LOUD};
    use plugin::{Audio, AudioCounters, Captured, Refusal, Status};
    use std::cell::Cell;

    thread_local! {
        // Each call of a test has its thread, on which it asks for sound.
        static NEXT: Cell<[i16; BLOCK]> = const { Cell::new([LOUD; BLOCK]) };
    }

    /// The next 10 ms of this thread's microphone.
    pub fn say(block: [i16; BLOCK]) {
        NEXT.set(block);
    }

    pub(super) struct Desk;

    impl Audio for Desk {
        fn enumerate() -> Result<String, Refusal> {
            Ok("[]".into())
        }

        fn open(_request: &str) -> Result<Self, Refusal> {
            Ok(Self)
        }

        fn capture(&mut self, pcm: &mut [i16], _now_ns: u64) -> Result<Captured, Status> {
            let block = NEXT.replace([LOUD; BLOCK]);
            pcm.iter_mut().zip(block).for_each(|(to, from)| *to = from);
            Ok(Captured {
                samples: pcm.len(),
                ended: false,
            })
        }

        fn playback(&mut self, _pcm: &[i16], _now_ns: u64) -> Result<(), Status> {
            Ok(())
        }

        fn counters(&self) -> AudioCounters {
            AudioCounters::default()
        }
    }

    plugin::export_audio!(Desk, id = "desk", name = "Desk");
}

pub use device::{ENTRY, say};
