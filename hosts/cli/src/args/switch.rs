//! What switches a plugin.

use clap::Args as Group;
use control::PluginId;

/// `plugin disable`.
#[derive(Debug, Group)]
pub(crate) struct PluginDisable {
    /// The plugin's id, such as codec-g711
    #[arg(value_name = "ID")]
    pub(crate) plugin: PluginId,
    /// At once, also in calls that run: they go on without it
    #[arg(long)]
    pub(crate) now: bool,
}
