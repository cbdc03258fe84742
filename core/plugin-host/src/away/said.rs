//! What a plugin's process writes on standard error: into the engine's log, line by line.
//!
//! It has a pipe of its own. On the engine's own standard error it could paint a terminal, and change how that is
//! written to by everybody.

use std::io::{self, BufRead as _, BufReader, Read};

/// Longest line that is shown, the rest of it is the next one. Unit: bytes.
const LONGEST: u64 = 512;
/// Lines of one process that are shown; what comes then is read, so that nobody waits, and thrown away.
const LINES: u32 = 100;

/// Reads it in a thread that ends with the process.
pub(super) fn listen(plugin: &str, from: Option<impl Read + Send + 'static>) -> io::Result<()> {
    let Some(from) = from else {
        return Ok(());
    };
    let plugin = plugin.to_owned();
    let thread = std::thread::Builder::new().name("plugin-said".into());
    let thread = thread.stack_size(256 << 10);
    let body = move || {
        each_line(from, LINES, |said| {
            tracing::info!(plugin, said, "isolated plugin wrote on standard error");
        });
    };
    thread.spawn(body).map(drop)
}

/// Tells the first `most` lines, without what a terminal would obey.
fn each_line(from: impl Read, most: u32, mut tell: impl FnMut(&str)) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    let mut told = 0;
    loop {
        line.clear();
        match (&mut from).take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if told < most && !text.is_empty() {
            told += 1;
            tell(&text.escape_debug().to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_escaped_cut_and_not_without_end() {
        let mut wrote = b"one\n\n\x1b[2Jtwo\xff\n".to_vec();
        wrote.extend([b'x'; 600]);
        wrote.extend(b"\nover\n".repeat(1_000));
        let mut told = Vec::new();
        each_line(wrote.as_slice(), 5, |said| told.push(said.to_owned()));
        assert_eq!(told[..2], ["one", "\\u{1b}[2Jtwo\u{fffd}"]);
        assert_eq!([told[2].len(), told[3].len()], [512, 88]);
        assert_eq!(told[4..], ["over"]);
    }
}
