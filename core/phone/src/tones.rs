//! Tones of calls, as the media part wants them.

use crate::Error;
use crate::sounds::Folders;
use audio::CallTone;
use audio::call_tone::CallTones;
use settings::Settings;
use std::collections::BTreeMap;

/// Between a ringtone that ends by itself and its next time. Unit: ms.
const PAUSE_MS: u32 = 1_000;

/// All tones with their files. Errors: a file of a tone that tells how calls stand. A ringtone whose file cannot be
/// played is the usual one, and the log says so (M-139).
pub(crate) fn of(settings: &Settings, folders: &Folders) -> Result<part_media::Tones, Error> {
    let differs = |account: &&settings::Account| account.tones != settings.tones;
    let mut accounts = BTreeMap::new();
    for account in settings.accounts.iter().filter(differs) {
        let tones = filled(&account.tones, &account.id, folders)?;
        accounts.insert(account.id.clone(), tones);
    }
    Ok(part_media::Tones {
        all: filled(&settings.tones, "account", folders)?,
        accounts,
        ringtones: ringtones(settings, folders),
        keypad: settings.media.keypad_tones,
    })
}

/// Tones of some calls, by how they are written; without those that cannot be played.
fn ringtones(settings: &Settings, folders: &Folders) -> BTreeMap<String, CallTone> {
    let accounts = settings.accounts.iter();
    let lines = accounts.flat_map(|account| &account.policy.receiving.ringtones);
    let read = lines.filter_map(|line| Some((line.tone.clone(), settings::ringtone(&line.tone)?)));
    let filled = read.filter_map(|(written, tone)| match folders.fill(tone) {
        Ok(tone) => Some((written, tone.again(PAUSE_MS))),
        Err(why) => {
            tracing::warn!("ringtones: {why}; such calls ring with the account's ringtone");
            None
        }
    });
    filled.collect()
}

fn filled(tones: &CallTones, owner: &str, folders: &Folders) -> Result<CallTones, Error> {
    let fill = |key: &'static str, tone: &Option<CallTone>| {
        let filled = tone.clone().map(|tone| folders.fill(tone)).transpose();
        filled.map_err(|why| Error::Tone {
            owner: owner.to_owned(),
            key,
            why,
        })
    };
    let usual = || settings::ringtone(settings::RINGTONE);
    let ringtone = match tones.ringtone.clone().map(|tone| folders.fill(tone)) {
        None => None,
        Some(Ok(tone)) => Some(tone),
        Some(Err(why)) => {
            tracing::warn!(owner, "ringtone: {why}; the usual one is used");
            usual()
        }
    };
    Ok(CallTones {
        trying: fill("trying_tone", &tones.trying)?,
        ringing: fill("ringing_tone", &tones.ringing)?,
        end_call: fill("end_call_tone", &tones.end_call)?,
        busy: fill("busy_tone", &tones.busy)?,
        failed: fill("failed_tone", &tones.failed)?,
        waiting: fill("call_waiting_tone", &tones.waiting)?,
        ringtone: ringtone.map(|tone| tone.again(PAUSE_MS)),
        message: fill("message_tone", &tones.message)?,
    })
}
