//! Whether an isolated plugin hangs, which is not the same as having had no turn at a processor.

use super::link::Link;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How often media instances are looked at.
pub(super) const LOOK: Duration = Duration::from_millis(10);
/// Looks, all in time, at which a media instance that was asked had not moved though nothing kept it.
const STUCK: u32 = 3;
/// What a process must have run meanwhile to have had its turn. The system counts it by its own tick, which is
/// 10 ms at most. Unit: ns.
const RAN: u64 = 5_000_000;
/// Looks in a row that a process without a turn is forgiven: half a second. A call conceals that long
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
    looks: Looks,
}

impl Stuck {
    pub(super) fn new(pid: u32) -> Self {
        Self {
            tasks: PathBuf::from(format!("/proc/{pid}/task")),
            owing: Vec::new(),
            looks: Looks::default(),
        }
    }

    /// One more look: whether an instance that was asked has not moved for too long.
    pub(super) fn look(&mut self, links: &[Arc<Link>]) -> bool {
        let owes = |link: &Arc<Link>| {
            let (answered, sent) = link.progress()?;
            (answered != sent).then_some((Arc::as_ptr(link) as usize, answered))
        };
        let now: Vec<(usize, u32)> = links.iter().filter_map(owes).collect();
        let still = now.iter().any(|one| self.owing.contains(one));
        self.owing = now;
        if !still {
            self.looks = Looks::default();
            return false;
        }
        self.looks.add(Turn::of(&self.tasks))
    }
}

/// Looks at a process that owes the same answer all the while.
#[derive(Debug, Default)]
struct Looks {
    idle: u32,
    ready: u32,
    /// What it had run at the first.
    ran: Option<u64>,
}

impl Looks {
    /// Whether that was one too many.
    fn add(&mut self, turn: Option<Turn>) -> bool {
        match turn {
            Some(turn) if turn.ready => {
                self.ready += 1;
                let since = *self.ran.get_or_insert(turn.ran);
                let had_its_turn = turn.ran.saturating_sub(since) >= RAN;
                (self.ready >= STUCK && had_its_turn) || self.ready > FORGIVEN
            }
            Some(_) | None => {
                self.idle += 1;
                self.idle >= STUCK
            }
        }
    }
}

/// What the system gives a process to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Turn {
    /// A thread of it wants to run, or does.
    ready: bool,
    /// By all its threads so far. Unit: ns.
    ran: u64,
}

impl Turn {
    /// Source: proc(5), `stat` (the letter behind the name) and `schedstat` (first number).
    fn of(tasks: &Path) -> Option<Self> {
        let (mut ready, mut ran) = (false, 0);
        for task in fs::read_dir(tasks).ok()? {
            let task = task.ok()?.path();
            // A thread that has just ended says nothing.
            let stat = fs::read_to_string(task.join("stat")).unwrap_or_default();
            let state = stat.rsplit_once(") ").map(|(_, rest)| rest);
            ready |= state.is_some_and(|state| state.starts_with('R'));
            let times = fs::read_to_string(task.join("schedstat")).unwrap_or_default();
            let first = times.split(' ').next().and_then(|ns| ns.parse().ok());
            ran += first.unwrap_or(0);
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
    use std::time::Instant;

    struct Running(Child);

    impl Drop for Running {
        fn drop(&mut self) {
            // One that is gone already needs no killing.
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// Of a shell that runs `script`, once `wanted`.
    fn turn(script: &str, wanted: impl Fn(Turn) -> bool) -> Turn {
        let mut command = Command::new("sh");
        let child = command.args(["-c", script]).stdout(Stdio::null()).spawn();
        let child = Running(child.expect("there is a shell"));
        let tasks = Stuck::new(child.0.id()).tasks;
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let turn = Turn::of(&tasks).expect("it lives");
            if wanted(turn) {
                return turn;
            }
            assert!(Instant::now() < until, "{turn:?}");
        }
    }

    fn looks_until_stuck(turns: impl IntoIterator<Item = Option<Turn>>) -> Option<usize> {
        let mut looks = Looks::default();
        let found = turns.into_iter().position(|turn| looks.add(turn));
        found.map(|at| at + 1)
    }

    #[test]
    fn who_sleeps_is_stuck_at_once() {
        let sleeps = turn("exec sleep 60", |turn| !turn.ready && turn.ran > 0);
        assert_eq!(looks_until_stuck([Some(sleeps); 9]), Some(3));
        assert_eq!(looks_until_stuck([None; 9]), Some(3));
    }

    #[test]
    fn who_runs_on_is_stuck_and_who_gets_no_turn_is_not_for_half_a_second() {
        let loops = turn("while :; do :; done", |turn| turn.ready && turn.ran > RAN);
        let after = |ms: u64| {
            Some(Turn {
                ran: loops.ran + ms * 1_000_000,
                ..loops
            })
        };
        assert_eq!(
            looks_until_stuck((0..9).map(|look| after(10 * look))),
            Some(3)
        );
        assert_eq!(
            looks_until_stuck((0..90).map(|look| after(look / 30))),
            Some(51)
        );
    }
}
