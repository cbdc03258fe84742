use super::ima::{INDEX, STEPS};
use super::*;
use crate::measure::line;

/// A sine of this frequency, `ms` long. Amplitude 8000.
fn sine(rate_hz: u32, hertz: f64, ms: u32) -> Vec<i16> {
    let step = core::f64::consts::TAU * hertz / f64::from(rate_hz);
    let count = rate_hz / 1_000 * ms;
    (0..count)
        .map(|n| (8_000.0 * (step * f64::from(n)).sin()) as i16)
        .collect()
}

/// Two channels of one: the second is silent.
fn beside_silence(samples: &[i16]) -> Vec<i16> {
    samples.iter().flat_map(|&sample| [sample, 0]).collect()
}

struct Writer {
    sample: i32,
    index: i32,
}

impl Writer {
    /// The code of the next sample: what is nearest, bit after bit.
    fn code(&mut self, wanted: i16) -> u8 {
        let step = STEPS[self.index as usize];
        let apart = i32::from(wanted) - self.sample;
        let mut code = if apart < 0 { 8 } else { 0 };
        let (mut left, mut by) = (apart.abs(), step >> 3);
        for (bit, part) in [(4, step), (2, step >> 1), (1, step >> 2)] {
            if left >= part {
                code |= bit;
                left -= part;
                by += part;
            }
        }
        let by = if code & 8 == 0 { by } else { -by };
        self.sample = (self.sample + by).clamp(-32_768, 32_767);
        self.index = (self.index + INDEX[usize::from(code & 7)]).clamp(0, 88);
        code
    }
}

fn wav(format: u16, bits: u16, (rate, channels, block): (u32, u16, u16), data: &[u8]) -> Vec<u8> {
    let mut all = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt ".to_vec();
    all.extend(16_u32.to_le_bytes());
    for word in [format, channels] {
        all.extend(word.to_le_bytes());
    }
    all.extend(rate.to_le_bytes());
    all.extend([0; 4]);
    for word in [block, bits] {
        all.extend(word.to_le_bytes());
    }
    all.extend(b"data");
    all.extend((data.len() as u32).to_le_bytes());
    all.extend(data);
    all
}

fn caf(
    coding: &[u8; 4],
    flags: u32,
    (rate, channels, bits): (u32, u32, u32),
    data: &[u8],
) -> Vec<u8> {
    let mut all = b"caff\0\x01\0\0desc".to_vec();
    all.extend(32_i64.to_be_bytes());
    all.extend(f64::from(rate).to_be_bytes());
    all.extend(coding);
    for word in [flags, 0, 0, channels, bits] {
        all.extend(word.to_be_bytes());
    }
    all.extend(b"free");
    all.extend(3_i64.to_be_bytes());
    all.extend([0; 3]);
    all.extend(b"data");
    all.extend((-1_i64).to_be_bytes());
    all.extend([0; 4]);
    all.extend(data);
    all
}

fn le(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_le_bytes()).collect()
}

fn be(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_be_bytes()).collect()
}

/// IMA blocks of a WAV file with 505 samples each.
fn ima_wav(samples: &[i16], channels: usize) -> Vec<u8> {
    let mut all = Vec::new();
    let mut writers: Vec<Writer> = (0..channels)
        .map(|_| Writer {
            sample: 0,
            index: 0,
        })
        .collect();
    for block in samples.chunks_exact(505 * channels) {
        for (channel, writer) in writers.iter_mut().enumerate() {
            writer.sample = i32::from(block[channel]);
            all.extend(block[channel].to_le_bytes());
            all.extend([writer.index as u8, 0]);
        }
        for group in block[channels..].chunks_exact(8 * channels) {
            for (channel, writer) in writers.iter_mut().enumerate() {
                for pair in 0..4 {
                    let low = writer.code(group[2 * pair * channels + channel]);
                    let high = writer.code(group[(2 * pair + 1) * channels + channel]);
                    all.push(low | high << 4);
                }
            }
        }
    }
    all
}

/// Packets of a CAF file.
fn ima_caf(samples: &[i16], channels: usize) -> Vec<u8> {
    let mut all = Vec::new();
    let mut writers: Vec<Writer> = (0..channels)
        .map(|_| Writer {
            sample: 0,
            index: 0,
        })
        .collect();
    for packets in samples.chunks_exact(64 * channels) {
        for (channel, writer) in writers.iter_mut().enumerate() {
            let head = (writer.sample as u16 & 0xff80) | writer.index as u16;
            writer.sample = i32::from((head & 0xff80) as i16);
            all.extend(head.to_be_bytes());
            for pair in 0..32 {
                let low = writer.code(packets[2 * pair * channels + channel]);
                let high = writer.code(packets[(2 * pair + 1) * channels + channel]);
                all.push(low | high << 4);
            }
        }
    }
    all
}

