//! Children, time limits, and what their ends mean.

use crate::report::{Outcome, Report, Verdict};
use crate::subject::{Stop, Subject};
use crate::{Check, LIST, os};
use plugin_host::Manifest;
use std::io::Read;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Begins the line in which a child says how it went; plugins print what they like around it.
const MARK: &str = "\u{1}offhook-check\u{1}";

/// Checks that decide whether any other can be asked.
const FIRST: [&str; 2] = ["M-01", "S-01"];

/// Runs every check that fits the kind of `file`, each in a child.
///
/// `command` makes the child for a check's code: a program that calls [`child`] with the same file, code and
/// seed. `only`: codes of the checks that are wanted, empty for all; what decides whether any other can be asked is
/// asked always.
pub fn check(file: &Path, seed: u64, only: &[String], command: impl Fn(&str) -> Command) -> Report {
    let manifest = Manifest::read(file).ok();
    let kind = manifest.as_ref().map(|m| m.kind.clone());
    let mut outcomes: Vec<Outcome> = Vec::new();
    let mut stopped = None;
    let wanted = |check: &&Check| {
        let named = only.is_empty() || FIRST.contains(&check.code);
        check.fits(kind.as_deref()) && (named || only.iter().any(|code| code == check.code))
    };
    for check in LIST.iter().filter(wanted) {
        let begun = Instant::now();
        let verdict = match stopped {
            Some(code) => Verdict::Skipped(format!("{code} failed")),
            None => ask(command(check.code), check),
        };
        if FIRST.contains(&check.code) && matches!(verdict, Verdict::Fail(_)) {
            stopped = Some(check.code);
        }
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        outcomes.push(Outcome { check, verdict, ms });
    }
    Report {
        file: file.to_owned(),
        plugin: manifest.map(|m| m.id),
        seed,
        outcomes,
    }
}

fn ask(mut command: Command, check: &Check) -> Verdict {
    // A group of its own, which ends whole.
    let child = command
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return Verdict::Fail(format!("the check could not be started: {error}")),
    };
    let out = child.stdout.take().map(reader);
    let err = child.stderr.take().map(reader);
    let end = Instant::now() + Duration::from_secs(check.limit_s);
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if Instant::now() >= end => break None,
            Ok(None) => std::thread::sleep(Duration::from_millis(2)),
            Err(_) => break None,
        }
    };
    // What it started ends with it; that all are gone already is as good.
    os::end_group(child.id());
    if status.is_none() {
        let _ = child.wait();
    }
    let text = |said: Option<Said>| said.map(Said::whole).unwrap_or_default();
    let (out, err) = (text(out), text(err));
    let said = out
        .rsplit_once(MARK)
        .map(|(_, said)| said.trim_end_matches('\n'));
    match (status, said.and_then(|said| said.split_once(' '))) {
        (None, _) => Verdict::Fail(format!("did not end within {} s", check.limit_s)),
        (Some(_), Some(("ok", _))) => Verdict::Ok,
        (Some(_), Some(("skip", why))) => Verdict::Skipped(why.to_owned()),
        (Some(_), Some((_, why))) => Verdict::Fail(why.to_owned()),
        (Some(status), None) => {
            let last = err.lines().rfind(|line| !line.trim().is_empty());
            let last = last.map(|line| format!("; last words: {line}"));
            let last = last.unwrap_or_default();
            Verdict::Fail(format!("the process ended: {}{last}", os::ending(status)))
        }
    }
}

/// How long is waited for the end of what a process said that is gone. Unit: time.
const REST: Duration = Duration::from_millis(500);

/// What a child says, while it says it; the end of it is kept.
struct Said {
    all: Arc<Mutex<Vec<u8>>>,
    /// Nothing is sent; it ends with the thread that reads.
    over: Receiver<()>,
}

impl Said {
    /// All of it, or what there is after a moment: a process that the plugin left behind may hold the pipe open.
    fn whole(self) -> String {
        let _ = self.over.recv_timeout(REST);
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&all).into_owned()
    }
}

/// Reads all there is, so that no child waits for us.
fn reader(mut from: impl Read + Send + 'static) -> Said {
    let all = Arc::new(Mutex::new(Vec::new()));
    let (reads, over) = channel::<()>();
    let kept = Arc::clone(&all);
    std::thread::spawn(move || {
        let _reads = reads;
        let mut block = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut block) {
            let mut all = kept.lock().unwrap_or_else(PoisonError::into_inner);
            all.extend_from_slice(block.get(..count).unwrap_or_default());
            let too_much = all.len().saturating_sub(256 << 10);
            all.drain(..too_much);
        }
    });
    Said { all, over }
}

/// The child's side: runs one check and says how it went on standard output. Does not return: the process
/// may hold threads of the plugin, or a filter that permits nothing else.
pub fn child(file: &Path, code: &str, seed: u64) -> ! {
    let Some(check) = LIST.iter().find(|check| check.code == code) else {
        os::end(&format!("{MARK}fail there is no check {code}\n"))
    };
    let subject = Subject::new(file, seed);
    os::remember(format!("{MARK}fail "));
    let line = match (check.run)(&subject) {
        Ok(()) => format!("{MARK}ok \n"),
        Err(Stop::Skip(why)) => format!("{MARK}skip {}\n", one_line(&why)),
        Err(Stop::Fail(why)) => format!("{MARK}fail {}\n", one_line(&why)),
    };
    os::end(&line)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
