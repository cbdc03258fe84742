//! Who may import whom: the layer table and the rules that go with it.
//!
//! The table stands here and in ARCHITECTURE.md. Crates under `dev-dependencies` are not bound by it:
//! tests may use anything.

use crate::lexer::Source;
use crate::workspace::{Member, Workspace};

mod built_in;
#[cfg(test)]
mod tests;

/// Where a crate stands. Ordered: a crate imports only lower ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    /// 0: words everyone shares.
    Base,
    /// 1: bytes to values and back.
    Values,
    /// 2: machines and arithmetic.
    Machines,
    /// 3: words between parts; typed settings.
    Words,
    /// 4a: sockets, plugin libraries, stored data.
    Outside,
    /// 4b: the real-time loop.
    Media,
    /// 4c: parts.
    Parts,
    /// 5: puts parts together.
    Engine,
    /// 5b: the usual lists of parts and the usual terminal, for hosts that want the usual.
    Assembly,
    /// 6: lists of parts and plugins.
    Hosts,
}

/// What kind of crate a folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Core(Layer),
    /// `sdk/plugin-abi`: layout only.
    PluginAbi,
    /// `sdk/plugin`: the safe face of the layout.
    PluginFace,
    /// `sdk/control` and whatever else integrators import.
    Sdk,
    /// `sdk/plugin-testkit`: the validator, which asks the loader's own rules.
    Testkit,
    /// `sdk/rsip`: conversions for integrators whose code speaks rsip.
    Conversion,
    Plugin,
    /// `sdk/xtask`, `tests/*`, `benches`: may import anything, nothing imports them.
    Tool,
}

/// The layer table. A folder ending in `/` stands for everything below it.
const TABLE: &[(&str, Place)] = &[
    ("core/base", Place::Core(Layer::Base)),
    ("core/sip-message", Place::Core(Layer::Values)),
    ("core/sdp", Place::Core(Layer::Values)),
    ("core/sip", Place::Core(Layer::Machines)),
    ("core/nat", Place::Core(Layer::Machines)),
    ("core/rtp", Place::Core(Layer::Machines)),
    ("core/audio", Place::Core(Layer::Machines)),
    ("core/policy", Place::Core(Layer::Machines)),
    ("core/account", Place::Core(Layer::Machines)),
    ("core/ports", Place::Core(Layer::Words)),
    ("core/settings", Place::Core(Layer::Words)),
    ("core/directory", Place::Core(Layer::Outside)),
    ("core/http", Place::Core(Layer::Outside)),
    ("core/net", Place::Core(Layer::Outside)),
    ("core/plugin-host", Place::Core(Layer::Outside)),
    ("core/store", Place::Core(Layer::Outside)),
    ("core/xcap", Place::Core(Layer::Outside)),
    ("core/media-thread", Place::Core(Layer::Media)),
    ("core/parts/", Place::Core(Layer::Parts)),
    ("core/engine", Place::Core(Layer::Engine)),
    ("core/phone", Place::Core(Layer::Assembly)),
    ("core/demo-pbx", Place::Core(Layer::Assembly)),
    ("core/terminal", Place::Core(Layer::Assembly)),
    ("hosts/", Place::Core(Layer::Hosts)),
    ("sdk/plugin-abi", Place::PluginAbi),
    ("sdk/plugin", Place::PluginFace),
    ("sdk/control", Place::Sdk),
    ("sdk/plugin-template", Place::Sdk),
    ("sdk/people", Place::Sdk),
    ("sdk/recording-files", Place::Sdk),
    ("sdk/tokens", Place::Sdk),
    ("sdk/plugin-testkit", Place::Testkit),
    ("sdk/rsip", Place::Conversion),
    ("sdk/xtask", Place::Tool),
    ("plugins/", Place::Plugin),
    ("tests/", Place::Tool),
    ("benches", Place::Tool),
];

/// Crates that bring a runtime, a socket, a device, a library loader or the system into layers 0 to 2.
/// A name ending in `-` or `_` stands for all that begin with it.
const IMPURE_CRATES: &[&str] = &[
    "actix",
    "actix-",
    "actix_",
    "async-",
    "cpal",
    "crossbeam-channel",
    "getrandom",
    "hickory-",
    "if-addrs",
    "libc",
    "libloading",
    "mio",
    "nix",
    "rand",
    "rustix",
    "rustls",
    "socket2",
    "tokio",
    "tokio-",
];

/// Paths of the standard library that read a clock, touch a file or a socket, or start something.
const IMPURE_PATHS: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io::stderr",
    "std::io::stdin",
    "std::io::stdout",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::ToSocketAddrs",
    "std::net::UdpSocket",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::time::UNIX_EPOCH",
];

/// Modules that may not be imported whole, because an impure name could hide behind the short path.
const NOT_WHOLE: &[&str] = &["std::io", "std::net", "std::time"];

