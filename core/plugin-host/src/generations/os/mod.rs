//! How a folder is kept from other users.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod portable;

#[cfg(target_os = "linux")]
pub(super) use linux::private_folder;
#[cfg(not(target_os = "linux"))]
pub(super) use portable::private_folder;
