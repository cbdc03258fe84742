//! What the audio thread may not do, seen in every `[media]` function of the kind.

use super::sound::noise;
use super::{audio, codec, dtmf, filter};
use crate::os;
use crate::subject::{Held, Stop, Subject, must, skip};
use plugin::{DtmfListen, Place};

/// Hands each call of a `[media]` function to `each`: its name, its bound, the call.
/// Unit: ns.
type Each<'a> = dyn FnMut(&'static str, u64, &mut dyn FnMut()) + 'a;

/// All `[media]` calls of what is open, once.
type Calls = Box<dyn FnMut(&mut Each<'_>) + Send>;

/// Bound of a block of filters and listeners. Unit: ns.
const BLOCK_BOUND: u64 = 500_000;

/// Opens what the kind opens; gives the calls, to be made as often as wanted.
fn calls(subject: &Subject) -> Result<Calls, Stop> {
    Ok(match subject.manifest()?.kind.as_str() {
        "codec" => codec_calls(subject)?,
        "filter" => {
            let table = filter::table(subject)?;
            let mut filter = filter::open(&table, Place::Microphone, 16000)?;
            let (near, far) = (noise(160, subject.seed, 9000), noise(160, 1, 9000));
            let mut out = vec![0; 160];
            Box::new(move |each| {
                each("process", BLOCK_BOUND, &mut || {
                    done(filter.process(&near, None, 0, &mut out))
                });
                each("process", BLOCK_BOUND, &mut || {
                    done(filter.process(&near, Some(&far), 80, &mut out))
                });
                each("latency", BLOCK_BOUND, &mut || done(filter.latency()));
                each("control", BLOCK_BOUND, &mut || done(filter.control(77, 1)));
                each("reset", BLOCK_BOUND, &mut || done(filter.reset()));
            })
        }
        "dtmf" => {
            let (table, about) = dtmf::table(subject)?;
            if !about.abilities.hears_tones {
                return skip("it has nothing on the audio thread");
            }
            let mut listener = table.open(&DtmfListen {
                sample_rate_hz: 8000,
                options: "",
            })?;
            let block = noise(80, subject.seed, 9000);
            Box::new(move |each| {
                each("listen", BLOCK_BOUND, &mut || {
                    done(listener.listen(&block, |_| ()))
                });
                each("reset", BLOCK_BOUND, &mut || done(listener.reset()));
            })
        }
        "audio" => {
            let (mut device, capture, playback) = audio::open(&audio::table(subject)?)?;
            let mut pcm = noise(160, subject.seed, 9000);
            let mut now = 0;
            Box::new(move |each| {
                now += 10_000_000;
                if capture {
                    each("capture", BLOCK_BOUND, &mut || {
                        done(device.capture(&mut pcm, now))
                    });
                }
                if playback {
                    each("playback", BLOCK_BOUND, &mut || {
                        done(device.playback(&pcm, now))
                    });
                }
                each("latency", BLOCK_BOUND, &mut || done(device.latency()));
                each("counters", BLOCK_BOUND, &mut || done(device.counters()));
            })
        }
        _ => tone_calls(subject)?,
    })
}

fn codec_calls(subject: &Subject) -> Result<Calls, Stop> {
    let (table, formats) = codec::table(subject)?;
    let mut open = Vec::new();
    for format in formats {
        let codec = codec::open(&table, &format)?;
        let size = codec::samples(&format, format.packet_time_ms);
        let (payload, back) = (vec![0_u8; format.max_payload], vec![0_i16; size]);
        open.push((
            codec,
            noise(size, subject.seed, 9000),
            payload,
            back,
            format,
        ));
    }
    Ok(Box::new(move |each| {
        for (codec, pcm, payload, back, format) in &mut open {
            let bound = 50_000 * u64::from(format.packet_time_ms);
            let mut size = 0;
            each("encode", bound, &mut || {
                size = codec.encode(pcm, payload).unwrap_or(0)
            });
            let packet = payload.get(..size).unwrap_or_default();
            each("decode", bound, &mut || done(codec.decode(packet, back)));
            each("decode without a payload", bound, &mut || {
                done(codec.conceal(back))
            });
            each("decode with lost_samples", bound, &mut || {
                done(codec.recover(packet, back))
            });
            each("control", bound, &mut || {
                done(codec.control(0xFFFF_0000, 1))
            });
        }
        for (codec, _, _, _, format) in &mut open {
            let bound = 50_000 * u64::from(format.packet_time_ms);
            each("reset", bound, &mut || done(codec.reset()));
        }
    }))
}

fn tone_calls(subject: &Subject) -> Result<Calls, Stop> {
    let mut tone = super::drafts::a_tone(subject)?;
    let mut pcm = vec![0; 80];
    Ok(Box::new(move |each| {
        each("read", BLOCK_BOUND, &mut || done(tone.read(&mut pcm)));
    }))
}

/// What a call answers is looked at by the checks of the kind.
fn done<T>(_answer: T) {}

/// What was asked for in the first call that asked for anything.
fn asked(
    subject: &Subject,
    is: fn(&os::Seen) -> bool,
) -> Result<Option<(&'static str, os::Seen)>, Stop> {
    let (entry, imports) = os::watch(|| subject.entry());
    entry?;
    if imports == 0 {
        return skip("it imports nothing that allocates or locks, or imports cannot be seen here");
    }
    let mut calls = calls(subject)?;
    let mut first = None;
    for _ in 0..50 {
        calls(&mut |name, _, call| {
            let seen = os::watched(call);
            if first.is_none() && is(&seen) {
                first = Some((name, seen));
            }
        });
    }
    Ok(first)
}

pub(crate) fn allocations(subject: &Subject) -> Held {
    match asked(subject, |seen| seen.allocations > 0 || seen.frees > 0)? {
        None => Ok(()),
        Some((name, seen)) if seen.allocations > 0 => {
            Err(format!("{name}() allocated {} B on the audio thread", seen.bytes).into())
        }
        Some((name, _)) => Err(format!("{name}() freed memory on the audio thread").into()),
    }
}

pub(crate) fn locks(subject: &Subject) -> Held {
    match asked(subject, |seen| seen.locks > 0)? {
        None => Ok(()),
        Some((name, _)) => Err(format!("{name}() took a lock on the audio thread").into()),
    }
}

pub(crate) fn system_calls(subject: &Subject) -> Held {
    let mut calls = calls(subject)?;
    os::no_system_calls().map_err(|why| Stop::Skip(format!("no filter can be set here: {why}")))?;
    for _ in 0..50 {
        calls(&mut |name, _, call| os::guarded(name, call));
    }
    // Nothing but the verdict is permitted any more: what was opened stays open until the process ends.
    core::mem::forget(calls);
    Ok(())
}

pub(crate) fn moves(subject: &Subject) -> Held {
    let mut calls = calls(subject)?;
    let used = std::thread::spawn(move || {
        for _ in 0..20 {
            calls(&mut |_, _, call| call());
        }
        calls
    });
    let calls = used.join().map_err(|_| "a call panicked".to_owned())?;
    let closed = std::thread::spawn(move || done(calls));
    closed.join().map_err(|_| "close panicked".to_owned())?;
    Ok(())
}

/// By the clock of the thread, so that another program's load is not the plugin's fault; that it does not wait
/// is T-03's.
pub(crate) fn deadline(subject: &Subject) -> Held {
    let mut calls = calls(subject)?;
    let mut times: Vec<(&'static str, u64, Vec<u64>)> = Vec::new();
    for _ in 0..500 {
        calls(&mut |name, bound, call| {
            let begun = os::cpu_ns();
            call();
            let took = os::cpu_ns() - begun;
            match times
                .iter_mut()
                .find(|(known, limit, _)| *known == name && *limit == bound)
            {
                Some((_, _, all)) => all.push(took),
                None => times.push((name, bound, vec![took])),
            }
        });
    }
    for (name, bound, all) in &mut times {
        all.sort_unstable();
        let p99 = all.get(all.len() * 99 / 100).copied().unwrap_or(0);
        must!(
            p99 <= *bound,
            "{name}() takes {} us at p99, {} us are its bound",
            p99 / 1000,
            *bound / 1000
        );
    }
    Ok(())
}
