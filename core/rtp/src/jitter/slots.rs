//! Where packets wait: in order of time, their payloads in fixed pieces of memory.

/// One piece of memory. A 20 ms G.711 payload fits one.
const PIECE: usize = 160;
/// The longest payload that is kept; a datagram's worth. Unit: bytes.
pub(super) const MAX_PAYLOAD: usize = 1_500;
/// End of a chain of pieces.
const NONE: u8 = u8::MAX;

/// A packet that waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// Unwrapped. Unit: ticks.
    pub(super) timestamp: i64,
    /// Unwrapped.
    pub(super) sequence: i64,
    pub(super) payload_type: u8,
    len: u16,
    first: u8,
}

/// Packets in order of timestamp. Bound: so many packets, so many pieces; allocated once.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    order: Vec<Slot>,
    max_packets: usize,
    memory: Box<[[u8; PIECE]]>,
    /// The piece after each piece, of a payload or of the free ones.
    next: Box<[u8]>,
    free: u8,
    free_count: usize,
    /// Where a payload of several pieces is put together.
    whole: Box<[u8]>,
}

/// Why a packet was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Duplicate,
    Full,
    TooLong,
}

impl Slots {
    pub(super) fn new(max_packets: usize, pieces: usize) -> Self {
        let pieces = pieces.clamp(10, usize::from(NONE));
        let next = (1..=pieces)
            .map(|n| if n == pieces { NONE } else { n as u8 })
            .collect();
        Self {
            order: Vec::with_capacity(max_packets),
            max_packets,
            memory: vec![[0; PIECE]; pieces].into(),
            next,
            free: 0,
            free_count: pieces,
            whole: vec![0; MAX_PAYLOAD].into(),
        }
    }

    pub(super) fn first(&self) -> Option<&Slot> {
        self.order.first()
    }

    pub(super) fn last(&self) -> Option<&Slot> {
        self.order.last()
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn clear(&mut self) {
        while self.drop_first() {}
    }

    pub(super) fn insert(
        &mut self,
        timestamp: i64,
        sequence: i64,
        payload_type: u8,
        payload: &[u8],
    ) -> Result<(), Refused> {
        if payload.len() > MAX_PAYLOAD {
            return Err(Refused::TooLong);
        }
        let before = |s: &Slot| s.timestamp < timestamp;
        let at = self.order.iter().rposition(before).map_or(0, |n| n + 1);
        let same = |s: &Slot| s.timestamp == timestamp;
        if self.order.get(at).is_some_and(same) {
            return Err(Refused::Duplicate);
        }
        let pieces = payload.len().div_ceil(PIECE);
        if self.order.len() == self.max_packets || pieces > self.free_count {
            return Err(Refused::Full);
        }
        let slot = Slot {
            timestamp,
            sequence,
            payload_type,
            len: payload.len() as u16,
            first: self.store(payload),
        };
        self.order.insert(at, slot);
        Ok(())
    }

    /// Takes the first packet out. Its payload stays readable until the next change.
    pub(super) fn take_first(&mut self) -> Option<(Slot, &[u8])> {
        let slot = *self.order.first()?;
        self.order.remove(0);
        let len = usize::from(slot.len);
        if slot.first == NONE {
            return Some((slot, &[]));
        }
        let only = usize::from(slot.first);
        if len > PIECE {
            self.collect(slot.first, len);
        }
        self.release(slot.first);
        let payload = if len > PIECE {
            &self.whole[..len]
        } else {
            &self.memory[only][..len]
        };
        Some((slot, payload))
    }

    /// The payload of the first packet, which stays. Readable until the next change.
    pub(super) fn first_payload(&mut self) -> &[u8] {
        let Some(&Slot { len, first, .. }) = self.order.first() else {
            return &[];
        };
        let len = usize::from(len);
        if len > PIECE {
            self.collect(first, len);
            return &self.whole[..len];
        }
        match first {
            NONE => &[],
            only => &self.memory[usize::from(only)][..len],
        }
    }

    pub(super) fn drop_first(&mut self) -> bool {
        if self.order.is_empty() {
            return false;
        }
        let slot = self.order.remove(0);
        self.release(slot.first);
        true
    }

    fn store(&mut self, payload: &[u8]) -> u8 {
        let first = if payload.is_empty() { NONE } else { self.free };
        let mut last = NONE;
        for piece in payload.chunks(PIECE) {
            let at = self.free;
            self.memory[usize::from(at)][..piece.len()].copy_from_slice(piece);
            self.free = self.next[usize::from(at)];
            self.free_count -= 1;
            last = at;
        }
        if last != NONE {
            self.next[usize::from(last)] = NONE;
        }
        first
    }

    fn collect(&mut self, first: u8, len: usize) {
        let mut piece = first;
        for to in self.whole[..len].chunks_mut(PIECE) {
            to.copy_from_slice(&self.memory[usize::from(piece)][..to.len()]);
            piece = self.next[usize::from(piece)];
        }
    }

    fn release(&mut self, first: u8) {
        let mut piece = first;
        while piece != NONE {
            let next = self.next[usize::from(piece)];
            self.next[usize::from(piece)] = self.free;
            self.free = piece;
            self.free_count += 1;
            piece = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_of_every_size_come_back_in_order_and_memory_is_not_lost() {
        let mut slots = Slots::new(20, 40);
        for round in 0..500_i64 {
            let payload: Vec<u8> = (0..1_500).map(|n| (n as i64 + round) as u8).collect();
            let sizes = [0, 1, 160, 161, 1_500];
            for (n, size) in sizes.into_iter().enumerate().rev() {
                slots
                    .insert(round + n as i64, 7, 0, &payload[..size])
                    .unwrap();
            }
            assert_eq!(
                slots.insert(round, 9, 0, &payload[..3]),
                Err(Refused::Duplicate)
            );
            for size in sizes {
                assert_eq!(slots.first_payload(), &payload[..size]);
                let (_, kept) = slots.take_first().unwrap();
                assert_eq!(kept, &payload[..size]);
            }
            assert!(slots.take_first().is_none());
        }
        assert_eq!(slots.free_count, 40);
    }

    #[test]
    fn both_bounds_hold() {
        let mut slots = Slots::new(3, 12);
        assert_eq!(slots.insert(0, 0, 0, &[0; 1_501]), Err(Refused::TooLong));
        slots.insert(0, 0, 0, &[0; 1_500]).unwrap();
        assert_eq!(slots.insert(1, 1, 0, &[0; 400]), Err(Refused::Full));
        slots.insert(1, 1, 0, &[0; 10]).unwrap();
        slots.insert(2, 2, 0, &[]).unwrap();
        assert_eq!(slots.insert(3, 3, 0, &[]), Err(Refused::Full));
        slots.clear();
        assert_eq!((slots.len(), slots.free_count), (0, 12));
    }
}
