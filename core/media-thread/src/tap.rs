//! What a leg says and hears, on its way to whoever records it.
//!
//! A tap copies into a ring and never waits: what finds no room is left out, and the numbers of the
//! blocks show how much that was. A ring holds 10 s, so that a disk may stand still that long.

use audio::{Block, Rate};
use rtrb::{Consumer, Producer, RingBuffer};

/// Blocks that a ring holds: 10 s. Source: reliability, Recording.
const HELD: usize = 1_000;
/// Words before the samples of a block, and all of a mark.
const HEAD: usize = 4;
/// Room that sound leaves for marks.
const MARKS: usize = 16 * HEAD;

const PAUSED: i16 = 3;
const RESUMED: i16 = 4;

/// The ends of a new ring with room for 10 s at up to `fastest`. Thread: \[control\].
pub fn tap(fastest: Rate) -> (TapSlot, Tapped) {
    let block = HEAD + 2 * fastest.block_samples();
    let (ring, out) = RingBuffer::new(HELD * block + MARKS);
    let tap = Tap {
        ring,
        number: 0,
        pauses: 0,
        is_paused: false,
    };
    (TapSlot(Some(tap)), Tapped { ring: out })
}

/// A leg's place for a tap.
#[derive(Debug, Default)]
pub struct TapSlot(Option<Tap>);

impl TapSlot {
    /// No tap: given to a leg it ends the recording.
    pub const EMPTY: Self = Self(None);
}

/// The leg's end. Dropping it ends the recording once the ring is empty.
#[derive(Debug)]
struct Tap {
    ring: Producer<i16>,
    /// Blocks since the beginning, pauses left out, those without room included.
    number: u32,
    pauses: u32,
    is_paused: bool,
}

impl TapSlot {
    /// Keeps 10 ms of both ways. Thread: \[media\]; never waits, never allocates.
    pub fn keep(&mut self, said: &Block, heard: &Block) {
        let Some(tap) = self.0.as_mut().filter(|tap| !tap.is_paused) else {
            return;
        };
        let number = tap.number;
        tap.number = number.wrapping_add(1);
        let samples = said.rate().block_samples();
        let length = HEAD + 2 * samples;
        if heard.rate() != said.rate() || tap.ring.slots() < length + MARKS {
            return;
        }
        let kind = match said.rate() {
            Rate::Hz8000 => 0,
            Rate::Hz16000 => 1,
            Rate::Hz48000 => 2,
        };
        let pairs = said.samples().iter().zip(heard.samples());
        let sound = pairs.flat_map(|(said, heard)| [*said, *heard]);
        tap.put(length, head(kind, number).into_iter().chain(sound));
    }

    /// Nothing is kept from now on, or everything again. Thread: \[media\].
    pub fn pause(&mut self, on: bool) {
        let Some(tap) = self.0.as_mut().filter(|tap| tap.is_paused != on) else {
            return;
        };
        tap.is_paused = on;
        tap.pauses = tap.pauses.wrapping_add(u32::from(on));
        let kind = if on { PAUSED } else { RESUMED };
        tap.put(HEAD, head(kind, tap.pauses).into_iter());
    }

    /// Blocks that never were: the thread was late. Thread: \[media\].
    pub fn skip(&mut self, blocks: u32) {
        if let Some(tap) = self.0.as_mut().filter(|tap| !tap.is_paused) {
            tap.number = tap.number.wrapping_add(blocks);
        }
    }
}

impl Tap {
    /// All words or none.
    fn put(&mut self, length: usize, words: impl Iterator<Item = i16>) {
        if let Ok(chunk) = self.ring.write_chunk_uninit(length) {
            chunk.fill_from_iter(words);
        }
    }
}

const fn head(kind: i16, number: u32) -> [i16; HEAD] {
    [kind, (number >> 16) as i16, number as i16, 0]
}

/// What comes out of a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// 10 ms of both ways, with its number; numbers that are left out found no room.
    Sound(u32),
    /// Nothing was kept from here on; how many pauses there were with this one.
    Paused(u32),
    /// It goes on.
    Resumed(u32),
}

/// The recorder's end of a ring. Thread: \[worker\].
#[derive(Debug)]
pub struct Tapped {
    ring: Consumer<i16>,
}

impl Tapped {
    /// Whether nothing comes any more, beyond what is in the ring. Asked before it is emptied.
    pub fn is_over(&self) -> bool {
        self.ring.is_abandoned()
    }

