//! Whether an isolated plugin hangs, which is not the same as having had no turn at a processor.

use super::link::Link;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often media instances are looked at.
pub(super) const LOOK: Duration = Duration::from_millis(10);
/// Looks, all in time, at which a media instance that was asked had not moved though nothing kept it.
const STUCK: u32 = 3;
/// As long, for one whose process was kept from a processor meanwhile: then looks come late too.
const STUCK_FOR: Duration = Duration::from_millis(20);
/// What one thread must have run meanwhile for its process to have had its turn: twice what a call may take. The
/// system counts it when the thread is put off its processor, or by its own tick. Unit: ns.
const RAN: u64 = 2_000_000;
/// Looks in a row, all in time, that a process without a turn is forgiven: half a second. A call conceals that long
/// anyhow, and a new process would get no turn either.
const FORGIVEN: u32 = 50;

/// What was seen of one process' instances so far.
#[derive(Debug)]
pub(super) struct Stuck {
    /// `/proc/PID/task`.
    tasks: PathBuf,
    /// Instances that owe an answer: which, and how many answers they have given.
    owing: Vec<(usize, u32)>,
    /// Looks since one of these has moved.
    looks: Option<Looks>,
}

impl Stuck {
    pub(super) fn new(pid: u32) -> Self {
        Self {
            tasks: PathBuf::from(format!("/proc/{pid}/task")),
            owing: Vec::new(),
            looks: None,
        }
    }

    /// One more look: whether an instance that was asked has not moved for too long.
    pub(super) fn look(&mut self, links: &[Arc<Link>], in_time: bool) -> bool {
        let owes = |link: &Arc<Link>| {
            let (answered, sent) = link.progress()?;
            (answered != sent).then_some((Arc::as_ptr(link) as usize, answered))
        };
        let now: Vec<(usize, u32)> = links.iter().filter_map(owes).collect();
        let still = now.iter().any(|one| self.owing.contains(one));
        let owes = !now.is_empty();
        self.owing = now;
        let turn = owes.then(|| Turn::of(&self.tasks)).flatten();
        match &mut self.looks {
            Some(looks) if still => looks.add(turn, in_time, Instant::now()),
            looks => {
                *looks = owes.then(|| Looks::from(turn));
                false
            }
        }
    }
}

/// Looks at a process that owes the same answer all the while.
#[derive(Debug)]
struct Looks {
    idle: u32,
    ready: u32,
    /// Since it did not move for a whole look.
    since: Option<Instant>,
    /// What its threads had run when it was seen to owe it first.
    ran: BTreeMap<u32, u64>,
}

impl Looks {
    fn from(first: Option<Turn>) -> Self {
        Self {
            idle: 0,
            ready: 0,
            since: None,
            ran: first.map(|turn| turn.ran).unwrap_or_default(),
        }
    }

    /// Whether that was one too many. A look that came late itself says nothing of who sleeps: nothing may have
    /// woken it yet. What a thread has run says the same at any time.
    fn add(&mut self, turn: Option<Turn>, in_time: bool, now: Instant) -> bool {
        let Some(turn) = turn.filter(|turn| turn.ready) else {
            self.idle += u32::from(in_time);
            return self.idle >= STUCK;
        };
        self.ready += u32::from(in_time);
        let owed = now.duration_since(*self.since.get_or_insert(now));
        let ran = |(thread, ran): (&u32, &u64)| {
            ran.saturating_sub(self.ran.get(thread).copied().unwrap_or(0))
        };
        let had_its_turn = turn.ran.iter().map(ran).any(|ran| ran >= RAN);
        (owed >= STUCK_FOR && had_its_turn) || self.ready > FORGIVEN
    }
}

/// What the system gives a process to run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Turn {
    /// A thread of it wants to run, or does.
    ready: bool,
    /// By each of its threads so far. Unit: ns.
    ran: BTreeMap<u32, u64>,
}

impl Turn {
    /// Source: proc(5), `stat` (the letter behind the name) and `schedstat` (first number).
    fn of(tasks: &Path) -> Option<Self> {
        let (mut ready, mut ran) = (false, BTreeMap::new());
        for task in fs::read_dir(tasks).ok()? {
            let task = task.ok()?;
            let Some(number) = task.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let task = task.path();
            // A thread that has just ended says nothing.
            let stat = fs::read_to_string(task.join("stat")).unwrap_or_default();
            let state = stat.rsplit_once(") ").map(|(_, rest)| rest);
            ready |= state.is_some_and(|state| state.starts_with('R'));
            let times = fs::read_to_string(task.join("schedstat")).unwrap_or_default();
            let first = times.split(' ').next().and_then(|ns| ns.parse().ok());
            ran.insert(number, first.unwrap_or(0));
        }
        Some(Self { ready, ran })
    }
}

