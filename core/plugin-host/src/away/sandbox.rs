//! What a plugin's process takes away from itself, before it loads the plugin.
//!
//! What the manifest's `permissions` may say: `folder:PATH` (read and write below it), `device:PATH` (the
//! same, and ioctl), `net` or `net:NAME` (sockets; the kernel knows no names, so a name is for people only).
//! Without permission the process reads the system's libraries, computes, and answers.

mod os {
    #[cfg(target_os = "linux")]
    pub(super) mod linux;
}

use super::line::Line;
use landlock::{
    ABI, Access, AccessFs, AccessNet, LandlockStatus, RestrictionStatus, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use rustix::process::{
    Resource, Rlimit, Signal, getppid, set_parent_process_death_signal, setrlimit,
};
use std::io;
use std::path::PathBuf;

/// Memory, with every mapping and stack. Unit: bytes.
const MEMORY: u64 = 768 << 20;
/// Open descriptors: two for each instance, and some for the plugin.
const DESCRIPTORS: u64 = 512;

/// One file. As much as a WAV file can hold. Unit: bytes.
const FILE: u64 = 4 << 30;
/// Version of Landlock whose limits are wanted. Source: landlock(7), "Landlock features".
const LANDLOCK: ABI = ABI::V6;
/// What each version brought, from the second on.
const BROUGHT: [(ABI, &str); 5] = [
    (ABI::V2, "files moved between folders"),
    (ABI::V3, "files cut short"),
    (ABI::V4, "TCP"),
    (ABI::V5, "what devices are told"),
    (ABI::V6, "signals and abstract sockets"),
];

/// What the permissions come to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Leave {
    folders: Vec<PathBuf>,
    devices: Vec<PathBuf>,
    net: bool,
}

/// At once: the process ends with the engine, whose process number this is, and holds nothing it was not given.
pub(super) fn at_start(line: &Line, engine: u32) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // An engine may itself be the first process, as in a container; so its number is compared.
    let parent = getppid().map(|parent| parent.as_raw_nonzero().get());
    if parent.and_then(|parent| u32::try_from(parent).ok()) != Some(engine) {
        return Err(io::Error::other("the engine is gone"));
    }
    os::linux::close_all_but(line.as_fd());
    Ok(())
}

/// For good. What this kernel does not have, or a permission this host does not know, comes back in words.
pub(super) fn shut_in(permissions: &[String]) -> Vec<String> {
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
        ("a limit of file sizes", Resource::Fsize, FILE),
    ] {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        tried(what, setrlimit(resource, limit).map_err(Into::into));
    }
    tried("no end by a large file", os::linux::survive_large_files());
    tried(
        "no new privileges",
        rustix::thread::set_no_new_privs(true).map_err(Into::into),
    );
    tried("files by permission only", files(&leave));
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

fn files(leave: &Leave) -> io::Result<()> {
    let status = ruled(leave).map_err(io::Error::other)?;
    let missing = missing(&status.ruleset, &status.landlock);
    missing.map_or(Ok(()), |what| Err(io::Error::other(what)))
}

/// What of the limits by Landlock is not in force, in words.
fn missing(ruleset: &RulesetStatus, landlock: &LandlockStatus) -> Option<String> {
    let version = match (ruleset, landlock) {
        (RulesetStatus::FullyEnforced, _) => return None,
        (_, LandlockStatus::NotEnabled) => return Some("Landlock is not switched on".into()),
        (_, LandlockStatus::NotImplemented) | (RulesetStatus::NotEnforced, _) => {
            return Some("this kernel has no Landlock".into());
        }
        (RulesetStatus::PartiallyEnforced, LandlockStatus::Available { effective_abi, .. }) => {
            *effective_abi
        }
    };
    let newer = BROUGHT.iter().filter(|(since, _)| version < *since);
    let newer: Vec<_> = newer.map(|(_, what)| *what).collect();
    let lacks = if newer.is_empty() {
        "some rights".to_owned()
    } else {
        newer.join(", ")
    };
    Some(format!("Landlock of this kernel does not limit {lacks}"))
}

fn ruled(leave: &Leave) -> Result<RestrictionStatus, RulesetError> {
    let (all, read) = (AccessFs::from_all(LANDLOCK), AccessFs::from_read(LANDLOCK));
    let libraries = ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib"];
    let libraries = libraries.map(PathBuf::from).into_iter();
    let files = ["/etc/ld.so.cache", "/dev/urandom", "/dev/null"];
    let files = files.map(PathBuf::from).into_iter();
    let mut rules = Ruleset::default()
        .handle_access(all)?
        .scope(Scope::from_all(LANDLOCK))?;
    if !leave.net {
        rules = rules.handle_access(AccessNet::from_all(LANDLOCK))?;
    }
    let readable = libraries.chain(files);
    let writable = leave.folders.iter().chain(&leave.devices);
    rules
        .create()?
        .add_rules(path_beneath_rules(readable, read))?
        .add_rules(path_beneath_rules(writable, all))?
        .restrict_self()
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

    #[test]
    fn a_kernel_with_half_of_landlock_is_not_taken_for_a_whole_one() {
        let version = |effective_abi| LandlockStatus::Available {
            effective_abi,
            kernel_abi: None,
        };
        assert_eq!(
            missing(&RulesetStatus::FullyEnforced, &version(ABI::V6)),
            None
        );
        let half = missing(&RulesetStatus::PartiallyEnforced, &version(ABI::V4)).unwrap();
        assert!(
            half.ends_with("what devices are told, signals and abstract sockets"),
            "{half}"
        );
        let none = missing(&RulesetStatus::NotEnforced, &LandlockStatus::NotImplemented);
        assert!(none.unwrap().contains("no Landlock"));
    }
}
