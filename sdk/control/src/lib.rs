//! Commands, events and snapshots: the engine's public words.
