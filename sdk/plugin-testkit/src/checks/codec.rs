//! Codecs.

use super::sound::{level, likeness, noise, sweep};
use crate::subject::{Chance, Held, Stop, Subject, must};
use plugin::{CodecFormat, CodecHandle, CodecInstance, CodecRequest, Status};

/// Behind every buffer that is handed out.
const GUARD: usize = 4096;

pub(crate) fn table(subject: &Subject) -> Result<(CodecHandle, Vec<CodecFormat>), Stop> {
    let table = subject.started()?.codec()?;
    let table = table.ok_or("it has no codec table".to_owned())?;
    Ok((table, table.formats()?))
}

pub(crate) fn open(table: &CodecHandle, format: &CodecFormat) -> Result<CodecInstance, Stop> {
    let request = CodecRequest {
        format: format.index,
        fmtp: &format.fmtp,
        options: "",
    };
    let opened = table.open(&request);
    opened.map_err(|refusal| match refusal.status {
        // Such as a codec over a library that this computer has not got.
        Status::UNAVAILABLE => Stop::Skip(format!("{}: {refusal}", format.name)),
        _ => Stop::Fail(format!("{}: open() says {refusal}", format.name)),
    })
}

/// Samples of a packet of `ms`, of all channels.
pub(crate) fn samples(format: &CodecFormat, ms: u32) -> usize {
    (format.sample_rate_hz * ms / 1000) as usize * usize::from(format.channels)
}

/// Asks `what` of each format.
pub(super) fn each(subject: &Subject, what: impl Fn(&CodecHandle, &CodecFormat) -> Held) -> Held {
    let (table, formats) = table(subject)?;
    formats.iter().try_for_each(|format| what(&table, format))
}

pub(super) fn said(name: &str, call: &str, status: Status) -> String {
    format!("{name}: {call}() says {}", plugin::status_text(status))
}

/// A packet through the codec and back.
pub(super) fn pass(
    codec: &mut CodecInstance,
    f: &CodecFormat,
    pcm: &[i16],
) -> Result<(Vec<u8>, Vec<i16>), Stop> {
    let mut payload = vec![0; f.max_payload];
    let size = codec
        .encode(pcm, &mut payload)
        .map_err(|s| said(&f.name, "encode", s))?;
    payload.truncate(size);
    let mut back = vec![0; pcm.len()];
    if size > 0 {
        let got = codec
            .decode(&payload, &mut back)
            .map_err(|s| said(&f.name, "decode", s))?;
        must!(
            got == pcm.len(),
            "{}: {} samples went in, {got} came out",
            f.name,
            pcm.len()
        );
    }
    Ok((payload, back))
}

pub(crate) fn formats(subject: &Subject) -> Held {
    each(subject, |_, f| {
        must!(
            !f.name.is_empty() && f.name.bytes().all(|b| b.is_ascii_graphic() && b != b'/'),
            "name {:?}",
            f.name
        );
        must!(
            f.packet_times.contains(f.packet_time_ms),
            "{}: it prefers {} ms and cannot do them",
            f.name,
            f.packet_time_ms
        );
        must!(f.max_payload > 0, "{}: max_payload is 0", f.name);
        must!(f.clock_rate_hz > 0, "{}: clock_rate_hz is 0", f.name);
        Ok(())
    })
}

pub(crate) fn parameters(subject: &Subject) -> Held {
    each(subject, |table, f| {
        let now = table.fmtp(f, "")?;
        for text in [&f.fmtp, &now] {
            let plain = text.bytes().all(|b| (b' '..=b'~').contains(&b));
            must!(plain && text.len() <= 400, "{}: fmtp {text:?}", f.name);
        }
        Ok(())
    })
}

pub(crate) fn round_trip(subject: &Subject) -> Held {
    each(subject, |table, f| {
        let mut codec = open(table, f)?;
        let size = samples(f, f.packet_time_ms);
        let channels = usize::from(f.channels);
        let packets = 2000 / f.packet_time_ms as usize;
        let said = sweep(
            size / channels * packets,
            f.sample_rate_hz,
            channels,
            subject.seed,
        );
        let mut heard = Vec::new();
        for pcm in said.chunks_exact(size) {
            heard.extend(pass(&mut codec, f, pcm)?.1);
        }
        let longest = samples(f, 50);
        let (match_, delay) = likeness(&said[..said.len() - longest], &heard, longest);
        must!(
            match_ >= 0.8,
            "{}: encode() and decode() give a sound with a match of {match_:.2}, at least 0.80 is needed",
            f.name
        );
        let (went, came) = (level(&said), level(&heard[delay..]));
        must!(
            (0.5..2.0).contains(&(came / went)),
            "{}: the level goes from {went:.0} to {came:.0}",
            f.name
        );
        Ok(())
    })
}

pub(crate) fn lengths(subject: &Subject) -> Held {
    each(subject, |table, f| {
        for ms in f.packet_times.iter() {
            let mut codec = open(table, f)?;
            let pcm = noise(samples(f, ms), subject.seed, 8000);
            // What was agreed in fmtp may leave out some of its packet times, as the mode of iLBC does.
            let by_rule = ms != f.packet_time_ms && !f.rules.is_empty();
            let first = codec.encode(&pcm, &mut vec![0; f.max_payload]);
            if by_rule && first == Err(Status::BAD_ARGUMENT) {
                continue;
            }
            for n in 0..5 {
                let pcm = noise(samples(f, ms), subject.seed + n, 8000);
                pass(&mut codec, f, &pcm)?;
            }
        }
        Ok(())
    })
}

