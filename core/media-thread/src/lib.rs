//! The only real-time code: legs, buses and their tick.
