//! Tones of calls, as the media part wants them.

use settings::Settings;
use std::collections::BTreeMap;

pub(crate) fn of(settings: &Settings) -> part_media::Tones {
    let differs = |account: &&settings::Account| account.tones != settings.tones;
    let own = settings.accounts.iter().filter(differs);
    let accounts: BTreeMap<_, _> = own
        .map(|account| (account.id.clone(), account.tones.clone()))
        .collect();
    part_media::Tones {
        all: settings.tones.clone(),
        accounts,
        keypad: settings.media.keypad_tones,
    }
}
