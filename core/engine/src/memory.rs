//! Gives the memory of a peak back to the system once everything that the peak left is over.

use crate::network::Network;
use base::Duration;
use std::hint::black_box;
use std::rc::Rc;

/// How often the traffic is looked at. Unit: time.
const LOOK: Duration = Duration::from_secs(10);
/// So much between two looks is a peak. Unit: words of the sockets.
const PEAK: u64 = 1_000;
/// Looks without a peak until memory is given back. The last transaction of a peak ends 32 s after
/// it (RFC 3261 §17.2.2, 64*T1); until then its memory is still in use.
const CALM: u32 = 4;

/// What one look makes of the traffic.
#[derive(Debug, Default)]
struct Watch {
    /// The count at the last look.
    before: u64,
    /// Looks since a peak whose memory was not given back yet.
    calm: Option<u32>,
}

impl Watch {
    /// Whether memory is to be given back now. `told` is the count of everything so far.
    fn look(&mut self, told: u64) -> bool {
        let since = told.wrapping_sub(self.before);
        self.before = told;
        self.calm = match self.calm {
            _ if since >= PEAK => Some(0),
            Some(looks) if looks + 1 >= CALM => {
                self.calm = None;
                return true;
            }
            Some(looks) => Some(looks + 1),
            None => None,
        };
        false
    }
}

/// Takes away the pieces that the allocator keeps at hand for this thread.
///
/// The GNU allocator keeps the last 7 freed pieces of each size up to 1 kB for each thread, and each
/// of them holds a page of the peak (1.8 MB measured). They are taken and freed by a thread that
/// ends, of which nothing is kept. Blocks for as long as that takes, about 0.1 ms.
fn empty_hands() {
    const SIZES: usize = 64;
    const STEP: usize = 16;
    const KEPT: usize = 7;
    let mut pieces: Vec<Vec<u8>> = Vec::with_capacity(SIZES * KEPT);
    for size in (1..=SIZES).map(|n| n * STEP + STEP / 2) {
        pieces.extend((0..KEPT).map(|_| black_box(Vec::with_capacity(size))));
    }
    let thread = std::thread::Builder::new().name("memory".to_owned());
    if let Ok(thread) = thread.spawn(move || drop(black_box(pieces))) {
        // It has nothing to say.
        let _ = thread.join();
    }
}

/// Runs until the engine ends.
pub(crate) async fn give_back_after_peaks(network: Rc<Network>) {
    let mut watch = Watch::default();
    loop {
        tokio::time::sleep(LOOK).await;
        if watch.look(network.told()) {
            empty_hands();
            net::give_memory_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_back_once_forty_seconds_after_a_peak() {
        let mut watch = Watch::default();
        let told = [0, 5, 5_000, 9_000, 9_001, 9_002, 9_002, 9_500, 9_600, 9_700];
        let given: Vec<bool> = told.iter().map(|&told| watch.look(told)).collect();
        let expected = [
            false, false, false, false, false, false, false, true, false, false,
        ];
        assert_eq!(given, expected);
    }

    #[test]
    fn a_peak_that_comes_back_starts_the_wait_anew() {
        let mut watch = Watch::default();
        let given = [
            2_000, 2_000, 2_000, 2_000, 4_000, 4_000, 4_000, 4_000, 4_000,
        ]
        .map(|told| watch.look(told));
        assert_eq!(given.iter().position(|&given| given), Some(8));
    }
}
