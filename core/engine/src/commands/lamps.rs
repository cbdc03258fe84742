//! Commands about lamps and mailboxes.

use super::{Commands, Outcome, known};
use crate::hub::Hub;
use base::Instant;
use control::command::{Command, Dial, Reply};
use control::lamp::{AddLamp, LampRef, MailboxRef};
use control::{AccountHandle, Code, CommandId, ErrorObject, LampState, quoted};
use ports::blf;
use std::collections::BTreeMap;

/// Longest address or name of a lamp. Unit: bytes.
const MAX_TEXT: usize = 256;

impl Commands {
    #[allow(clippy::wildcard_enum_match_arm)] // `carry_out` names every command.
    pub(super) fn on_lamp(
        &mut self,
        asked: Command,
        command: CommandId,
        hub: &Hub,
        now: Instant,
    ) -> Outcome {
        match asked {
            Command::AddLamp(add) => self.add_lamp(add, command, hub),
            Command::RemoveLamp(lamp) => {
                let found = hub.lamps().find(&lamp)?;
                self.post(blf::Word::Remove {
                    command,
                    account: found.account.as_str().to_owned(),
                    target: found.target.clone(),
                })
            }
            Command::DialLamp(lamp) => self.dial_lamp(&lamp, command, hub, now),
            Command::PickUpLamp(lamp) => self.pick_up(&lamp, command, hub, now),
            Command::DialVoicemail(mailbox) => self.dial_voicemail(mailbox, command, hub, now),
            // What is left of the commands about lamps.
            _ => Ok(Reply::Lamps {
                lamps: hub.lamps().lamps(),
                mailboxes: hub.lamps().mailboxes(),
            }),
        }
    }

    fn add_lamp(&mut self, add: AddLamp, command: CommandId, hub: &Hub) -> Outcome {
        let account = chosen(add.account.as_ref(), hub)?;
        let label = add.label.unwrap_or_default();
        let written = add.target.trim();
        let lower = written.to_ascii_lowercase();
        let has_scheme = lower.starts_with("sip:") || lower.starts_with("sips:");
        let is_address = match has_scheme {
            true => written.parse::<sip_message::Uri>().is_ok(),
            false => !written.is_empty() && !written.contains(char::is_whitespace),
        };
        if !is_address || written.len() > MAX_TEXT || label.len() > MAX_TEXT {
            let why = format!("{} is no extension and no address", quoted(written));
            return Err(ErrorObject::new(Code::BAD_ADDRESS, why));
        }
        let lamp = blf::LampWish {
            target: written.to_owned(),
            label,
            slot: add.slot,
        };
        self.post(blf::Word::Add {
            command,
            account,
            lamp,
        })
    }

    /// M-093: calls who is free. What is not known may be free.
    fn dial_lamp(
        &mut self,
        lamp: &LampRef,
        command: CommandId,
        hub: &Hub,
        now: Instant,
    ) -> Outcome {
        let found = hub.lamps().find(lamp)?;
        match found.state {
            // A call is fetched from its slot by calling the slot.
            LampState::Idle | LampState::Parked => {}
            LampState::Unknown | LampState::Unregistered => {}
            LampState::Ringing | LampState::Busy | LampState::Held => {
                let why = format!("{} is in a call", quoted(&found.label));
                return Err(ErrorObject::new(Code::LAMP_BUSY, why));
            }
        }
        self.dial(called(&found.account, &found.target), command, hub, now)
    }

    /// M-091: takes the call that rings there, which is its caller's to allow (RFC 5359 §2.16).
    fn pick_up(&mut self, lamp: &LampRef, command: CommandId, hub: &Hub, now: Instant) -> Outcome {
        let found = hub.lamps().find(lamp)?;
        if found.state != LampState::Ringing {
            let why = format!("nothing rings at {}", quoted(&found.label));
            return Err(ErrorObject::new(Code::NOTHING_RINGS, why));
        }
        let pickup = found.pickup.as_ref().ok_or_else(|| {
            let why = format!("which call rings at {} is not told", quoted(&found.label));
            ErrorObject::new(Code::PICKUP_UNTOLD, why)
        })?;
        let mut dial = called(&found.account, &pickup.to);
        let says = [
            ("Replaces", pickup.replaces.as_str()),
            ("Require", "replaces"),
        ];
        dial.headers = says
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        self.place(dial, command, hub, now)
    }

    /// M-061, K-024.
    fn dial_voicemail(
        &mut self,
        mailbox: MailboxRef,
        command: CommandId,
        hub: &Hub,
        now: Instant,
    ) -> Outcome {
        let name = chosen(mailbox.account.as_ref(), hub)?;
        let account = self.accounts.iter().find(|account| account.name == name);
        let number = account.map(|account| account.watches.voicemail_number.clone());
        let number = number.filter(|number| !number.is_empty()).ok_or_else(|| {
            let why = format!("account '{name}' has no voicemail_number");
            ErrorObject::new(Code::NO_VOICEMAIL_NUMBER, why)
        })?;
        let handle = name.parse().map_err(|_| {
            let why = format!("no account is called {}", quoted(&name));
            ErrorObject::new(Code::UNKNOWN_ACCOUNT, why)
        })?;
        self.dial(called(&handle, &number), command, hub, now)
    }
}

fn called(account: &AccountHandle, to: &str) -> Dial {
    Dial {
        to: to.to_owned(),
        account: Some(account.clone()),
        ring_for_s: None,
        headers: BTreeMap::new(),
        action: None,
    }
}

/// The account that is named, or else the default one.
pub(super) fn chosen(account: Option<&AccountHandle>, hub: &Hub) -> Result<String, ErrorObject> {
    if let Some(account) = account {
        return known(account, hub);
    }
    let accounts = hub.accounts();
    let default = accounts.values().find(|account| account.is_default);
    let default = default.or(accounts.values().next()).ok_or_else(|| {
        ErrorObject::new(Code::UNKNOWN_ACCOUNT, "no account is set up to watch from")
    })?;
    Ok(default.account.as_str().to_owned())
}
