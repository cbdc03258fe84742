//! How an input is changed.

use base::Rng;

/// Numbers that stand at edges.
const EDGES: [&str; 14] = [
    "-1",
    "0",
    "1",
    "9",
    "70",
    "255",
    "256",
    "65535",
    "65536",
    "2147483647",
    "4294967295",
    "4294967296",
    "18446744073709551616",
    "00000000000000000000000000001",
];

/// Bytes that end, open or escape something in one of the formats.
const SHARP: &[u8] = b"\0\t\n\r \"%'(),-/:;<=>?@[\\]{|}\x7f\x80\xff";

/// A changed copy of `input`. `others`: inputs to take pieces from; `words`: of the format.
pub fn change(
    input: &[u8],
    others: &[Vec<u8>],
    words: &[&str],
    most: usize,
    rng: &mut Rng,
) -> Vec<u8> {
    let mut bytes = input.to_vec();
    // Mostly one change, at times many.
    let changes = 1 + rng.below(4) * rng.below(3);
    for _ in 0..changes {
        once(&mut bytes, others, words, rng);
    }
    bytes.truncate(most);
    bytes
}

fn once(bytes: &mut Vec<u8>, others: &[Vec<u8>], words: &[&str], rng: &mut Rng) {
    let at = place(bytes.len() + 1, rng);
    match rng.below(12) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << rng.below(8);
            }
        }
        1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = rng.number() as u8;
            }
        }
        2 => bytes.insert(at, SHARP[place(SHARP.len(), rng)]),
        3 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = SHARP[place(SHARP.len(), rng)];
            }
        }
        4 => {
            let end = end(at, bytes.len(), rng);
            bytes.drain(at.min(end)..end);
        }
        5 => bytes.truncate(at),
        6 => {
            let piece = bytes[at..end(at, bytes.len(), rng)].to_vec();
            let times = 1 + rng.below(4) * rng.below(64);
            let to = place(bytes.len() + 1, rng);
            for _ in 0..times.min(65_536 / (piece.len() as u64 + 1)) {
                bytes.splice(to..to, piece.iter().copied());
            }
        }
        7 | 8 => {
            if let Some(word) = words.get(place(words.len().max(1), rng)) {
                let end = if rng.below(2) == 0 {
                    at
                } else {
                    end(at, bytes.len(), rng)
                };
                bytes.splice(at..end.max(at), word.bytes());
            }
        }
        9 => number(bytes, at, rng),
        _ => {
            let Some(other) = others.get(place(others.len().max(1), rng)) else {
                return;
            };
            let from = place(other.len() + 1, rng);
            let piece = &other[from..end(from, other.len(), rng).max(from)];
            let end = if rng.below(2) == 0 {
                at
            } else {
                end(at, bytes.len(), rng)
            };
            bytes.splice(at..end.max(at), piece.iter().copied());
        }
    }
}

/// The decimal number at or after `at` becomes one that stands at an edge.
fn number(bytes: &mut Vec<u8>, at: usize, rng: &mut Rng) {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let Some(from) = bytes[at..].iter().position(is_digit).map(|n| at + n) else {
        return;
    };
    let length = bytes[from..].iter().take_while(|b| is_digit(b)).count();
    let edge = EDGES[place(EDGES.len(), rng)];
    bytes.splice(from..from + length, edge.bytes());
}

fn place(below: usize, rng: &mut Rng) -> usize {
    rng.below(below as u64) as usize
}

/// The end of a piece from `at`: mostly short.
fn end(at: usize, length: usize, rng: &mut Rng) -> usize {
    let most = if rng.below(4) == 0 { length } else { 12 };
    (at + place(most + 1, rng)).min(length)
}
