//! What only the operating system knows.

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub(crate) use linux::user_id;

/// The user this process acts for: not known on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn user_id() -> Option<u32> {
    None
}
