//! What the system says of a program. Linux only.

use anyhow::{Context, Result};
use std::fs;
use std::time::Duration;

/// A look at one program.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    /// Resident memory. Unit: KiB.
    pub(crate) memory: f64,
    /// Open descriptors.
    pub(crate) descriptors: f64,
    /// Threads.
    pub(crate) threads: f64,
    /// Voluntary switches of all threads; after [`woken_since`](Self::woken_since) a second.
    pub(crate) wakes: f64,
}

impl Sample {
    /// Looks at process `id`.
    pub(crate) fn of(id: u32) -> Result<Self> {
        let folder = format!("/proc/{id}");
        let count = |name: &str| -> Result<f64> {
            let entries = fs::read_dir(format!("{folder}/{name}"));
            Ok(entries.context("a program has ended")?.count() as f64)
        };
        let mut wakes = 0.0;
        for task in fs::read_dir(format!("{folder}/task")).context("a program has ended")? {
            // A thread may end while it is looked at.
            let status = fs::read_to_string(task?.path().join("status")).unwrap_or_default();
            wakes += number(&status, "voluntary_ctxt_switches:").unwrap_or(0.0);
        }
        let status = fs::read_to_string(format!("{folder}/status"))?;
        Ok(Self {
            memory: number(&status, "VmRSS:").context("no VmRSS")?,
            descriptors: count("fd")?,
            threads: count("task")?,
            wakes,
        })
    }

    /// The same, its wake-ups as a rate since `before`. Unit: 1/s.
    pub(crate) fn woken_since(self, before: &Self, time: Duration) -> Self {
        Self {
            wakes: (self.wakes - before.wakes) / time.as_secs_f64(),
            ..self
        }
    }

    /// For a row.
    pub(crate) fn told(&self) -> String {
        format!(
            "{:>6} {:>3} {:>2} {:>5.0}",
            self.memory, self.descriptors, self.threads, self.wakes
        )
    }
}

/// The number behind `name` at the begin of a line.
fn number(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_seen() {
        let files: Vec<_> = (0..20)
            .map(|_| fs::File::open("/proc/self/status").unwrap())
            .collect();
        let with = Sample::of(std::process::id()).unwrap();
        drop(files);
        let without = Sample::of(std::process::id()).unwrap();
        assert!(with.memory > 500.0 && with.threads >= 1.0, "{with:?}");
        assert!(
            with.descriptors >= without.descriptors + 10.0,
            "{with:?} {without:?}"
        );
        assert_eq!(number("a: 1\nb:\t 7 kB\n", "b:"), Some(7.0));
    }
}