    /// What [`take`](Self::take) would give. Never waits.
    pub fn peek(&mut self) -> Option<Item> {
        let chunk = self.ring.read_chunk(HEAD).ok()?;
        let (first, second) = chunk.as_slices();
        let mut words = [0; HEAD];
        let all = first.iter().chain(second);
        words.iter_mut().zip(all).for_each(|(to, from)| *to = *from);
        Some(item(words))
    }

    /// The oldest item; of sound, both ways go into the blocks. Never waits.
    pub fn take(&mut self, said: &mut Block, heard: &mut Block) -> Option<Item> {
        let mut words = [0; HEAD];
        self.ring.pop_entire_slice(&mut words).ok()?;
        let item = item(words);
        if let Item::Sound(_) = item {
            let rate = match words[0] {
                0 => Rate::Hz8000,
                1 => Rate::Hz16000,
                _ => Rate::Hz48000,
            };
            said.clear(rate);
            heard.clear(rate);
            // An item is put in whole, so all of it is there.
            let chunk = self.ring.read_chunk(2 * rate.block_samples()).ok()?;
            let (first, second) = chunk.as_slices();
            let both = said.samples_mut().iter_mut().zip(heard.samples_mut());
            let places = both.flat_map(|(said, heard)| [said, heard]);
            let all = first.iter().chain(second);
            places.zip(all).for_each(|(to, from)| *to = *from);
            chunk.commit_all();
        }
        Some(item)
    }
}

const fn item(words: [i16; HEAD]) -> Item {
    let number = (words[1] as u16 as u32) << 16 | words[2] as u16 as u32;
    match words[0] {
        PAUSED => Item::Paused(number),
        RESUMED => Item::Resumed(number),
        _ => Item::Sound(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(rate: Rate, value: i16) -> Block {
        Block::from_samples(rate, &vec![value; rate.block_samples()])
    }

    fn take(tapped: &mut Tapped) -> Option<(Item, i16, i16)> {
        let (mut said, mut heard) = (Block::silence(Rate::Hz8000), Block::silence(Rate::Hz8000));
        assert_eq!(said.samples().len(), heard.samples().len());
        let item = tapped.take(&mut said, &mut heard)?;
        Some((item, said.samples()[0], heard.samples()[0]))
    }

    #[test]
    fn both_ways_come_out_in_order_and_a_pause_leaves_out_what_it_covers() {
        let (mut leg, mut tapped) = tap(Rate::Hz16000);
        leg.keep(&block(Rate::Hz8000, 1), &block(Rate::Hz8000, -1));
        leg.pause(true);
        leg.pause(true);
        leg.keep(&block(Rate::Hz8000, 2), &block(Rate::Hz8000, -2));
        leg.pause(false);
        // The codec changed meanwhile.
        leg.keep(&block(Rate::Hz16000, 3), &block(Rate::Hz16000, -3));
        assert_eq!(tapped.peek(), Some(Item::Sound(0)));
        assert_eq!(take(&mut tapped), Some((Item::Sound(0), 1, -1)));
        assert_eq!(take(&mut tapped), Some((Item::Paused(1), 0, 0)));
        assert_eq!(take(&mut tapped), Some((Item::Resumed(1), 0, 0)));
        assert_eq!(take(&mut tapped), Some((Item::Sound(1), 3, -3)));
        assert_eq!((take(&mut tapped), tapped.peek()), (None, None));
        assert!(!tapped.is_over());
        drop(leg);
        assert!(tapped.is_over());
    }

    #[test]
    fn a_full_ring_leaves_out_sound_and_never_a_mark() {
        let (mut leg, mut tapped) = tap(Rate::Hz8000);
        let sound = block(Rate::Hz8000, 5);
        for _ in 0..1_200 {
            leg.keep(&sound, &sound);
        }
        leg.pause(true);
        leg.pause(false);
        for number in 0..1_000 {
            assert_eq!(take(&mut tapped), Some((Item::Sound(number), 5, 5)));
        }
        assert_eq!(take(&mut tapped), Some((Item::Paused(1), 0, 0)));
        assert_eq!(take(&mut tapped), Some((Item::Resumed(1), 0, 0)));
        leg.keep(&sound, &sound);
        leg.skip(7);
        leg.keep(&sound, &sound);
        assert_eq!(take(&mut tapped), Some((Item::Sound(1_200), 5, 5)));
        assert_eq!(take(&mut tapped), Some((Item::Sound(1_208), 5, 5)));
    }

    #[test]
    fn without_a_recorder_nothing_happens() {
        let mut leg = TapSlot::EMPTY;
        leg.keep(&block(Rate::Hz8000, 1), &block(Rate::Hz8000, 1));
        leg.pause(true);
        leg.skip(1);
        assert!(leg.0.is_none());
    }
}
