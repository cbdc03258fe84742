//! How calls are to arrive at an account, and when it registers therefore.

use super::Values;
use super::build::origin;
use crate::complaint::{Complaints, Origin};
use policy::mode::{Mode, OldKeys, Registers};

/// Shortest lifetime that push gateways like (C-27). Unit: s.
const PUSH_EXPIRES_S: u64 = 300;
/// The older keys, in the order of K-141 to K-145.
const OLD: [&str; 5] = [
    "icm_auto",
    "incoming_disabled",
    "push_method",
    "bgr_enabled",
    "force_registration",
];

/// The keys of one account.
struct Keys<'a> {
    id: &'a str,
    values: &'a Values,
}

/// When the account `id` registers. `None` when a value is missing.
pub(super) fn registers(
    id: &str,
    values: &Values,
    complaints: &mut Complaints,
) -> Option<Registers> {
    let keys = Keys { id, values };
    let own = Mode::read(keys.text("icm")?)?;
    let for_calls = values.switch(&keys.key("requires_registration_for_outgoing_calls"))?;
    let (mode, for_calls) = match keys.is_set("icm") {
        true => {
            keys.warn_of_old(complaints);
            (own, for_calls)
        }
        false => keys.migrate(for_calls, complaints)?,
    };
    let all = Mode::read(values.text("incoming.mode")?)?;
    let by = match (mode, keys.is_set("icm")) {
        (Mode::Auto, _) => "incoming.mode".to_owned(),
        (_, true) => keys.key("icm"),
        (_, false) => keys.key("push_method"),
    };
    let mode = mode.or(all);
    if mode == Mode::Push {
        keys.warn_of_push(&by, complaints)?;
    }
    Some(mode.registers(for_calls))
}

impl Keys<'_> {
    fn key(&self, name: &str) -> String {
        self.values.account_key(self.id, name)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.values.text(&self.key(name))
    }

    /// Whether anybody but the defaults says it.
    fn is_set(&self, name: &str) -> bool {
        origin(&self.key(name), self.values) != Origin::Default
    }

    fn given(&self, name: &str) -> Option<Option<bool>> {
        let on = self.values.switch(&self.key(name))?;
        Some(self.is_set(name).then_some(on))
    }

    /// K-141: the newer key says more.
    fn warn_of_old(&self, complaints: &mut Complaints) {
        for name in OLD.into_iter().filter(|name| self.is_set(name)) {
            let key = self.key(name);
            let origin = origin(&key, self.values);
            complaints.warn(&origin, &key, "is left out: icm is set", "take it away");
        }
    }

    /// Mode and registration for calls by the older keys, where some are given.
    fn migrate(&self, for_calls: bool, complaints: &mut Complaints) -> Option<(Mode, bool)> {
        let push = self.text("push_method")? == "tunnel";
        let old = OldKeys {
            auto: self.given("icm_auto")?,
            disabled: self.given("incoming_disabled")?,
            push: self.is_set("push_method").then_some(push),
            background: self.given("bgr_enabled")?,
            forced: self.given("force_registration")?,
        };
        let made = old.migrate();
        if let Some(first) = OLD.into_iter().find(|name| self.is_set(name)) {
            let key = self.key(first);
            let what = match made.is_guess {
                true => "is an older key, and those that are given name no mode: auto is taken",
                false => "is an older key",
            };
            let fix = format!("write icm = \"{}\" instead", made.mode.name());
            complaints.warn(&origin(&key, self.values), &key, what, fix);
        }
        if made.mode == Mode::KeepAwake && self.text("transport")? == "udp" {
            let key = self.key("bgr_enabled");
            let what = "needs a connection, and transport is udp";
            let origin = origin(&key, self.values);
            complaints.error(&origin, &key, what, "set transport to tcp");
        }
        // What is written under the newer name holds.
        let newer = self.is_set("requires_registration_for_outgoing_calls");
        Some((made.mode, for_calls || (made.for_calls && !newer)))
    }

    /// `by`: the key that says so.
    fn warn_of_push(&self, by: &str, complaints: &mut Complaints) -> Option<()> {
        let what = "nothing here is woken by a push service: the account stays registered as with keepAwake";
        let fix = "keepAwake says the same";
        complaints.warn(&origin(by, self.values), by, what, fix);
        let key = self.key("expires_s");
        let expires = self.values.fit::<u64>(&key)?;
        if expires < PUSH_EXPIRES_S {
            let what = format!("is {expires}, and push gateways refuse less than {PUSH_EXPIRES_S}");
            let fix = format!("set it to {PUSH_EXPIRES_S} or more");
            complaints.warn(&origin(&key, self.values), &key, what, fix);
        }
        Some(())
    }
}
