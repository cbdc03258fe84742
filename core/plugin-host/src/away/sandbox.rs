//! What a plugin's process takes away from itself, before it loads the plugin.
//!
//! What the manifest's `permissions` may say: `folder:PATH` (read and write below it), `device:PATH` (the
//! same, and ioctl), `net` or `net:NAME` (sockets; the kernel knows no names, so a name is for people only).
//! Without permission the process reads the system's libraries and its own file, computes, and answers.

mod os {
    #[cfg(target_os = "linux")]
    pub(super) mod linux;
}

use super::line::Line;
use landlock::{
    ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
    RulesetStatus, path_beneath_rules,
};
use rustix::process::{
    Resource, Rlimit, Signal, getppid, set_parent_process_death_signal, setrlimit,
};
use std::io;
use std::path::{Path, PathBuf};

/// Memory, with every mapping and stack. Unit: bytes.
const MEMORY: u64 = 768 << 20;
/// Open descriptors: two for each instance, and some for the plugin.
const DESCRIPTORS: u64 = 512;

/// What the permissions come to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Leave {
    folders: Vec<PathBuf>,
    devices: Vec<PathBuf>,
    net: bool,
}

/// At once: the process ends with the engine, leaves no core, and holds nothing it was not given.
pub(super) fn at_start(line: &Line) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    if getppid().is_none_or(|parent| parent.is_init()) {
        return Err(io::Error::other("the engine is gone"));
    }
    os::linux::close_all_but(line.as_fd());
    Ok(())
}

/// For good. What this kernel does not have, or a permission this host does not know, comes back in words.
pub(super) fn shut_in(plugin: &Path, permissions: &[String]) -> Vec<String> {
    let mut open = Vec::new();
    let leave = leave(permissions, &mut open);
    let mut tried = |what: &str, done: io::Result<()>| {
        if let Err(error) = done {
            open.push(format!("{what}: {error}"));
        }
    };
    for (what, resource, most) in [
        ("no core file", Resource::Core, 0),
        ("a limit of memory", Resource::As, MEMORY),
        ("a limit of descriptors", Resource::Nofile, DESCRIPTORS),
    ] {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        tried(what, setrlimit(resource, limit).map_err(Into::into));
    }
    tried(
        "no new privileges",
        rustix::thread::set_no_new_privs(true).map_err(Into::into),
    );
    tried("files by permission only", files(plugin, &leave));
    let calls = os::linux::filter_calls(os::linux::Calls {
        write: !leave.folders.is_empty() || !leave.devices.is_empty(),
        device: !leave.devices.is_empty(),
        net: leave.net,
    });
    tried("system calls by permission only", calls);
    open
}

/// Those of a manifest's `permissions` that mean nothing here: what they ask for is not given.
pub fn unknown_permissions(permissions: &[String]) -> Vec<String> {
    let mut open = Vec::new();
    leave(permissions, &mut open);
    // The engine fills that one in before it starts a process.
    let filled_in = format!("{:?}", crate::reach::RECORDINGS);
    open.retain(|said| !said.contains(&filled_in));
    open
}

fn leave(permissions: &[String], open: &mut Vec<String>) -> Leave {
    let mut leave = Leave::default();
    for permission in permissions {
        match permission.split_once(':') {
            Some(("folder", path)) if path.starts_with('/') => leave.folders.push(path.into()),
            Some(("device", path)) if path.starts_with('/') => leave.devices.push(path.into()),
            Some(("net", _)) => leave.net = true,
            None if permission == "net" => leave.net = true,
            Some(_) | None => open.push(format!("permission {permission:?} is not known")),
        }
    }
    leave
}

fn files(plugin: &Path, leave: &Leave) -> io::Result<()> {
    let status = ruled(plugin, leave).map_err(io::Error::other)?;
    match status {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        RulesetStatus::NotEnforced => Err(io::Error::other("this kernel has no Landlock")),
    }
}

fn ruled(plugin: &Path, leave: &Leave) -> Result<RulesetStatus, RulesetError> {
    let abi = ABI::V5;
    let (all, read) = (AccessFs::from_all(abi), AccessFs::from_read(abi));
    let libraries = ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib"];
    let libraries = libraries.map(PathBuf::from).into_iter();
    let files = ["/etc/ld.so.cache", "/dev/urandom", "/dev/null"];
    let files = files.map(PathBuf::from).into_iter();
    let mut rules = Ruleset::default().handle_access(all)?;
    if !leave.net {
        rules = rules.handle_access(AccessNet::from_all(abi))?;
    }
    let readable = libraries.chain(files).chain([plugin.to_owned()]);
    let writable = leave.folders.iter().chain(&leave.devices);
    let status = rules
        .create()?
        .add_rules(path_beneath_rules(readable, read))?
        .add_rules(path_beneath_rules(writable, all))?
        .restrict_self()?;
    Ok(status.ruleset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_that_are_not_known_are_said() {
        let said = ["folder:/var/rec", "net:a.example", "folder:rel", "root"].map(str::to_owned);
        let mut open = Vec::new();
        let leave = leave(&said, &mut open);
        assert_eq!(
            leave,
            Leave {
                folders: vec!["/var/rec".into()],
                devices: Vec::new(),
                net: true,
            }
        );
        assert_eq!(open.len(), 2, "{open:?}");
    }
}