/// K-183: each format and rate, one channel and two: as long as it was, at its frequency, as loud.
#[test]
fn k_183_every_format_and_rate_is_read() {
    for rate in [8_000, 16_000] {
        let one = sine(rate, 440.0, 1_000);
        let two = beside_silence(&one);
        let files = [
            ("wav 16", 1, 0, wav(1, 16, (rate, 1, 2), &le(&one))),
            ("wav 16 stereo", 2, 0, wav(1, 16, (rate, 2, 4), &le(&two))),
            ("wav 8", 1, 0, wav(1, 8, (rate, 1, 1), &eight(&one))),
            (
                "wav ima",
                1,
                80,
                wav(0x11, 4, (rate, 1, 256), &ima_wav(&one, 1)),
            ),
            (
                "wav ima stereo",
                2,
                80,
                wav(0x11, 4, (rate, 2, 512), &ima_wav(&two, 2)),
            ),
            ("caf big", 1, 0, caf(b"lpcm", 0, (rate, 1, 16), &be(&one))),
            (
                "caf little",
                1,
                0,
                caf(b"lpcm", 2, (rate, 1, 16), &le(&one)),
            ),
            (
                "caf stereo",
                2,
                0,
                caf(b"lpcm", 0, (rate, 2, 16), &be(&two)),
            ),
            (
                "caf ima",
                1,
                10,
                caf(b"ima4", 0, (rate, 1, 0), &ima_caf(&one, 1)),
            ),
            (
                "caf ima stereo",
                2,
                10,
                caf(b"ima4", 0, (rate, 2, 0), &ima_caf(&two, 2)),
            ),
        ];
        for (name, channels, cut_ms, file) in files {
            let sound = Sound::read(&file).unwrap();
            is_the_sine(name, &sound, 8_000.0 / f64::from(channels), cut_ms);
        }
    }
}

/// A second of 440 Hz, as loud as `wanted`, but for `cut_ms`; and the same at the other rate.
fn is_the_sine(name: &str, sound: &Sound, wanted: f64, cut_ms: u32) {
    let length = 1_000 - sound.ms();
    assert!(length <= cut_ms, "{name}: {length} ms less");
    let rates = [Rate::Hz8000, Rate::Hz16000];
    for rate in rates {
        let samples = sound.at(rate);
        assert!((samples.len() / rate.per_ms()).abs_diff(sound.ms() as usize) < 10);
        let strength = line(&samples, rate, 440.0);
        let near = (wanted * 0.95..wanted * 1.05).contains(&strength);
        assert!(
            near,
            "{name} from {:?} at {rate:?}: {strength} of {wanted}",
            sound.rate()
        );
    }
}

fn eight(samples: &[i16]) -> Vec<u8> {
    let narrow = |&sample: &i16| ((sample >> 8) + 128) as u8;
    samples.iter().map(narrow).collect()
}

#[test]
fn what_is_no_sound_says_why() {
    let one = le(&sine(8_000, 440.0, 100));
    let whole = wav(1, 16, (8_000, 1, 2), &one);
    for (bytes, why) in [
        (b"OggS0000".to_vec(), NoSound::Format),
        (Vec::new(), NoSound::Format),
        (whole[..30].to_vec(), NoSound::Damaged),
        (
            b"RIFF\0\0\0\0WAVEdata\x02\0\0\0ab".to_vec(),
            NoSound::Damaged,
        ),
        (wav(1, 24, (8_000, 1, 3), &one), NoSound::Encoding),
        (wav(3, 32, (8_000, 1, 4), &one), NoSound::Encoding),
        (wav(1, 16, (44_100, 1, 2), &one), NoSound::Rate(44_100)),
        (wav(1, 16, (8_000, 6, 12), &one), NoSound::Channels(6)),
        (wav(1, 16, (8_000, 0, 2), &one), NoSound::Channels(0)),
        (wav(1, 16, (8_000, 1, 2), &[]), NoSound::Empty),
        (wav(0x11, 4, (8_000, 1, 4), &one), NoSound::Empty),
        (
            wav(1, 16, (8_000, 1, 2), &vec![0; 8_000 * 2 * LONGEST_S + 2]),
            NoSound::TooLong,
        ),
        (caf(b"aac ", 0, (8_000, 1, 0), &one), NoSound::Encoding),
        (caf(b"lpcm", 1, (8_000, 1, 32), &one), NoSound::Encoding),
        (
            caf(b"lpcm", 0, (8_000, 1, 16), &one)[..40].to_vec(),
            NoSound::Damaged,
        ),
    ] {
        assert_eq!(Sound::read(&bytes), Err(why));
    }
}

/// Bytes of any kind lead to a sound or a reason.
#[test]
fn no_bytes_are_too_odd() {
    let mut rng = base::Rng::from_seed([7; 32]);
    let one = sine(8_000, 440.0, 100);
    let files = [
        wav(0x11, 4, (8_000, 2, 64), &le(&one)),
        caf(b"ima4", 0, (8_000, 2, 0), &be(&one)),
    ];
    for file in files {
        for _ in 0..3_000 {
            let mut odd = file.clone();
            for _ in 0..3 {
                let at = rng.number32() as usize % odd.len().min(120);
                odd[at] = rng.number32() as u8;
            }
            odd.truncate(rng.number32() as usize % (odd.len() + 1));
            let _ = Sound::read(&odd);
        }
    }
}
