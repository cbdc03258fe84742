//! Commands about plugins.

use super::{Commands, Outcome};
use control::command::{Command, Reply};
use control::{Code, ErrorObject};

impl Commands {
    #[allow(clippy::wildcard_enum_match_arm)] // `carry_out` names every command.
    pub(super) fn on_plugin(&self, asked: &Command) -> Outcome {
        let plugins = || self.plugins.borrow();
        match asked {
            Command::PluginReload(asked) => match &self.reload {
                Some(reload) => reload(asked),
                None => Err(ErrorObject::new(
                    Code::WRONG_STATE,
                    "this engine has no voice, so no plugins",
                )),
            },
            Command::PluginWhy(of) => plugins().tries(of.plugin.as_str()),
            Command::PluginEnable(of) => plugins().switch(of.plugin.as_str(), true),
            Command::PluginDisable(of) => plugins().switch(of.plugin.as_str(), false),
            Command::PluginTop(_) => Ok(Reply::PluginCosts {
                costs: plugins().costs(),
            }),
            _ => Ok(Reply::Plugins {
                plugins: plugins().snapshots().to_vec(),
            }),
        }
    }
}
