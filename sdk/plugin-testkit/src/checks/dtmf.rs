//! DTMF methods.

use super::sound::noise;
use crate::subject::{Chance, Held, Stop, Subject, must, skip};
use plugin::{DtmfAbout, DtmfHandle, DtmfListen, DtmfRequest, DtmfStep, Status};

pub(crate) const KEYS: &str = "0123456789*#ABCD";
/// Source: ITU-T Q.23. Unit: Hz.
const LOW: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const PAD: &str = "123A456B789C*0#D";

pub(crate) fn table(subject: &Subject) -> Result<(DtmfHandle, DtmfAbout), Stop> {
    let table = subject.started()?.dtmf()?;
    let table = table.ok_or("it has no DTMF table".to_owned())?;
    let about = table.about()?;
    Ok((table, about))
}

pub(crate) fn request(key: char) -> DtmfRequest<'static> {
    DtmfRequest {
        key,
        duration_ms: 100,
        peer_takes_info: true,
        codec_clock_hz: 8000,
        event_clock_hz: Some(8000),
        options: "",
    }
}

pub(crate) fn described(subject: &Subject) -> Held {
    let (_, about) = table(subject)?;
    must!(!about.name.is_empty(), "its name is empty");
    let a = about.abilities;
    let any = a.sends_events || a.sends_info || a.sends_tones || a.hears_tones || a.hears_info;
    must!(any, "it neither sends nor hears");
    Ok(())
}

pub(crate) fn all_keys(subject: &Subject) -> Held {
    let (table, about) = table(subject)?;
    let a = about.abilities;
    if !(a.sends_events || a.sends_info || a.sends_tones) {
        return skip("it sends nothing");
    }
    for key in KEYS.chars() {
        let plan = table.plan(&request(key));
        let plan = plan.map_err(|refusal| format!("plan() of {key} says {refusal}"))?;
        must!(!plan.is_empty(), "plan() of {key} is empty");
    }
    Ok(())
}

pub(crate) fn sound_plans(subject: &Subject) -> Held {
    let (table, about) = table(subject)?;
    for key in KEYS.chars() {
        let Ok(plan) = table.plan(&request(key)) else {
            continue;
        };
        let mut last = 0;
        for step in plan {
            let (at, declared) = match &step {
                DtmfStep::Event { at_ms, .. } => (*at_ms, about.abilities.sends_events),
                DtmfStep::Info { at_ms, .. } => (*at_ms, about.abilities.sends_info),
                DtmfStep::Tone { at_ms, .. } => (*at_ms, about.abilities.sends_tones),
            };
            must!(
                declared,
                "plan() of {key} holds what describe() does not declare: {step:?}"
            );
            must!(at >= last, "plan() of {key} goes back in time");
            last = at;
            must!(
                is_of(key, &step),
                "plan() of {key} sends another key or nothing: {step:?}"
            );
        }
    }
    Ok(())
}

/// Whether a step is what the key is.
fn is_of(key: char, step: &DtmfStep) -> bool {
    match step {
        DtmfStep::Event {
            event,
            duration_ms,
            duration_clock_hz,
            volume,
            ..
        } => {
            let number = KEYS.find(key) == Some(usize::from(*event));
            number && *duration_ms > 0 && *duration_clock_hz > 0 && *volume <= 63
        }
        DtmfStep::Info { content_type, .. } => content_type.contains('/'),
        DtmfStep::Tone {
            duration_ms, tones, ..
        } => {
            let at = PAD.find(key).unwrap_or(0);
            let near = |is: u32, hz: f64| (f64::from(is) / 100.0 - hz).abs() <= hz * 0.015;
            let quiet = tones.low_centibels < 0 && tones.high_centibels < 0;
            let low = near(tones.low_centihertz, LOW[at / 4]);
            *duration_ms > 0 && quiet && low && near(tones.high_centihertz, HIGH[at % 4])
        }
    }
}