/// Threads of one process: one for each media instance and recording, and some for the plugin. No limit of the
/// system counts those of one process only.
const THREADS: usize = 1_024;

/// Whether a process has more threads than any plugin needs. Source: proc(5), `stat`, field 20.
pub(super) fn has_too_many_threads(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, which may hold anything, stands before; it is the second.
    let rest = stat.rsplit_once(") ").map(|(_, rest)| rest);
    let threads = rest.and_then(|rest| rest.split(' ').nth(20 - 3));
    let threads: Option<usize> = threads.and_then(|threads| threads.parse().ok());
    threads.is_some_and(|threads| threads > THREADS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command, Stdio};

    struct Running(Child);

    impl Drop for Running {
        fn drop(&mut self) {
            // One that is gone already needs no killing.
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// Of a shell that runs `script`, once `wanted`.
    fn turn(script: &str, wanted: impl Fn(&Turn) -> bool) -> Turn {
        let mut command = Command::new("sh");
        let child = command.args(["-c", script]).stdout(Stdio::null()).spawn();
        let child = Running(child.expect("there is a shell"));
        let tasks = Stuck::new(child.0.id()).tasks;
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let turn = Turn::of(&tasks).expect("it lives");
            if wanted(&turn) {
                return turn;
            }
            assert!(Instant::now() < until, "{turn:?}");
        }
    }

    /// How many looks it takes, all in time and 10 ms apart, or all late and 25 ms apart.
    fn looks_until_stuck(
        first: &Turn,
        in_time: bool,
        turns: impl IntoIterator<Item = Option<Turn>>,
    ) -> Option<usize> {
        let apart = Duration::from_millis(if in_time { 10 } else { 25 });
        let (mut looks, mut now) = (Looks::from(Some(first.clone())), Instant::now());
        let found = turns.into_iter().position(|turn| {
            now += apart;
            looks.add(turn, in_time, now)
        });
        found.map(|at| at + 1)
    }

    fn ran(turn: &Turn) -> u64 {
        turn.ran.values().sum()
    }

    #[test]
    fn who_sleeps_is_stuck_at_once_and_a_late_look_says_nothing_of_it() {
        let sleeps = turn("exec sleep 60", |turn| !turn.ready && ran(turn) > 0);
        let nine = || vec![Some(sleeps.clone()); 9];
        assert_eq!(looks_until_stuck(&sleeps, true, nine()), Some(3));
        assert_eq!(looks_until_stuck(&sleeps, true, vec![None; 9]), Some(3));
        assert_eq!(looks_until_stuck(&sleeps, false, nine()), None);
    }

    #[test]
    fn who_runs_on_is_stuck_and_who_gets_no_turn_is_not_for_half_a_second() {
        let loops = turn("while :; do :; done", |turn| turn.ready && ran(turn) > RAN);
        let after = |us: u64| {
            let mut turn = loops.clone();
            turn.ran.values_mut().for_each(|ran| *ran += us * 1_000);
            Some(turn)
        };
        let quick = || (1..9).map(|look| after(2_000 * look));
        assert_eq!(looks_until_stuck(&loops, true, quick()), Some(3));
        assert_eq!(looks_until_stuck(&loops, false, quick()), Some(2));
        let starved = || (1..90).map(|look| after(20 * look));
        assert_eq!(looks_until_stuck(&loops, true, starved()), Some(51));
        assert_eq!(looks_until_stuck(&loops, false, starved()), None);
    }

    /// Many calls of one plugin on a busy machine: each of its threads did a little, and one has not had its turn.
    #[test]
    fn what_other_threads_ran_is_no_turn_of_the_one_that_owes() {
        let busy = |us: u64| Turn {
            ready: true,
            ran: (1..=100).map(|thread| (thread, us * 1_000)).collect(),
        };
        let looks = (1..40).map(|look| Some(busy(40 * look)));
        assert_eq!(looks_until_stuck(&busy(0), true, looks), None);
    }
}
