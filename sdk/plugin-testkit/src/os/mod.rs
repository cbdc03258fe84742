//! What only the operating system knows: what a thread does behind our back.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod patch;
#[cfg(target_os = "linux")]
mod trap;

#[cfg(target_os = "linux")]
pub(crate) use linux::{
    cpu_ns, descriptors, end, end_group, ending, limit_files, remember, resident_kib,
    signal_handlers, threads,
};
#[cfg(target_os = "linux")]
pub(crate) use patch::{Seen, watch, watched};
#[cfg(target_os = "linux")]
pub(crate) use trap::{guarded, no_system_calls};
