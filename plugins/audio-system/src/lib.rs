//! The system's sound devices.