pub(crate) fn odd_keys(subject: &Subject) -> Held {
    let (table, _) = table(subject)?;
    for key in ['Z', ' ', '\0', '\u{e9}', '\u{1F600}'] {
        must!(
            table.plan(&request(key)).is_err(),
            "plan() takes {key:?} for a key"
        );
    }
    let mut odd = request('1');
    for (ms, clock, event) in [
        (0, 0, None),
        (u32::MAX, u32::MAX, Some(u32::MAX)),
        (8000, 48000, Some(1)),
    ] {
        (odd.duration_ms, odd.codec_clock_hz, odd.event_clock_hz) = (ms, clock, event);
        let panicked = table
            .plan(&odd)
            .is_err_and(|refusal| refusal.status == Status::PANIC);
        must!(!panicked, "plan() panicked at {odd:?}");
    }
    Ok(())
}

pub(crate) fn odd_info(subject: &Subject) -> Held {
    let (table, about) = table(subject)?;
    if !about.abilities.hears_info {
        return skip("it reads no INFO");
    }
    let mut chance = Chance::new(subject.seed);
    for _ in 0..5000 {
        for kind in [
            "application/dtmf-relay",
            "application/dtmf",
            "",
            "text/plain",
        ] {
            let body = chance.text("Signal=5\r\nDuration=160\r\n");
            let heard = table.hear_info(kind, &body);
            let known = heard.is_none_or(|heard| KEYS.contains(heard.key) || heard.key == '!');
            must!(known, "hear_info() of {body:?} gives {heard:?}");
        }
    }
    Ok(())
}

pub(crate) fn heard_again(subject: &Subject) -> Held {
    let (table, about) = table(subject)?;
    if !(about.abilities.hears_info && about.abilities.sends_info) {
        return skip("it does not both write and read INFO");
    }
    for key in KEYS.chars() {
        for step in table.plan(&request(key))? {
            if let DtmfStep::Info {
                content_type, body, ..
            } = step
            {
                let heard = table.hear_info(&content_type, &body).map(|heard| heard.key);
                must!(
                    heard == Some(key),
                    "it writes {body:?} for {key} and reads {heard:?}"
                );
            }
        }
    }
    Ok(())
}

/// A key in audio, 80 ms long, at -9 dB, with silence around.
fn tone(key: usize, rate: u32) -> Vec<i16> {
    let wave = |hz: f64, n: usize| (n as f64 * hz * std::f64::consts::TAU / f64::from(rate)).sin();
    let ms = rate as usize / 1000;
    let mut pcm = vec![0; 100 * ms];
    for n in 0..80 * ms {
        let both = wave(LOW[key / 4], n) + wave(HIGH[key % 4], n);
        pcm.push((both * 5800.0) as i16);
    }
    pcm.extend(vec![0; 120 * ms]);
    pcm
}

pub(crate) fn tones(subject: &Subject) -> Held {
    let (table, about) = table(subject)?;
    if !about.abilities.hears_tones {
        return skip("it does not listen");
    }
    for rate in [8000, 16000, 48000] {
        let mut listener = table.open(&DtmfListen {
            sample_rate_hz: rate,
            options: "",
        })?;
        let mut heard = String::new();
        for key in 0..16 {
            for block in tone(key, rate).chunks_exact(rate as usize / 100) {
                let listened = listener.listen(block, |one| {
                    if !one.released {
                        heard.push(one.key);
                    }
                });
                listened.map_err(|s| format!("listen() says {}", plugin::status_text(s)))?;
            }
        }
        must!(heard == PAD, "of {PAD} it heard {heard:?} at {rate} Hz");
    }
    Ok(())
}

pub(crate) fn talk_off(subject: &Subject) -> Held {
    let (table, about) = table(subject)?;
    if !about.abilities.hears_tones {
        return skip("it does not listen");
    }
    let mut listener = table.open(&DtmfListen {
        sample_rate_hz: 8000,
        options: "",
    })?;
    let mut heard = String::new();
    for n in 0..6000 {
        let block = noise(80, subject.seed + n, 12000);
        let listened = listener.listen(&block, |one| heard.push(one.key));
        listened.map_err(|s| format!("listen() says {}", plugin::status_text(s)))?;
    }
    must!(heard.is_empty(), "in 60 s of noise it heard {heard:?}");
    Ok(())
}
