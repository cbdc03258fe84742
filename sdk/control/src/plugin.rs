//! Plugins that are replaced while the engine runs.

use crate::PluginId;
use serde::{Deserialize, Serialize};

/// Put a newer build of a plugin in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginReload {
    /// Its id, such as `codec-g711`.
    pub plugin: PluginId,
    /// The library. `None`: the file that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Also in calls that run, where it is on trial for a second. Only codecs can.
    #[serde(default)]
    pub live: bool,
}

/// Leave a plugin's file out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginOff {
    /// Its id, such as `codec-x`.
    pub plugin: PluginId,
    /// Also what runs: calls go on without it.
    #[serde(default)]
    pub now: bool,
}

/// A newer build is there for new calls.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PluginReloaded {
    /// The plugin's id.
    pub plugin: String,
    /// The how many-th it is. Range: 2 and up.
    pub generation: u32,
    /// Calls that have it on trial.
    pub calls: u64,
}

/// The builds of a plugin that was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PluginBuilds {
    /// The current one is the how many-th. Range: 1 and up.
    pub generation: u32,
    /// Builds that were loaded and are not the current one.
    pub old: u64,
    /// Those of them that calls still have open.
    pub old_in_use: u64,
    /// Address space that the old ones take until the engine ends. Unit: bytes.
    pub old_mapped_bytes: u64,
}
