//! Codecs: what they keep between packets, and what they say they can do.

use super::codec::{each, open, pass, said, samples, table};
use super::sound::{level, noise, sweep};
use crate::subject::{Chance, Held, Stop, Subject, must, skip};
use plugin::{CodecFormat, CodecHandle, CodecInstance, CodecRequest, Status};

pub(crate) fn conceal(subject: &Subject) -> Held {
    each(subject, |table, f| {
        let mut codec = open(table, f)?;
        let size = samples(f, f.packet_time_ms);
        for pcm in sweep(size * 5, f.sample_rate_hz, 1, subject.seed).chunks_exact(size) {
            pass(&mut codec, f, pcm)?;
        }
        let mut back = vec![0x55AA; size];
        for _ in 0..10 {
            match codec.conceal(&mut back) {
                Ok(got) if f.conceals => {
                    must!(
                        got == size,
                        "{}: decode() without a payload filled {got} of {size} samples",
                        f.name
                    );
                }
                Err(status) if f.conceals => {
                    return Err(said(&f.name, "decode without a payload", status).into());
                }
                Ok(_) => return Err(format!("{}: it conceals and does not say so", f.name).into()),
                Err(_) => {}
            }
        }
        Ok(())
    })
}

pub(crate) fn recover(subject: &Subject) -> Held {
    each(subject, |table, f| {
        let mut codec = open(table, f)?;
        let size = samples(f, f.packet_time_ms);
        let (payload, _) = pass(&mut codec, f, &noise(size, subject.seed, 9000))?;
        let mut back = vec![0; size];
        match codec.recover(&payload, &mut back) {
            Ok(got) => must!(
                got == size || !f.recovers,
                "{}: recovered {got} of {size} samples",
                f.name
            ),
            Err(status) => must!(
                !f.recovers || status == Status::UNSUPPORTED || status == Status::BAD_PAYLOAD,
                "{}",
                said(&f.name, "decode with lost_samples", status)
            ),
        }
        Ok(())
    })
}

/// Some packets, as bytes and sound.
fn story(
    codec: &mut CodecInstance,
    f: &CodecFormat,
    seed: u64,
) -> Result<(Vec<Vec<u8>>, Vec<i16>), Stop> {
    let size = samples(f, f.packet_time_ms);
    let (mut payloads, mut sound) = (Vec::new(), Vec::new());
    for n in 0..10 {
        let (payload, back) = pass(codec, f, &noise(size, seed + n, 9000))?;
        payloads.push(payload);
        sound.extend(back);
    }
    Ok((payloads, sound))
}

/// A reset comes when the far end begins another stream; what is sent goes on.
pub(crate) fn reset(subject: &Subject) -> Held {
    each(subject, |table, f| {
        let mut codec = open(table, f)?;
        let (payloads, first) = story(&mut codec, f, subject.seed)?;
        codec.reset().map_err(|s| said(&f.name, "reset", s))?;
        let mut again = Vec::new();
        for payload in &payloads {
            let mut back = vec![0; samples(f, f.packet_time_ms)];
            if !payload.is_empty() {
                codec
                    .decode(payload, &mut back)
                    .map_err(|s| said(&f.name, "decode", s))?;
            }
            again.extend(back);
        }
        must!(
            first == again,
            "{}: after reset() the same payloads give other sound",
            f.name
        );
        encodes_on(table, f, subject.seed)
    })
}

/// What is sent does not depend on a reset.
fn encodes_on(table: &CodecHandle, f: &CodecFormat, seed: u64) -> Held {
    let (mut without, mut with) = (open(table, f)?, open(table, f)?);
    let size = samples(f, f.packet_time_ms);
    for n in 0..6 {
        let pcm = noise(size, seed + n, 9000);
        let (sent, _) = pass(&mut without, f, &pcm)?;
        let (sent_on, _) = pass(&mut with, f, &pcm)?;
        must!(
            sent == sent_on,
            "{}: reset() changes what is encoded, and the far end hears that",
            f.name
        );
        with.reset().map_err(|s| said(&f.name, "reset", s))?;
    }
    Ok(())
}

pub(crate) fn two(subject: &Subject) -> Held {
    each(subject, |table, f| {
        let alone = story(&mut open(table, f)?, f, subject.seed)?;
        let (mut one, mut other) = (open(table, f)?, open(table, f)?);
        let size = samples(f, f.packet_time_ms);
        let (mut payloads, mut sound) = (Vec::new(), Vec::new());
        for n in 0..10 {
            let (payload, back) = pass(&mut one, f, &noise(size, subject.seed + n, 9000))?;
            pass(&mut other, f, &noise(size, subject.seed + 100 + n, 20000))?;
            payloads.push(payload);
            sound.extend(back);
        }
        must!(
            alone == (payloads, sound),
            "{}: a second instance changes what the first gives",
            f.name
        );
        Ok(())
    })
}

pub(crate) fn silence(subject: &Subject) -> Held {
    each(subject, |table, f| {
        let mut codec = open(table, f)?;
        let pcm = vec![0; samples(f, f.packet_time_ms)];
        let mut loudest = 0.0_f64;
        for _ in 0..20 {
            loudest = loudest.max(level(&pass(&mut codec, f, &pcm)?.1));
        }
        must!(
            loudest < 200.0,
            "{}: silence comes back with a level of {loudest:.0}",
            f.name
        );
        Ok(())
    })
}

pub(crate) fn controls(subject: &Subject) -> Held {
    each(subject, |table, f| {
        let mut codec = open(table, f)?;
        let known = codec.control(0xFFFF_0000, 1);
        must!(
            known.is_err(),
            "{}: control() takes the unknown key 0xFFFF0000",
            f.name
        );
        for key in 0..16 {
            for value in [i64::MIN, -1, 0, 1, 100, i64::MAX] {
                let panicked = codec.control(key, value) == Err(Status::PANIC);
                must!(!panicked, "{}: control({key}, {value}) panicked", f.name);
            }
        }
        let pcm = noise(samples(f, f.packet_time_ms), subject.seed, 9000);
        let mut payload = vec![0; f.max_payload];
        codec
            .encode(&pcm, &mut payload)
            .map_err(|s| said(&f.name, "encode after control", s))?;
        Ok(())
    })
}

pub(crate) fn no_such_format(subject: &Subject) -> Held {
    let (table, formats) = table(subject)?;
    for format in [formats.len(), 1000, u32::MAX as usize] {
        let request = CodecRequest {
            format,
            fmtp: "",
            options: "",
        };
        must!(
            table.open(&request).is_err(),
            "it opens format {format} of {}",
            formats.len()
        );
    }
    let Some(first) = formats.first() else {
        return skip("no format");
    };
    let mut chance = Chance::new(subject.seed);
    for _ in 0..200 {
        let fmtp = chance.text(&format!("mode=1;{}", first.fmtp));
        let request = CodecRequest {
            format: first.index,
            fmtp: &fmtp,
            options: "",
        };
        if let Err(refusal) = table.open(&request) {
            must!(
                refusal.status != Status::PANIC,
                "open() panicked at fmtp {fmtp:?}"
            );
        }
    }
    Ok(())
}
