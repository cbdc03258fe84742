//! What a host reads: settings, control lines, plugin files.

use crate::Said;
use control::wire::{ToClient, ToEngine};
use plugin_host::Manifest;
use settings::{Request, load};
use std::path::{Path, PathBuf};

/// Words of settings.
pub const SETTINGS_WORDS: &[&str] = &[
    "[accounts.a]\n",
    "[sip]\n",
    "user = ",
    "domain = ",
    "password = ",
    "\"\"",
    "true",
    "false",
    "= 5\n",
    "= -1\n",
    "= [1, 2]\n",
    "= { a = 1 }\n",
    "\"\"\"",
    "'''",
    "2026-01-01",
    "1e999",
    "inf",
    "\n",
    ".",
    "\"10s\"",
    "0x7fffffffffffffff",
];

/// Settings files that are shipped, and an account.
pub fn settings_files() -> Vec<Vec<u8>> {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config");
    let files = [
        "defaults.toml",
        "profiles/desktop.toml",
        "profiles/monitor.toml",
    ];
    let mut all: Vec<_> = files
        .iter()
        .map(|name| std::fs::read(config.join(name)).expect("it is shipped"))
        .collect();
    all.push(
        b"[accounts.a]\nuser = \"1\"\ndomain = \"d\"\npassword = \"p\"\nregister = false\n"
            .to_vec(),
    );
    all
}

/// Settings are loaded or complained about; every complaint says something.
pub fn settings(input: &[u8], said: &mut Said) {
    thread_local! {
        static FILE: PathBuf = std::env::temp_dir()
            .join(format!("offhook-fuzz-{}-{:?}.toml", std::process::id(), std::thread::current().id()));
    }
    FILE.with(|file| {
        write_private(file, input);
        let request = Request {
            profile: "desktop".into(),
            file: Some(file.clone()),
            ..Request::default()
        };
        let loaded = load(&request);
        match &loaded {
            Ok(loaded) => {
                said.count(loaded.warnings.len());
                said.count(loaded.values().count());
            }
            Err(complaints) => {
                let text = complaints.to_string();
                assert!(!text.is_empty(), "refused without a word");
                said.count(text.lines().count());
            }
        }
        let _ = std::fs::remove_file(file);
    });
}

fn write_private(file: &Path, bytes: &[u8]) {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let opened = std::fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(file);
    let written = opened.and_then(|mut open| open.write_all(bytes));
    written.expect("the folder for what is temporary can be written");
}

/// Words of control lines.
pub const CONTROL_WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "true",
    "1e999",
    "-1",
    "18446744073709551616",
    "\\u0000",
    "\\ud800",
    "\"id\":",
    "\"op\":",
    "\"call\"",
    "\"body\":",
    "\"version\":",
    "\"hello\"",
    "\"data\":{}",
    "\"key\":\"a\"",
];

/// Lines both ways, as they are written.
pub fn control_lines() -> Vec<Vec<u8>> {
    [
        r#"{"op":"hello","version":1,"resume":12873,"filter":["call.*"]}"#,
        r#"{"op":"call","id":"r1","key":"k-77","command":"dial","body":{"to":"600"}}"#,
        r#"{"op":"call","id":"r2","command":"hangup","body":{"call":"c7k2"}}"#,
        r#"{"op":"welcome","version":1,"engine":"0.1.0","features":["calls"],"seq":41}"#,
        r#"{"op":"reply","id":"r1","command":17,"ok":{"kind":"taken"}}"#,
        r#"{"op":"reply","id":"r1","error":{"code":"OH-4008","title":"t","detail":"d","fix":"f","call":"c7k2"}}"#,
        r#"{"seq":42,"ts":"1970-01-01T00:00:00.000Z","type":"call.dtmf","call":"c7k2","data":{"digit":"5","duration_ms":160,"method":"rtp","direction":"remote"}}"#,
    ]
    .iter()
    .map(|line| line.as_bytes().to_vec())
    .collect()
}

/// A line that is read is written as a line that reads the same.
pub fn control(input: &[u8], said: &mut Said) {
    let read = ToEngine::read(input);
    said.result(&read);
    // What is unknown is skipped, not written.
    if let Ok(line @ (ToEngine::Hello(_) | ToEngine::Call(_))) = read {
        let bytes = line.write();
        assert_eq!(
            bytes.iter().filter(|byte| **byte == b'\n').count(),
            1,
            "one line"
        );
        let again = ToEngine::read(&bytes).expect("we read what we write");
        assert_eq!(again.write(), bytes);
    }
    let read = ToClient::read(input);
    said.result(&read);
    if let Ok(line @ (ToClient::Welcome(_) | ToClient::Reply(_) | ToClient::Event(_))) = read {
        let bytes = line.write();
        let again = ToClient::read(&bytes).expect("we read what we write");
        assert_eq!(again.write(), bytes);
    }
}

/// Words of manifests and library files.
pub const PLUGIN_WORDS: &[&str] = &[
    "\x7fELF",
    "\x02\x01\x01",
    ".offhook.manifest",
    "offhook_plugin_entry",
    "\0\0\0\0",
    "{\"manifest\":1",
    "\"abi\":\"0.1\"",
    "\"kind\":\"codec\"",
    "\"id\":\"\"",
    "\"tables\":[]",
];

/// A manifest, and a library file as small as one can be that still has sections.
pub fn plugin_files() -> Vec<Vec<u8>> {
    let manifest = "{\"manifest\":1,\"abi\":\"0.1\",\"kind\":\"codec\",\"id\":\"codec-x\",\"name\":\"X\",\"version\":\"1.0\",\
        \"tables\":[\"offhook.codec/1\"],\"vendor\":\"v\",\"licence\":\"MIT\",\"permissions\":[\"net\"]}";
    vec![manifest.as_bytes().to_vec(), library(manifest.as_bytes())]
}

/// ELF of 64 bits, little-endian, a shared library: header, three sections (none, manifest, names).
fn library(manifest: &[u8]) -> Vec<u8> {
    let names = b"\0.offhook.manifest\0.shstrtab\0";
    let (manifest_at, names_at) = (64, 64 + manifest.len() as u64);
    let table_at = names_at + names.len() as u64;
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let machine: u16 = if cfg!(target_arch = "aarch64") {
        183
    } else {
        62
    };
    file.extend([3_u16, machine].map(u16::to_le_bytes).concat());
    file.extend(1_u32.to_le_bytes());
    file.extend([0_u64, 0, table_at].map(u64::to_le_bytes).concat());
    file.extend(0_u32.to_le_bytes());
    file.extend([64_u16, 0, 0, 64, 3, 2].map(u16::to_le_bytes).concat());
    file.extend_from_slice(manifest);
    file.extend_from_slice(names);
    let sections = [
        (0, 0, 0, 0),
        (1, 1, manifest_at, manifest.len()),
        (19, 3, names_at, names.len()),
    ];
    for (name, kind, at, size) in sections {
        file.extend([name as u32, kind].map(u32::to_le_bytes).concat());
        file.extend([0, 0, at, size as u64].map(u64::to_le_bytes).concat());
        file.extend([0_u8; 24]);
    }
    file
}

/// A manifest or a library file: read, or refused with words.
pub fn plugin(input: &[u8], said: &mut Said) {
    let read = Manifest::parse(input);
    said.result(&read);
    if let Ok(manifest) = read {
        assert!(!manifest.id.is_empty());
    }
    let read = Manifest::of_library(Path::new("fuzz.so"), input);
    said.result(&read);
    if let Err(error) = read {
        assert!(!error.to_string().is_empty());
    }
}
