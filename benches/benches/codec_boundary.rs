//! The same codec called directly and through its table: linked in, from a library file, behind the fence.
//!
//! The direct call is what a host would make that knows its codecs: a call of a function that is told
//! slices, as the media thread has them. `inlined` shows what the compiler makes of a loop that holds
//! nothing but one codec, whose law and packet it knows: encoder and decoder in one piece.
//!
//! Counted in instructions by valgrind's callgrind, because the difference is finer than a clock on a
//! busy machine; in nanoseconds where valgrind is missing. One call encodes and decodes 20 ms of PCMU.
//!
//! Goal: the call through the loaded table within 5 % of the direct call, the fence included. The
//! fence's clock is shown beside it.

use base::Hertz;
use codec_g711::G711;
use plugin::{Codec, CodecRequest, EntryHandle, Status};
use plugin_host::load::load;
use plugin_host::{Catalogue, Manifest, wall_clock};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Ways to reach the codec, the direct one first.
const WAYS: [&str; 6] = [
    "direct",
    "inlined",
    "linked in",
    "library",
    "fenced",
    "timed",
];

/// Where the library file is; set by `cargo xtask`, else by this program for its children.
const FOLDER: &str = "OFFHOOK_PLUGIN_DIR";

/// Calls of the two runs whose difference is taken, so that start-up falls out.
const CALLS: [u64; 2] = [1_000, 11_000];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, way, calls] = arguments.as_slice()
        && flag == "--run"
    {
        return run(way, calls.parse().expect("a number from the parent"));
    }
    let folder = std::env::var_os(FOLDER).map_or_else(build, PathBuf::from);
    println!("codec boundary: PCMU, encode and decode 20 ms");
    let counted = count(WAYS[0], &folder).is_some();
    let unit = if counted {
        "instructions"
    } else {
        "ns (no valgrind)"
    };
    let (mut direct, mut table) = (0.0, String::new());
    for way in WAYS {
        let cost = count(way, &folder).unwrap_or_else(|| clock(way, &folder));
        if way == WAYS[0] {
            direct = cost;
        }
        let more = (cost / direct - 1.0) * 100.0;
        println!("{way:>10}: {cost:7.1} {unit}, {more:+.1} %");
        table += &format!("{way}\t{cost}\t{unit}\n");
    }
    // For the table of `cargo xtask bench`.
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("codec_boundary.txt");
    std::fs::write(file, table).expect("cargo made the folder");
}

/// Instructions of one call; `None` without valgrind.
fn count(way: &str, folder: &Path) -> Option<f64> {
    let run = |calls: u64| -> Option<f64> {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe().ok()?)
            .args(["--run", way, &calls.to_string()])
            .env(FOLDER, folder)
            .output()
            .ok()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let collected = said.split("Collected :").nth(1)?;
        collected.split_whitespace().next()?.parse().ok()
    };
    Some((run(CALLS[1])? - run(CALLS[0])?) / (CALLS[1] - CALLS[0]) as f64)
}

/// Nanoseconds of one call, best of nine; start-up falls out as above.
fn clock(way: &str, folder: &Path) -> f64 {
    let run = |calls: u64| {
        let mut command = Command::new(std::env::current_exe().expect("we run"));
        command
            .args(["--run", way, &calls.to_string()])
            .env(FOLDER, folder);
        let start = std::time::Instant::now();
        assert!(command.status().expect("we run").success());
        start.elapsed().as_nanos() as f64
    };
    let calls = 1_000_000;
    let best = (0..9).map(|_| (run(calls) - run(1)) / calls as f64);
    best.fold(f64::INFINITY, f64::min)
}

/// Makes `calls` calls one way.
fn run(way: &str, calls: u64) {
    match way {
        "direct" => direct(calls),
        "inlined" => inlined(calls),
        "linked in" => {
            let entry = EntryHandle::built_in(&codec_g711::ENTRY);
            table(&entry.expect("the entry is sound"), calls);
        }
        "library" => {
            let manifest = Manifest::read(&file()).expect("it is a plugin");
            table(&load(&file(), &manifest).expect("it loads"), calls);
        }
        "fenced" => fenced(Catalogue::new("bench", "1"), calls),
        _ => fenced(Catalogue::new("bench", "1").timed_by(wall_clock), calls),
    }
}

/// Through functions that are not part of the loop.
fn direct(calls: u64) {
    #[inline(never)]
    fn encode(codec: &mut G711, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status> {
        codec.encode(pcm, payload)
    }
    #[inline(never)]
    fn decode(codec: &mut G711, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        codec.decode(payload, pcm)
    }
    let mut codec = std::hint::black_box(G711::open(&REQUEST).expect("format 0 is PCMU"));
    repeat(calls, |pcm, payload| {
        let size = encode(&mut codec, pcm, payload).expect("it fits");
        decode(&mut codec, &payload[..size], pcm).expect("it fits");
    });
}

fn inlined(calls: u64) {
    let mut codec = G711::open(&REQUEST).expect("format 0 is PCMU");
    repeat(calls, |pcm, payload| {
        let size = G711::encode(&mut codec, pcm, payload).expect("it fits");
        G711::decode(&mut codec, &payload[..size], pcm).expect("it fits");
    });
}

/// PCMU, nothing agreed, nothing asked for.
const REQUEST: CodecRequest<'static> = CodecRequest {
    format: 0,
    fmtp: "",
    options: "",
};

/// Through the table alone.
fn table(entry: &EntryHandle, calls: u64) {
    let handle = entry.codec().expect("it is sound").expect("it is a codec");
    let mut codec = handle.open(&REQUEST).expect("format 0 is PCMU");
    repeat(calls, |pcm, payload| {
        let size = codec.encode(pcm, payload).expect("it fits");
        codec.decode(&payload[..size], pcm).expect("it fits");
    });
}

/// Through the library's table, behind the fence, as the media thread does it.
fn fenced(mut catalogue: Catalogue, calls: u64) {
    catalogue.add_file(&file()).expect("it is sound");
    let codec = catalogue.codec("PCMU", Hertz(8000)).expect("it is there");
    let mut codec = codec.open("", "").expect("it opens");
    repeat(calls, |pcm, payload| {
        let size = codec.encode(pcm, payload).expect("it fits");
        codec.decode(&payload[..size], pcm).expect("it fits");
    });
}

/// The loop that every way shares.
#[inline(never)]
fn repeat(calls: u64, mut call: impl FnMut(&mut [i16], &mut [u8])) {
    let mut pcm: [i16; 160] = std::array::from_fn(|n| (n as i16 - 80) * 400);
    let mut payload = [0; 160];
    for _ in 0..calls {
        call(
            std::hint::black_box(&mut pcm),
            std::hint::black_box(&mut payload),
        );
    }
}

/// The library that the parent process found or built.
fn file() -> PathBuf {
    PathBuf::from(std::env::var_os(FOLDER).expect("main has set it or handed it down")).join(name())
}

fn name() -> String {
    let (before, after) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    format!("{before}offhook_codec_g711{after}")
}

/// Builds the library as it is shipped; returns its folder.
fn build() -> PathBuf {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("plugins");
    let status = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "rustc",
            "--quiet",
            "--offline",
            "--lib",
            "--package",
            "offhook-codec-g711",
        ])
        .args([
            "--profile",
            "release",
            "--crate-type",
            "cdylib",
            "--features",
            "library",
        ])
        .arg("--target-dir")
        .arg(&target)
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the library does not build");
    target.join("release")
}
