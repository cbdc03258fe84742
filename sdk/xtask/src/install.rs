//! What the machine needs beside Rust: Debian packages by name, cargo-nextest, the speech scorer.
//!
//! Asks dpkg first, so that a second run is instant. Nothing else is put outside the build folder.

use crate::{command, workspace};
use std::path::Path;
use std::process::{Command, Stdio};

/// What the packages are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Building and running offhook.
    Demo,
    /// That, and what drives and counts in `benches`.
    Bench,
    /// What demo needs, and the peers of the interop tests.
    All,
}

/// A linker, pkg-config, the headers of the sound system (plugin audio-system) and of Opus (plugin
/// codec-opus).
const BUILD: &[&str] = &[
    "build-essential",
    "pkg-config",
    "libasound2-dev",
    "libopus-dev",
];

/// SIPp calls; callgrind counts instructions; taskset keeps what is measured on a core of its own.
const BENCH: &[&str] = &["sip-tester", "valgrind", "util-linux"];

/// Programs that play the other end, servers of people, programs that ask over HTTP and WebSocket, the library that plugin codec-g729
/// looks for, a GSM coder and an Opus decoder to compare ours with, `ss` to read marks of sockets, recorded human speech, and Python for the speech scorer.
const PEERS: &[&str] = &[
    "sip-tester",
    "kamailio",
    "kamailio-presence-modules",
    "kamailio-tls-modules",
    "baresip-core",
    "linphone-cli",
    "slapd",
    "radicale",
    "libbcg729-0",
    "libgsm-tools",
    "opus-tools",
    "iproute2",
    "curl",
    "python3-websockets",
    "pocketsphinx-testdata",
    "python3",
    "python3-venv",
];

/// The speech scorer and what it stands on, from PyPI.
const SCORER: &[&str] = &["pystoi==0.4.1", "numpy==2.4.6", "scipy==1.17.1"];

/// Installs what is missing.
pub(crate) fn run(need: Need) -> Result<(), String> {
    let mut wanted = BUILD.to_vec();
    match need {
        Need::Demo => {}
        Need::Bench => wanted.extend(BENCH),
        Need::All => wanted.extend(PEERS),
    }
    packages(&wanted)?;
    if need == Need::All {
        components()?;
        nextest()?;
        scorer(&workspace::load()?.target)?;
    }
    Ok(())
}

fn packages(wanted: &[&str]) -> Result<(), String> {
    if !command::exists("dpkg-query", &["--version"]) {
        return Err(format!(
            "this is not a Debian system: install by hand what these packages hold, then go on: {}",
            wanted.join(" ")
        ));
    }
    let missing = missing(wanted);
    if missing.is_empty() {
        println!("install: system packages are there");
        return Ok(());
    }
    println!("install: needs {}", missing.join(" "));
    let mut install = apt(&["install", "--yes", "--no-install-recommends"], &missing)?;
    if command::succeed(&mut install).is_ok() {
        return Ok(());
    }
    // A fresh machine has no package lists, and old lists name files that are gone.
    command::succeed(&mut apt(&["update"], &[])?)?;
    command::succeed(&mut apt(
        &["install", "--yes", "--no-install-recommends"],
        &missing,
    )?)
    .map_err(|error| {
        format!(
            "{error}\ninstall by hand: apt-get install {}",
            missing.join(" ")
        )
    })
}

fn missing<'a>(wanted: &[&'a str]) -> Vec<&'a str> {
    let answer = Command::new("dpkg-query")
        .args(["--show", "--showformat", "${Package} ${db:Status-Status}\n"])
        .args(wanted)
        .stderr(Stdio::null())
        .output();
    let text = answer
        .map(|done| String::from_utf8_lossy(&done.stdout).into_owned())
        .unwrap_or_default();
    absent(wanted, &text)
}

/// Those of `wanted` that dpkg's `answer` does not call installed.
fn absent<'a>(wanted: &[&'a str], answer: &str) -> Vec<&'a str> {
    let installed = |name: &&str| {
        answer
            .lines()
            .any(|line| line.split_once(' ') == Some((name, "installed")))
    };
    wanted
        .iter()
        .copied()
        .filter(|name| !installed(name))
        .collect()
}

/// apt-get, as root or through sudo.
fn apt(words: &[&str], names: &[&str]) -> Result<Command, String> {
    let is_root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|done| done.stdout.trim_ascii() == b"0");
    let mut apt = if is_root {
        Command::new("apt-get")
    } else if command::exists("sudo", &["--version"]) {
        let mut sudo = Command::new("sudo");
        sudo.args(["--preserve-env=DEBIAN_FRONTEND", "apt-get"]);
        sudo
    } else {
        return Err(format!(
            "not root, and sudo is not here. As root: apt-get install --no-install-recommends {}",
            names.join(" ")
        ));
    };
    apt.args(words)
        .args(names)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null());
    Ok(apt)
}

/// rustfmt and clippy, which the smallest Rust installation leaves out.
fn components() -> Result<(), String> {
    let missing = |name: &&str| !command::exists("cargo", &[name, "--version"]);
    let missing: Vec<&str> = ["fmt", "clippy"].into_iter().filter(missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("install: needs rustfmt and clippy");
    let mut rustup = Command::new("rustup");
    command::succeed(rustup.args(["component", "add", "rustfmt", "clippy"]))
}

fn nextest() -> Result<(), String> {
    if command::exists("cargo", &["nextest", "--version"]) {
        return Ok(());
    }
    println!("install: needs cargo-nextest");
    command::succeed(command::cargo(Path::new(".")).args(["install", "cargo-nextest", "--locked"]))
}

/// A Python environment below the build folder; a file says what it holds.
fn scorer(target: &Path) -> Result<(), String> {
    let folder = target.join("python");
    let note = folder.join("holds.txt");
    let wanted = SCORER.join(" ");
    if std::fs::read_to_string(&note).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    println!("install: needs {wanted} (in {})", folder.display());
    command::succeed(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
    )?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ];
    command::succeed(
        Command::new(folder.join("bin/python"))
            .args(pip)
            .args(SCORER),
    )?;
    std::fs::write(&note, wanted).map_err(|error| format!("{}: {error}", note.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_installed_packages_count_as_there() {
        let answer = "a installed\nb not-installed\nc config-files\n";
        assert_eq!(absent(&["a", "b", "c", "d"], answer), ["b", "c", "d"]);
    }
}
