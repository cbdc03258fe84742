//! Media instances in a plugin's process: one thread each, asleep until it is asked.

use super::media::{self, KEYS, whole};
use super::ring::{Answerer, Slot};
use super::sizes::ROOM;
use plugin::draft::tone::ToneInstance;
use plugin::{AudioInstance, CodecInstance, DtmfInstance, FilterInstance, Status};

/// Room for what comes and what goes.
struct Room {
    pcm: Box<[i16]>,
    out: Box<[i16]>,
    bytes: Box<[u8]>,
}

impl Room {
    fn new() -> Self {
        Self {
            pcm: vec![0; ROOM / 2].into(),
            out: vec![0; ROOM / 2].into(),
            bytes: vec![0; ROOM].into(),
        }
    }
}

type Said = (i32, [u32; 4]);

/// A result with one number.
fn counted(result: Result<usize, Status>) -> Said {
    match result {
        Ok(count) => (0, [count as u32, 0, 0, 0]),
        Err(status) => (status.0, [0; 4]),
    }
}

fn cut<T>(room: &mut [T], count: u32) -> &mut [T] {
    let count = (count as usize).min(room.len());
    &mut room[..count]
}

/// A count no reply can have room for is passed on as it is: the engine sees through it.
fn sound(result: Result<usize, Status>, pcm: &[i16], reply: Slot<'_>) -> Said {
    if let Some(pcm) = result.ok().and_then(|count| pcm.get(..count)) {
        reply.put_samples(0, pcm);
    }
    counted(result)
}

const UNKNOWN: Said = (Status::UNSUPPORTED.0, [0; 4]);

pub(super) fn codec(mut codec: CodecInstance, mut rings: Answerer) {
    let mut room = Room::new();
    while rings.answer(|asked, reply| {
        let [a, b, c, _] = asked.args();
        Some(match asked.what() {
            media::CLOSE => return None,
            media::DECODE | media::RECOVER => {
                let payload = cut(&mut room.bytes, a);
                asked.bytes(payload);
                let pcm = cut(&mut room.pcm, b);
                let result = match asked.what() {
                    media::DECODE => codec.decode(payload, pcm),
                    _ => codec.recover(payload, pcm),
                };
                sound(result, pcm, reply)
            }
            media::CONCEAL => {
                let pcm = cut(&mut room.pcm, b);
                sound(codec.conceal(pcm), pcm, reply)
            }
            media::ENCODE => {
                let pcm = cut(&mut room.pcm, a);
                asked.samples(0, pcm);
                let payload = cut(&mut room.bytes, b);
                let result = codec.encode(pcm, payload);
                if let Some(payload) = result.ok().and_then(|count| payload.get(..count)) {
                    reply.put_bytes(payload);
                }
                counted(result)
            }
            media::CONTROL => counted(codec.control(a, whole(b, c) as i64).map(|()| 0)),
            media::RESET => counted(codec.reset().map(|()| 0)),
            _ => UNKNOWN,
        })
    }) {}
}

pub(super) fn filter(mut filter: FilterInstance, mut rings: Answerer) {
    const BLOCK: usize = 480;
    let mut room = Room::new();
    let mut far = [0; BLOCK];
    while rings.answer(|asked, reply| {
        let [count, has_far, delay, _] = asked.args();
        Some(match asked.what() {
            media::CLOSE => return None,
            media::PROCESS => {
                let near = cut(&mut room.pcm, count.min(BLOCK as u32));
                asked.samples(0, near);
                let far = cut(&mut far, count);
                asked.samples(BLOCK, far);
                let out = &mut room.out[..near.len()];
                let far = (has_far != 0).then_some(&*far);
                let done = filter.process(near, far, delay, out);
                let latency = filter.latency();
                let (status, [count, ..]) = sound(done.map(|()| out.len()), out, reply);
                (status, [count, latency, 0, 0])
            }
            _ => UNKNOWN,
        })
    }) {}
}

pub(super) fn audio(mut device: AudioInstance, mut rings: Answerer) {
    let mut room = Room::new();
    while rings.answer(|asked, reply| {
        let [count, low, high, _] = asked.args();
        let now_ns = whole(low, high);
        Some(match asked.what() {
            media::CLOSE => return None,
            media::CAPTURE => {
                let pcm = cut(&mut room.pcm, count);
                pcm.fill(0);
                let captured = device.capture(pcm, now_ns);
                let ended = captured.is_ok_and(|captured| captured.ended);
                let (status, args) = sound(captured.map(|c| c.samples), pcm, reply);
                (status + i32::from(ended), args)
            }
            media::PLAYBACK => {
                let pcm = cut(&mut room.pcm, count);
                asked.samples(0, pcm);
                counted(device.playback(pcm, now_ns).map(|()| 0))
            }
            media::LATENCY => match device.latency() {
                Ok(latency) => {
                    let [a, b] = media::halves(latency.capture_ns);
                    let [c, d] = media::halves(latency.playback_ns);
                    (0, [a, b, c, d])
                }
                Err(status) => (status.0, [0; 4]),
            },
            media::COUNTERS => {
                let counters = device.counters();
                if let Ok(c) = &counters {
                    let all = [
                        c.captured, c.played, c.underrun, c.overrun, c.xruns, c.ended,
                    ];
                    let mut bytes = [0; 48];
                    for (to, number) in bytes.chunks_exact_mut(8).zip(all) {
                        to.copy_from_slice(&number.to_le_bytes());
                    }
                    reply.put_bytes(&bytes);
                }
                counted(counters.map(|_| 0))
            }
            _ => UNKNOWN,
        })
    }) {}
}

pub(super) fn listener(mut listener: DtmfInstance, mut rings: Answerer) {
    let mut room = Room::new();
    while rings.answer(|asked, reply| {
        let [count, ..] = asked.args();
        Some(match asked.what() {
            media::CLOSE => return None,
            media::LISTEN => {
                let pcm = cut(&mut room.pcm, count);
                asked.samples(0, pcm);
                let mut found = 0;
                let mut bytes = [0; KEYS * 12];
                let done = listener.listen(pcm, |heard| {
                    let Some(place) = bytes.get_mut(found * 12..found * 12 + 12) else {
                        return;
                    };
                    let numbers = [
                        u32::from(heard.key),
                        u32::from(heard.released),
                        heard.duration_ms,
                    ];
                    for (to, number) in place.chunks_exact_mut(4).zip(numbers) {
                        to.copy_from_slice(&number.to_le_bytes());
                    }
                    found += 1;
                });
                reply.put_bytes(&bytes);
                counted(done.map(|()| found))
            }
            media::RESET => counted(listener.reset().map(|()| 0)),
            _ => UNKNOWN,
        })
    }) {}
}

pub(super) fn tone(mut tone: ToneInstance, mut rings: Answerer) {
    let mut room = Room::new();
    while rings.answer(|asked, reply| {
        let [count, ..] = asked.args();
        Some(match asked.what() {
            media::CLOSE => return None,
            media::READ => {
                let pcm = cut(&mut room.pcm, count);
                pcm.fill(0);
                let read = tone.read(pcm);
                let ended = read.is_ok_and(|read| read.ended);
                let (status, args) = sound(read.map(|read| read.samples), pcm, reply);
                (status + i32::from(ended), args)
            }
            _ => UNKNOWN,
        })
    }) {}
}