/// Crates of layer 4a that plugins may import (decision 0011).
const FOR_PLUGINS: &[&str] = &["core/http"];

/// Folders whose crates may hold `unsafe`. Each is named, with its reason, in decision 0010.
const UNSAFE_CRATES: &[&str] = &[
    "plugins/codec-g729",
    "plugins/mock-faulty",
    "sdk/plugin",
    "sdk/plugin-abi",
    "sdk/plugin-testkit",
    "core/plugin-host",
];

/// All violations, one line each.
pub(crate) fn check(space: &Workspace) -> Vec<String> {
    let mut found = Vec::new();
    for member in &space.members {
        let Some(place) = place(&member.folder) else {
            found.push(format!(
                "{}: not in the layer table (sdk/xtask/src/layers.rs)",
                member.folder
            ));
            continue;
        };
        imports(space, member, place, &mut found);
        if place == Place::Conversion && member.by_default {
            found.push(format!(
                "{}: belongs outside default-members of the root Cargo.toml",
                member.folder
            ));
        }
        sources(space, member, place, &mut found);
        lints(space, member, place, &mut found);
        if place == Place::Core(Layer::Hosts) {
            built_in::check(space, member, &mut found);
        }
    }
    found
}

fn place(folder: &str) -> Option<Place> {
    TABLE
        .iter()
        .find(|(name, _)| match name.strip_suffix('/') {
            Some(above) => folder
                .strip_prefix(above)
                .is_some_and(|rest| rest.starts_with('/')),
            None => folder == *name,
        })
        .map(|&(_, place)| place)
}

fn imports(space: &Workspace, member: &Member, place: Place, found: &mut Vec<String>) {
    for import in member.imports.iter().filter(|import| !import.for_tests) {
        let why = match space.member(&import.name) {
            Some(ours) if is_for_plugins(place, &ours.folder) => None,
            Some(ours) => self::place(&ours.folder).and_then(|other| refuse_own(place, other)),
            None => refuse_foreign(place, &import.name),
        };
        if let Some(why) = why {
            found.push(format!("{} imports {}: {why}", member.folder, import.name));
        }
    }
}

fn is_for_plugins(from: Place, folder: &str) -> bool {
    from == Place::Plugin && FOR_PLUGINS.contains(&folder)
}

/// Why a crate at `from` may not import our crate at `to`, if it may not.
fn refuse_own(from: Place, to: Place) -> Option<&'static str> {
    match (from, to) {
        (Place::Tool, _) => None,
        (_, Place::Tool) => Some("tests, benches and tools are imported by nothing"),
        (Place::PluginAbi, _) => Some("the plugin layout depends on nothing"),
        (Place::PluginFace, Place::PluginAbi) => None,
        (Place::PluginFace, _) => Some("sdk/plugin depends on sdk/plugin-abi only"),
        (Place::Core(Layer::Hosts), Place::Testkit) => None,
        (_, Place::Testkit) => Some("only hosts offer the validator"),
        (Place::Testkit, Place::PluginAbi | Place::PluginFace) => None,
        (Place::Testkit, Place::Core(layer)) if layer <= Layer::Outside => None,
        (Place::Testkit, _) => Some("the validator imports the plugin boundary and its loader"),
        (Place::Sdk, Place::PluginAbi | Place::PluginFace | Place::Sdk) => None,
        (Place::Sdk, _) => Some("the sdk depends on nothing in core"),
        (Place::Conversion, Place::Core(Layer::Base | Layer::Values)) => None,
        (Place::Conversion, _) => Some("sdk/rsip converts values of layer 1, nothing else"),
        (_, Place::Conversion) => Some("sdk/rsip is for integrators, not for us"),
        (Place::Plugin, Place::PluginAbi | Place::PluginFace | Place::Sdk) => None,
        (Place::Plugin, Place::Core(layer)) if layer <= Layer::Machines => None,
        (Place::Plugin, _) => Some("a plugin imports sdk/* and layers 0 to 2, nothing else"),
        (Place::Core(Layer::Hosts), Place::Plugin) => None,
        (Place::Core(_), Place::Plugin) => Some("only hosts name plugins"),
        (Place::Core(layer), Place::PluginAbi | Place::PluginFace | Place::Sdk) => {
            (layer < Layer::Words).then_some("layers 0 to 2 do not know the sdk")
        }
        (Place::Core(Layer::Parts), Place::Core(Layer::Parts)) => {
            Some("parts meet in core/ports, never directly")
        }
        (Place::Core(above), Place::Core(below)) => {
            (below >= above).then_some("a layer imports only lower ones")
        }
    }
}

