//! Whether an account registers: the mode of its incoming calls, and what its older keys meant.
//!
//! Source: account keys K-141 to K-147.

/// How calls are to arrive (K-146).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// As is set for all accounts.
    #[default]
    Auto,
    /// A push service wakes the phone.
    Push,
    /// It stays registered.
    KeepAwake,
    /// It is not registered for calls that come in.
    Off,
}

/// When an account registers, if it does at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Registers {
    /// All the time.
    #[default]
    Always,
    /// For calls that it makes, as long as they last (K-147).
    ForCalls,
    /// Only when somebody asks for it.
    Never,
}

/// Keys of before December 2016; `None`: not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OldKeys {
    /// `icm_auto` (K-141).
    pub auto: Option<bool>,
    /// `incomingDisabled` (K-142).
    pub disabled: Option<bool>,
    /// `pushMethod` is `tunnel` (K-143).
    pub push: Option<bool>,
    /// `bgrEnabled` (K-144).
    pub background: Option<bool>,
    /// `forceRegistration` (K-145).
    pub forced: Option<bool>,
}

/// What older keys come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrated {
    /// The mode.
    pub mode: Mode,
    /// They ask for registration where calls go out (`requiresRegistrationForOutgoingCalls`).
    pub for_calls: bool,
    /// They name no mode, so that one had to be chosen.
    pub is_guess: bool,
}

impl Mode {
    /// As the account keys spell it.
    pub fn read(text: &str) -> Option<Self> {
        Some(match text {
            "auto" => Self::Auto,
            "push" => Self::Push,
            "keepAwake" => Self::KeepAwake,
            "off" => Self::Off,
            _ => return None,
        })
    }

    /// As the account keys spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Push => "push",
            Self::KeepAwake => "keepAwake",
            Self::Off => "off",
        }
    }

    /// Itself, or what holds for all accounts.
    #[must_use]
    pub const fn or(self, all: Self) -> Self {
        match self {
            Self::Auto => all,
            Self::Push | Self::KeepAwake | Self::Off => self,
        }
    }

    /// When an account of this mode registers. Push without a push service is as good as staying registered.
    pub const fn registers(self, for_calls: bool) -> Registers {
        match (self, for_calls) {
            (Self::Auto | Self::Push | Self::KeepAwake, _) => Registers::Always,
            (Self::Off, true) => Registers::ForCalls,
            (Self::Off, false) => Registers::Never,
        }
    }
}

impl OldKeys {
    /// Whether none is given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What they come to. Source: contradiction C-22 of the account keys.
    pub fn migrate(&self) -> Migrated {
        let says = |key: Option<bool>| key == Some(true);
        let (mode, is_guess) = match self {
            keys if keys.is_empty() || says(keys.auto) => (Mode::Auto, false),
            keys if says(keys.disabled) => (Mode::Off, false),
            keys if says(keys.push) => (Mode::Push, false),
            keys if says(keys.background) => (Mode::KeepAwake, false),
            _ => (Mode::Auto, true),
        };
        Migrated {
            mode,
            for_calls: mode == Mode::Off && says(self.forced),
            is_guess,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// K-141 to K-145, C-22: every combination of older keys that says something else.
    #[test]
    fn m_199_k_141_to_k_145_older_keys_come_to_a_mode() {
        let (no, yes) = (Some(false), Some(true));
        let old = |auto, disabled, push, background, forced| OldKeys {
            auto,
            disabled,
            push,
            background,
            forced,
        };
        for (keys, mode, for_calls, is_guess) in [
            (old(None, None, None, None, None), Mode::Auto, false, false),
            (old(yes, yes, yes, yes, yes), Mode::Auto, false, false),
            (old(no, yes, None, None, None), Mode::Off, false, false),
            (old(None, yes, None, None, yes), Mode::Off, true, false),
            (old(no, yes, yes, yes, no), Mode::Off, false, false),
            (old(no, None, yes, None, None), Mode::Push, false, false),
            (old(None, no, yes, yes, yes), Mode::Push, false, false),
            (old(no, None, no, yes, None), Mode::KeepAwake, false, false),
            (old(no, None, None, None, None), Mode::Auto, false, true),
            (old(no, no, no, no, yes), Mode::Auto, false, true),
        ] {
            let migrated = Migrated {
                mode,
                for_calls,
                is_guess,
            };
            assert_eq!(keys.migrate(), migrated, "{keys:?}");
        }
    }

    /// K-146, K-147: what a mode means for registering.
    #[test]
    fn m_199_k_146_a_mode_says_when_to_register() {
        assert_eq!(Mode::Auto.or(Mode::Off), Mode::Off);
        assert_eq!(Mode::KeepAwake.or(Mode::Off), Mode::KeepAwake);
        for name in ["auto", "push", "keepAwake", "off"] {
            assert_eq!(Mode::read(name).map(Mode::name), Some(name));
        }
        assert_eq!(Mode::read("always"), None);
        assert_eq!(Mode::Push.registers(false), Registers::Always);
        assert_eq!(Mode::Off.registers(true), Registers::ForCalls);
        assert_eq!(Mode::Off.registers(false), Registers::Never);
    }
}
