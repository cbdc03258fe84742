//! What a plugin's process writes on standard error: into the engine's log, line by line. Lines that the plugin gave
//! the log service come here too, with their level.
//!
//! It has a pipe of its own. On the engine's own standard error it could paint a terminal, and change how that is
//! written to by everybody.

use crate::services::{leveled, tell};
use std::io::{self, BufRead as _, BufReader, Read};
use std::time::{Duration, Instant};

/// Longest line that is shown, the rest of it is the next one. Unit: bytes.
const LONGEST: u64 = 1_100;
/// Lines of one process that are shown in so long; what comes then is read, so that nobody waits, and thrown away.
const LINES: (u32, Duration) = (100, Duration::from_secs(5));

/// Reads it in a thread that ends with the process.
pub(super) fn listen(plugin: &str, from: Option<impl Read + Send + 'static>) -> io::Result<()> {
    let Some(from) = from else {
        return Ok(());
    };
    let plugin = plugin.to_owned();
    let thread = std::thread::Builder::new().name("plugin-said".into());
    let thread = thread.stack_size(256 << 10);
    let body = move || {
        each_line(from, LINES, |said| match leveled(said) {
            Some((level, line)) => tell(&plugin, level, line),
            None => tracing::info!(plugin, said, "isolated plugin wrote on standard error"),
        });
    };
    thread.spawn(body).map(drop)
}

/// Tells the first `most` lines of each `span`, without what a terminal would obey, and how many were left out.
fn each_line(from: impl Read, (most, span): (u32, Duration), mut tell: impl FnMut(&str)) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    let (mut told, mut left_out, mut since) = (0, 0_u64, Instant::now());
    let mut more = |line: &mut Vec<u8>| {
        line.clear();
        let read = (&mut from).take(LONGEST).read_until(b'\n', line);
        read.is_ok_and(|bytes| bytes > 0)
    };
    while more(&mut line) {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if text.is_empty() {
            continue;
        }
        if since.elapsed() >= span {
            (told, since) = (0, Instant::now());
        }
        if told == most {
            left_out += 1;
            continue;
        }
        if left_out > 0 {
            tell(&left(left_out));
            left_out = 0;
        }
        told += 1;
        tell(&text.escape_debug().to_string());
    }
    if left_out > 0 {
        tell(&left(left_out));
    }
}

fn left(lines: u64) -> String {
    format!("{lines} lines were left out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_escaped_cut_and_not_without_end() {
        let mut wrote = b"one\n\n\x1b[2Jtwo\xff\n".to_vec();
        wrote.extend([b'x'; 1_200]);
        wrote.extend(b"\nover\n".repeat(1_000));
        let mut told = Vec::new();
        let most = (5, Duration::from_secs(3_600));
        each_line(wrote.as_slice(), most, |said| told.push(said.to_owned()));
        assert_eq!(told[..2], ["one", "\\u{1b}[2Jtwo\u{fffd}"]);
        assert_eq!([told[2].len(), told[3].len()], [1_100, 100]);
        assert_eq!(told[4..], ["over", "999 lines were left out"]);
    }

    #[test]
    fn after_a_while_lines_are_told_again_with_how_many_were_not() {
        let mut told = Vec::new();
        let wrote = b"one\ntwo\nthree\n".chain(Slowly(b"four\n"));
        each_line(wrote, (1, Duration::from_millis(30)), |said| {
            told.push(said.to_owned());
        });
        assert_eq!(told, ["one", "2 lines were left out", "four"]);
    }

    /// Says it a while later.
    struct Slowly(&'static [u8]);

    impl Read for Slowly {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            std::thread::sleep(Duration::from_millis(60));
            self.0.read(room)
        }
    }
}
