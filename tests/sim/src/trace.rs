//! The hash of everything that happened.

use base::Instant;

/// A running hash, and on demand the lines that went into it. Two runs with the same seed have the
/// same hash; where they differ, the lines say from when on.
#[derive(Debug, Clone)]
pub struct Trace {
    hash: u64,
    count: u64,
    lines: Option<Vec<String>>,
}

impl Trace {
    pub(crate) fn new() -> Self {
        Self {
            hash: FNV_START,
            count: 0,
            lines: None,
        }
    }

    /// From now on keeps a line for each thing that happens.
    pub fn keep_lines(&mut self) {
        self.lines.get_or_insert_default();
    }

    /// The lines kept, each with its time in µs.
    pub fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }

    /// The hash over all that happened so far.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// How many things happened so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Takes something that happened at `now` into the hash.
    pub(crate) fn record(&mut self, text: &str, bytes: &[u8], now: Instant) {
        self.count += 1;
        self.hash = mix(self.hash, now.as_nanos());
        self.hash = mix_bytes(self.hash, text.as_bytes());
        self.hash = mix_bytes(self.hash, bytes);
        if let Some(lines) = &mut self.lines {
            let micros = now.as_nanos() / 1000;
            lines.push(format!("{micros:>12} {text} ({} bytes)", bytes.len()));
        }
    }
}

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a over the bytes of `number`: good enough to tell runs apart, the same on every machine.
pub(crate) fn mix(hash: u64, number: u64) -> u64 {
    mix_bytes(hash, &number.to_le_bytes())
}

fn mix_bytes(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
