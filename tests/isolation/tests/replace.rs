//! A codec of another process takes the place of one in a call, and is rolled back when that process dies.
#![allow(clippy::unwrap_used)]

use base::Hertz;
use media_thread::{Replaced, WentWrong};
use offhook_isolation::{Call, catalogue, faulty, program};
use plugin_host::{Catalogue, CodecInstance};
use rustix::process::{Pid, Signal, kill_process};
use std::time::{Duration, Instant};

const VOICE: [u8; 160] = [0x40; 160];
/// Ticks of each stretch of the call. Unit: 10 ms.
const STRETCH: u64 = 20;
const REPLACEMENTS: u64 = 12;
/// So late a tick says nothing of plugins: the machine was busy with something else.
const LATE: Duration = Duration::from_millis(4);
const TRIES: usize = 5;

struct Builds([Catalogue; 2]);

impl Builds {
    fn open(&self, n: u64) -> CodecInstance {
        let faulty = self.0[n as usize % 2].codec("X-FAULTY", Hertz(8000));
        faulty.unwrap().open("", "").unwrap()
    }

    fn kill(&self, n: u64) {
        let pid = self.0[n as usize % 2].process_of("mock-faulty-codec");
        let pid = pid.and_then(|pid| Pid::from_raw(pid as i32));
        kill_process(pid.expect("its process runs"), Signal::KILL).unwrap();
    }
}

/// What was sent and what became of the replacements, unless the machine was too busy to say.
type Seen = Option<(Vec<(u64, u16, Vec<u8>)>, Vec<Replaced>)>;

/// A call in which a build takes the other's place after each stretch; the process of the last one is killed
/// while it is watched.
fn one(builds: &Builds) -> Seen {
    let mut call = Call::new(builds.open(0));
    let began = Instant::now();
    let mut is_spoiled = false;
    for n in 0..(REPLACEMENTS + 2) * STRETCH {
        let due = began + Duration::from_millis(10) * n as u32;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        is_spoiled |= due.elapsed() > LATE;
        let stretch = n / STRETCH;
        let is_last = stretch == REPLACEMENTS;
        // Also in the middle of a frame.
        if n % STRETCH == stretch % 2 && (1..=REPLACEMENTS).contains(&stretch) {
            call.replace(builds.open(stretch), if is_last { 1_000 } else { 50 });
        }
        if is_last && n % STRETCH == 10 {
            builds.kill(stretch);
        }
        call.tick(&VOICE);
    }
    let became = call.became();
    (!is_spoiled).then(|| (call.sent(), became))
}

#[test]
fn audio_timing_isolated_codecs_change_places_in_a_call_and_a_killed_one_is_rolled_back() {
    let (program, library) = (program(), faulty("codec"));
    let mut tries = (0..TRIES).map(|_| {
        let builds = || catalogue(&program, &library);
        one(&Builds([builds(), builds()]))
    });
    let Some((sent, became)) = tries.find_map(|seen| seen) else {
        eprintln!("SKIPPED: the machine was late in each of {TRIES} calls, so none says anything");
        return;
    };
    let (last, before) = became.split_last().unwrap();
    assert_eq!(before, [Replaced::Kept; REPLACEMENTS as usize - 1]);
    assert_eq!(*last, Replaced::RolledBack(WentWrong::Panicked));
    for pair in sent.windows(2) {
        assert_eq!(pair[1].1, pair[0].1.wrapping_add(1));
    }
    let packets = (REPLACEMENTS + 2) * STRETCH / 2;
    assert!(
        sent.len() as u64 >= packets - 1,
        "{} of {packets}",
        sent.len()
    );
    // The first are of what was heard before the peer spoke.
    let voiced = sent[5..]
        .iter()
        .filter(|(_, _, payload)| payload.contains(&0x40));
    println!("{} packets, {:?}", sent.len(), became);
    assert_eq!(voiced.count(), sent.len() - 5, "no frame without the voice");
}
