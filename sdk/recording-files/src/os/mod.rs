//! What differs between systems: who may read a new file.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::private;

/// Elsewhere: as the folder passes it on.
#[cfg(not(target_os = "linux"))]
pub(crate) fn private(options: &mut std::fs::OpenOptions) -> &mut std::fs::OpenOptions {
    options
}
