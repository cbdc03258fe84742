//! Audio devices. A computer without any is no fault of the plugin.

use crate::subject::{Chance, Held, Stop, Subject, must};
use plugin::{AudioHandle, AudioInstance, Status};
use serde_json::Value;

pub(crate) fn table(subject: &Subject) -> Result<AudioHandle, Stop> {
    let table = subject.started()?.audio()?;
    Ok(table.ok_or("it has no audio table".to_owned())?)
}

/// Whatever opens here: both ways, or one.
pub(crate) fn open(table: &AudioHandle) -> Result<(AudioInstance, bool, bool), Stop> {
    let mut why = String::new();
    for (direction, capture, playback) in [
        ("both", true, true),
        ("capture", true, false),
        ("playback", false, true),
    ] {
        let request = format!("{{\"rate_hz\":16000,\"direction\":\"{direction}\"}}");
        match table.open(&request) {
            Ok(device) => return Ok((device, capture, playback)),
            Err(refusal) => why = refusal.to_string(),
        }
    }
    Err(Stop::Skip(format!("no device opens here: {why}")))
}

pub(crate) fn list(subject: &Subject) -> Held {
    let said = match table(subject)?.enumerate() {
        Ok(said) => said,
        Err(refusal) => {
            must!(
                !refusal.reason.is_empty(),
                "enumerate() refuses without a reason"
            );
            return Err(Stop::Skip(refusal.to_string()));
        }
    };
    let devices: Vec<Value> = serde_json::from_str(&said)
        .map_err(|error| format!("enumerate() gives {said:?}: {error}"))?;
    for device in devices {
        let texts = ["id", "name"].iter().all(|field| device[field].is_string());
        let switches = ["capture", "playback", "default"]
            .iter()
            .all(|field| device[field].is_boolean());
        must!(texts && switches, "enumerate() gives {device}");
    }
    Ok(())
}

pub(crate) fn odd_requests(subject: &Subject) -> Held {
    let table = table(subject)?;
    for request in ["{", "[]", "{\"rate_hz\":7,\"direction\":\"both\"}"] {
        match table.open(request) {
            Ok(_) => return Err(format!("open() takes {request}").into()),
            Err(refusal) => {
                must!(
                    refusal.status != Status::PANIC,
                    "open() panicked at {request}"
                );
                must!(
                    !refusal.reason.is_empty(),
                    "open() refuses {request} without a reason"
                );
            }
        }
    }
    let mut chance = Chance::new(subject.seed);
    for _ in 0..300 {
        let request = chance.text("{\"rate_hz\":8000,\"direction\":\"both\",\"device\":\"x\"}");
        let panicked = table
            .open(&request)
            .is_err_and(|refusal| refusal.status == Status::PANIC);
        must!(!panicked, "open() panicked at {request:?}");
    }
    Ok(())
}

pub(crate) fn no_device(subject: &Subject) -> Held {
    let table = table(subject)?;
    let request = "{\"rate_hz\":8000,\"direction\":\"both\",\"device\":\"no such device\"}";
    if let Err(refusal) = table.open(request) {
        must!(
            refusal.status != Status::PANIC,
            "open() of a missing device panicked"
        );
        must!(
            !refusal.reason.is_empty(),
            "open() of a missing device gives no reason"
        );
    }
    Ok(())
}

pub(crate) fn counters(subject: &Subject) -> Held {
    let (mut device, capture, playback) = open(&table(subject)?)?;
    let said = |status: Status| format!("counters() says {}", plugin::status_text(status));
    let mut last = device.counters().map_err(said)?;
    let (mut pcm, mut handed) = ([0; 160], 0);
    for n in 0..50 {
        if capture && let Ok(got) = device.capture(&mut pcm, n * 10_000_000) {
            handed += got.samples as u64;
        }
        if playback {
            // What has no room is counted, which is what is looked at.
            let _ = device.playback(&pcm, n * 10_000_000);
        }
        let now = device.counters().map_err(said)?;
        let pairs = [
            (last.captured, now.captured),
            (last.played, now.played),
            (last.underrun, now.underrun),
            (last.overrun, now.overrun),
            (last.xruns, now.xruns),
        ];
        must!(
            pairs.iter().all(|(before, after)| before <= after),
            "counters went back: {last:?}, {now:?}"
        );
        last = now;
    }
    must!(
        last.captured >= handed,
        "capture() handed out {handed} samples, counters() says {}",
        last.captured
    );
    let taken = last.played + last.overrun;
    must!(
        !playback || taken > 0,
        "50 blocks were played, counters() says 0 played and 0 overrun"
    );
    Ok(())
}

pub(crate) fn bounds(subject: &Subject) -> Held {
    let (mut device, capture, playback) = open(&table(subject)?)?;
    for size in [0_usize, 1, 79, 160, 161, 4800] {
        let mut pcm = vec![0x55AA; size + 2000];
        if capture {
            let got = device.capture(&mut pcm[..size], 1);
            must!(
                pcm[size..].iter().all(|&s| s == 0x55AA),
                "capture() of {size} samples wrote beyond them"
            );
            must!(
                got != Err(Status::GARBAGE) && got != Err(Status::PANIC),
                "capture() of {size} samples says {got:?}"
            );
        }
        if playback {
            let done = device.playback(&pcm[..size], 1);
            must!(
                done != Err(Status::PANIC),
                "playback() of {size} samples panicked"
            );
        }
    }
    Ok(())
}