/// Why a crate at `from` may not import this crate from the registry, if it may not.
fn refuse_foreign(from: Place, name: &str) -> Option<&'static str> {
    let is_actix = name.starts_with("actix");
    match from {
        Place::PluginAbi => Some("the plugin layout depends on nothing"),
        Place::Core(layer) if layer <= Layer::Machines && is_impure(name) => {
            Some("layers 0 to 2 have no runtime, socket, file, device or clock")
        }
        Place::Core(Layer::Engine | Layer::Hosts) | Place::Tool => None,
        Place::Core(_)
        | Place::Plugin
        | Place::PluginFace
        | Place::Sdk
        | Place::Testkit
        | Place::Conversion
            if is_actix =>
        {
            Some("actix is named only in the engine and hosts")
        }
        Place::Core(_)
        | Place::Plugin
        | Place::PluginFace
        | Place::Sdk
        | Place::Testkit
        | Place::Conversion => None,
    }
}

fn is_impure(name: &str) -> bool {
    IMPURE_CRATES.iter().any(|crate_name| {
        let all = crate_name.ends_with(['-', '_']);
        if all {
            name.starts_with(crate_name)
        } else {
            name == *crate_name
        }
    })
}

/// Whether a file is test code as a whole.
pub(crate) fn is_test_file(short: &str) -> bool {
    short.starts_with("tests/")
        || short.contains("/tests/")
        || short.ends_with("/tests.rs")
        || short.contains("/benches/")
}

/// Reads the crate's sources: impure paths in layers 0 to 2, `unsafe` where it may not stand.
fn sources(space: &Workspace, member: &Member, place: Place, found: &mut Vec<String>) {
    let pure = matches!(place, Place::Core(layer) if layer <= Layer::Machines);
    for path in space.files(&member.folder, ".rs") {
        let short = space.short(&path);
        if owner(space, &short) != Some(member.folder.as_str()) {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let source = Source::new(&text);
        if pure && !is_test_file(&short) {
            found.extend(impure_paths(&source).into_iter().map(|(path, line)| {
                format!("{short}:{line}: {path} in a layer without IO or clock")
            }));
        }
        if !may_be_unsafe(&short) {
            let lines = source
                .tokens
                .iter()
                .filter(|token| token.text == "unsafe")
                .map(|token| token.line);
            found.extend(lines.map(|line| format!("{short}:{line}: unsafe does not stand here")));
        }
    }
}

/// The crate a file belongs to: the innermost folder that holds it.
fn owner<'a>(space: &'a Workspace, short: &str) -> Option<&'a str> {
    let holds = |member: &&Member| {
        short
            .strip_prefix(member.folder.as_str())
            .is_some_and(|rest| rest.starts_with('/'))
    };
    space
        .members
        .iter()
        .filter(holds)
        .max_by_key(|member| member.folder.len())
        .map(|member| member.folder.as_str())
}

fn impure_paths(source: &Source<'_>) -> Vec<(String, usize)> {
    let tests = source.test_spans();
    let outside = |line: usize| !tests.iter().any(|&(from, to)| (from..=to).contains(&line));
    source
        .std_paths()
        .into_iter()
        .filter(|(path, line)| outside(*line) && is_impure_path(path))
        .collect()
}

fn is_impure_path(path: &str) -> bool {
    let bare = path.strip_suffix("::self").unwrap_or(path);
    let whole = bare.strip_suffix("::*").unwrap_or(bare);
    IMPURE_PATHS
        .iter()
        .any(|prefix| is_below(bare, prefix, "::"))
        || NOT_WHOLE.contains(&whole)
}

/// Whether `path` is `prefix` or continues it behind `separator`.
fn is_below(path: &str, prefix: &str, separator: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(separator))
}

/// Where `unsafe` may stand: the plugin boundary, batched system calls, the tests' counting allocator.
fn may_be_unsafe(short: &str) -> bool {
    UNSAFE_CRATES
        .iter()
        .any(|folder| is_below(short, folder, "/"))
        || (short.starts_with("core/net/") && short.contains("/os/"))
        || (is_test_file(short) && short.contains("alloc"))
}

/// Each crate takes the shared lints, unless it is one that may hold `unsafe`.
fn lints(space: &Workspace, member: &Member, place: Place, found: &mut Vec<String>) {
    let folder = space.root.join(&member.folder);
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    let Ok(manifest) = manifest.parse::<toml::Table>() else {
        return;
    };
    let lints = manifest.get("lints");
    if lints
        .and_then(|lints| lints.get("workspace"))
        .and_then(toml::Value::as_bool)
        == Some(true)
    {
        return;
    }
    let allowed = UNSAFE_CRATES.contains(&member.folder.as_str())
        || member.folder == "core/net"
        || place == Place::Tool;
    if !allowed {
        found.push(format!(
            "{}: Cargo.toml does not say `[lints] workspace = true`",
            member.folder
        ));
    } else if lints.and_then(|lints| lints.get("clippy")).is_none() {
        found.push(format!(
            "{}: has lints of its own but leaves out clippy's",
            member.folder
        ));
    }
}
