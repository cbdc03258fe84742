//! IMA ADPCM: four bits a sample, each the step to the next one. Source: IMA Digital Audio Focus and Technical
//! Working Groups, Recommended Practices 3.0 (1992).

/// Bytes of one channel in a packet of a CAF file, and samples in it.
const QT_PACKET: usize = 34;
const QT_SAMPLES: usize = 64;
/// Samples of one channel that stand together in a WAV block.
const WAV_GROUP: usize = 8;

pub(super) const INDEX: [i32; 8] = [-1, -1, -1, -1, 2, 4, 6, 8];
const LAST: i32 = 88;
pub(super) const STEPS: [i32; 89] = [
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66,
    73, 80, 88, 97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449,
    494, 544, 598, 658, 724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272,
    2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493,
    10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767,
];

/// Where one channel is.
#[derive(Debug, Clone, Copy)]
struct State {
    sample: i32,
    index: i32,
}

impl State {
    const fn new(sample: i16, index: i32) -> Self {
        let index = if index > LAST { LAST } else { index };
        Self {
            sample: sample as i32,
            index,
        }
    }

    /// The next sample. `code`: 0 to 15.
    fn next(&mut self, code: u8) -> i16 {
        let step = STEPS[self.index as usize];
        let mut by = step >> 3;
        for (bit, part) in [(4, step), (2, step >> 1), (1, step >> 2)] {
            if code & bit != 0 {
                by += part;
            }
        }
        let by = if code & 8 == 0 { by } else { -by };
        let full = i32::from(i16::MIN)..=i32::from(i16::MAX);
        self.sample = (self.sample + by).clamp(*full.start(), *full.end());
        self.index = (self.index + INDEX[usize::from(code & 7)]).clamp(0, LAST);
        self.sample as i16
    }
}

/// Blocks of a WAV file: four bytes of beginning for each channel, then groups of eight samples by turns.
pub(super) fn wav_blocks(data: &[u8], block: usize, channels: usize) -> Vec<i16> {
    let mut all = Vec::new();
    if block <= 4 * channels {
        return all;
    }
    for block in data.chunks(block) {
        let Some((head, rest)) = block.split_at_checked(4 * channels) else {
            break;
        };
        let mut states: Vec<State> = head
            .chunks_exact(4)
            .map(|head| State::new(i16::from_le_bytes([head[0], head[1]]), i32::from(head[2])))
            .collect();
        all.extend(states.iter().map(|state| state.sample as i16));
        for groups in rest.chunks_exact(4 * channels) {
            let begin = all.len();
            all.resize(begin + WAV_GROUP * channels, 0);
            for (channel, group) in groups.chunks_exact(4).enumerate() {
                let codes = group.iter().flat_map(|byte| [byte & 15, byte >> 4]);
                for (at, code) in codes.enumerate() {
                    all[begin + at * channels + channel] = states[channel].next(code);
                }
            }
        }
    }
    all
}

/// Packets of a CAF file: for each channel two bytes of beginning and 64 samples. The index is exact, the sample has its
/// upper nine bits only.
pub(super) fn qt_packets(data: &[u8], channels: usize) -> Vec<i16> {
    let mut all = Vec::new();
    for packets in data.chunks_exact(QT_PACKET * channels) {
        let begin = all.len();
        all.resize(begin + QT_SAMPLES * channels, 0);
        for (channel, packet) in packets.chunks_exact(QT_PACKET).enumerate() {
            let head = u16::from_be_bytes([packet[0], packet[1]]);
            let mut state = State::new((head & 0xff80) as i16, i32::from(head & 0x7f));
            let codes = packet[2..].iter().flat_map(|byte| [byte & 15, byte >> 4]);
            for (at, code) in codes.enumerate() {
                all[begin + at * channels + channel] = state.next(code);
            }
        }
    }
    all
}