pub(crate) fn largest(subject: &Subject) -> Held {
    each(subject, |table, f| {
        let longest = f.packet_times.iter().last().unwrap_or(20);
        let mut codec = open(table, f)?;
        let mut payload = vec![0; f.max_payload + GUARD];
        for n in 0..50 {
            let pcm = noise(samples(f, longest), subject.seed + n, 32767);
            let size = codec
                .encode(&pcm, &mut payload[..])
                .map_err(|s| said(&f.name, "encode", s))?;
            must!(
                size <= f.max_payload,
                "{}: encode() of {longest} ms gave {size} B, max_payload is {}",
                f.name,
                f.max_payload
            );
        }
        Ok(())
    })
}

pub(crate) fn small_payload(subject: &Subject) -> Held {
    each(subject, |table, f| {
        let mut codec = open(table, f)?;
        let pcm = noise(samples(f, f.packet_time_ms), subject.seed, 12000);
        for room in 0..8.min(f.max_payload) {
            let mut payload = vec![0xA5; room + GUARD];
            let size = codec.encode(&pcm, &mut payload[..room]);
            must!(
                payload[room..].iter().all(|&b| b == 0xA5),
                "{}: encode() wrote beyond {room} B",
                f.name
            );
            must!(
                size != Err(Status::GARBAGE),
                "{}: encode() says more than {room} B",
                f.name
            );
        }
        Ok(())
    })
}

pub(crate) fn small_pcm(subject: &Subject) -> Held {
    each(subject, |table, f| {
        let mut codec = open(table, f)?;
        let pcm = noise(samples(f, f.packet_time_ms), subject.seed, 12000);
        let (payload, _) = pass(&mut codec, f, &pcm)?;
        for room in [0, 1, 2, 7, pcm.len() / 2] {
            let mut back = vec![0x55AA; room + GUARD];
            let got = codec.decode(&payload, &mut back[..room]);
            must!(
                back[room..].iter().all(|&s| s == 0x55AA),
                "{}: decode() wrote beyond {room} samples",
                f.name
            );
            must!(
                got != Err(Status::GARBAGE),
                "{}: decode() says more than {room} samples",
                f.name
            );
        }
        Ok(())
    })
}

/// Decodes what need not be a packet: no harm may come of it.
fn survives(codec: &mut CodecInstance, f: &CodecFormat, payload: &[u8], back: &mut [i16]) -> Held {
    let room = back.len() - GUARD;
    back[room..].fill(0x55AA);
    let got = codec.decode(payload, &mut back[..room]);
    must!(
        back[room..].iter().all(|&s| s == 0x55AA),
        "{}: decode() of {} B wrote beyond the buffer",
        f.name,
        payload.len()
    );
    must!(
        got != Err(Status::GARBAGE),
        "{}: decode() of {} B says more samples than there is room for",
        f.name,
        payload.len()
    );
    must!(
        got != Err(Status::PANIC),
        "{}: decode() of {} B panicked",
        f.name,
        payload.len()
    );
    Ok(())
}

pub(crate) fn truncated(subject: &Subject) -> Held {
    each(subject, |table, f| {
        let mut codec = open(table, f)?;
        let pcm = noise(samples(f, f.packet_time_ms), subject.seed, 12000);
        let (payload, _) = pass(&mut codec, f, &pcm)?;
        let mut back = vec![0; pcm.len() + GUARD];
        for end in 0..=payload.len() {
            // A copy of its own, so that a read beyond its end is one beyond an allocation.
            let cut = payload[..end].to_vec();
            survives(&mut codec, f, &cut, &mut back)?;
        }
        Ok(())
    })
}

pub(crate) fn oversized(subject: &Subject) -> Held {
    each(subject, |table, f| {
        let mut codec = open(table, f)?;
        let mut chance = Chance::new(subject.seed);
        let mut back = vec![0; samples(f, f.packet_time_ms) + GUARD];
        for size in [f.max_payload + 1, 2000, 9000, 65_507] {
            for fill in [vec![0; size], vec![0xFF; size], chance.bytes(size)] {
                survives(&mut codec, f, &fill, &mut back)?;
            }
        }
        Ok(())
    })
}

pub(crate) fn fuzz(subject: &Subject) -> Held {
    let (table, formats) = table(subject)?;
    let mut chance = Chance::new(subject.seed);
    let turns = 20_000 / formats.len();
    for f in &formats {
        let mut codec = open(&table, f)?;
        let mut back = vec![0; samples(f, 120) + GUARD];
        for _ in 0..turns {
            let longest = if chance.below(8) == 0 {
                f.max_payload
            } else {
                80
            };
            let size = chance.below(longest + 1);
            let payload = chance.bytes(size);
            survives(&mut codec, f, &payload, &mut back)?;
        }
    }
    Ok(())
}
