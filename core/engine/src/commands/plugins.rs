//! Commands about plugins.

use super::{Commands, Later, Outcome};
use control::command::{Command, Reply};
use control::{Code, ErrorObject};

impl Commands {
    #[allow(clippy::wildcard_enum_match_arm)] // `carry_out` names every command.
    pub(super) fn on_plugin(&self, asked: &Command) -> Outcome {
        let plugins = || self.plugins.borrow();
        match asked {
            Command::PluginWhy(of) => plugins().tries(of.plugin.as_str()),
            Command::PluginEnable(of) => self.plugins.borrow_mut().enable(of.plugin.as_str()),
            Command::PluginDisable(of) => {
                let mut plugins = self.plugins.borrow_mut();
                plugins.disable(of.plugin.as_str(), of.now)
            }
            _ => Ok(Reply::Plugins {
                plugins: plugins().snapshots().to_vec(),
            }),
        }
    }

    /// Begins what a plugin may take its time for; nothing else waits for it.
    #[allow(clippy::wildcard_enum_match_arm)] // `is_slow` names them.
    pub(crate) fn slow(&self, asked: &Command) -> Later {
        match (asked, &self.reload) {
            (Command::PluginTop(_), _) => self.plugins.borrow().costs(),
            (Command::PluginReload(asked), Some(reload)) => reload(asked),
            _ => {
                let why = "this engine has no voice, so no plugins";
                let refused = Err(ErrorObject::new(Code::WRONG_STATE, why));
                Box::pin(std::future::ready(refused))
            }
        }
    }
}

/// Whether it is answered once plugins have answered.
pub(crate) const fn is_slow(command: &Command) -> bool {
    matches!(command, Command::PluginTop(_) | Command::PluginReload(_))
}
