//! Broken libraries: each is refused with its own reason and fix, and whatever can be seen without
//! running any of it is seen so.
#![allow(clippy::unwrap_used)]

mod common;

use base::Hertz;
use offhook_plugin_host::gate::sha256_of;
use offhook_plugin_host::{
    Catalogue, Error, Gate, Manifest, OffBy, PluginMemory, Prober, SearchPath,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What is expected of a broken library.
struct Case {
    /// Name of the file.
    name: &'static str,
    /// Definitions for the C source.
    defines: &'static [&'static str],
    /// [`Error::code`].
    code: &'static str,
    /// Part of the reason.
    says: &'static str,
    /// Whether it takes running its constructors to find out.
    runs: bool,
}

const fn seen(
    name: &'static str,
    defines: &'static [&'static str],
    code: &'static str,
    says: &'static str,
) -> Case {
    Case {
        name,
        defines,
        code,
        says,
        runs: false,
    }
}

const fn run(
    name: &'static str,
    defines: &'static [&'static str],
    code: &'static str,
    says: &'static str,
) -> Case {
    Case {
        name,
        defines,
        code,
        says,
        runs: true,
    }
}

const CASES: &[Case] = &[
    seen(
        "no-manifest",
        &["NO_MANIFEST"],
        "plugin.no-manifest",
        "has no manifest",
    ),
    seen(
        "not-json",
        &["MANIFEST=\"hello\""],
        "plugin.bad-manifest",
        "expected value",
    ),
    seen(
        "half-json",
        &["MANIFEST=\"{\\\"manifest\\\":1,\""],
        "plugin.bad-manifest",
        "EOF",
    ),
    seen(
        "no-fields",
        &["MANIFEST=\"{\\\"manifest\\\":1}\""],
        "plugin.bad-manifest",
        "missing field",
    ),
    seen(
        "odd-id",
        &["ID=\"../x\""],
        "plugin.bad-manifest",
        "letters, digits",
    ),
    seen(
        "odd-abi",
        &["ABI=\"one\""],
        "plugin.bad-manifest",
        "MAJOR.MINOR",
    ),
    seen(
        "older",
        &["ABI=\"0.9\""],
        "plugin.older-boundary",
        "boundary 0, this host has 1",
    ),
    seen(
        "newer",
        &["ABI=\"2.0\""],
        "plugin.newer-boundary",
        "boundary 2, this host has 1",
    ),
    seen(
        "no-entry",
        &["NO_ENTRY"],
        "plugin.no-entry",
        "offhook_plugin_entry",
    ),
    seen(
        "kind",
        &["KIND=\"video\""],
        "plugin.wrong-kind",
        "does not know that kind",
    ),
    seen(
        "duplicate",
        &["ID=\"codec-g711\""],
        "plugin.duplicate",
        "a built-in plugin already has",
    ),
    seen(
        "two-tables",
        &["TABLES=\"[\\\"offhook.codec/1\\\",\\\"offhook.codec/1\\\"]\""],
        "plugin.bad-manifest",
        "names the table offhook.codec/1 twice",
    ),
    seen(
        "other-table",
        &["TABLES=\"[\\\"offhook.audio/1\\\"]\""],
        "plugin.bad-manifest",
        "names no table offhook.codec/1",
    ),
    seen(
        "odd-config",
        &["CONFIG=\"{\\\"a\\\":{\\\"type\\\":\\\"float\\\"}}\""],
        "plugin.bad-manifest",
        "config.a: type",
    ),
    seen(
        "odd-trust",
        &["CONFIG=\"{},\\\"trust\\\":\\\"Isolated\\\"\""],
        "plugin.bad-manifest",
        "trust \"Isolated\" is not known",
    ),
    run(
        "odd-words",
        &["NAME=\"\\033[2J\""],
        "plugin.bad-manifest",
        "control characters",
    ),
    // The system's loader resolves symbols before it runs constructors.
    seen(
        "unresolved",
        &["UNRESOLVED"],
        "plugin.load",
        "nobody_has_this",
    ),
    run(
        "entry-newer",
        &["MAJOR=2"],
        "plugin.newer-boundary",
        "boundary 2",
    ),
    run(
        "entry-older",
        &["MAJOR=0"],
        "plugin.older-boundary",
        "boundary 0",
    ),
    run(
        "entry-short",
        &["ENTRY_SIZE=60"],
        "plugin.bad-entry",
        "is 60 bytes, at least 136",
    ),
    run(
        "entry-tiny",
        &["ENTRY_SIZE=4"],
        "plugin.bad-entry",
        "is 4 bytes",
    ),
    run(
        "entry-null",
        &["TABLE=NULL"],
        "plugin.bad-entry",
        "has no function table",
    ),
    run(
        "two-ids",
        &["ENTRY_ID=\"other\""],
        "plugin.two-ids",
        "\"other\"",
    ),
    run(
        "init",
        &["INIT_STATUS=-6"],
        "plugin.init-failed",
        "no licence key in /etc/copy.key",
    ),
    run(
        "init-mute",
        &["INIT_STATUS=-4321"],
        "plugin.init-failed",
        "start failed",
    ),
    run(
        "no-table",
        &["KIND=\"audio\"", "TABLES=\"[]\""],
        "plugin.wrong-kind",
        "no table of that kind",
    ),
    run(
        "table-short",
        &["TABLE_SIZE=40"],
        "plugin.bad-table",
        "is 40 bytes, at least 80",
    ),
    run(
        "table-null",
        &["ENCODE=NULL"],
        "plugin.bad-table",
        "has no function encode",
    ),
    run(
        "no-formats",
        &["COUNT=0"],
        "plugin.bad-table",
        "offers 0 formats",
    ),
    run(
        "many-formats",
        &["COUNT=1000000"],
        "plugin.bad-table",
        "offers 1000000 formats",
    ),
    run(
        "odd-rate",
        &["RATE=44100"],
        "plugin.bad-table",
        "out of range",
    ),
];

fn catalogue() -> Catalogue {
    guarded(Gate::default())
}

fn guarded(gate: Gate) -> Catalogue {
    let mut catalogue = Catalogue::new("test", "1").guarded_by(gate);
    catalogue.add_built_in(&codec_g711::ENTRY).unwrap();
    catalogue
}

/// Builds each case, tries to add it, and hands over the error.
fn refuse(folder: &Path, case: &Case) -> Error {
    let trace = folder.join(format!("{}.trace", case.name));
    let mut defines: Vec<String> = case.defines.iter().map(ToString::to_string).collect();
    defines.push(format!("TRACE=\"{}\"", trace.display()));
    let file = common::compile_c(folder, case.name, &defines);
    let error = catalogue().add_file(&file).expect_err(case.name);
    assert_eq!(
        trace.exists(),
        case.runs,
        "{}: has its code run?",
        case.name
    );
    let _ = std::fs::remove_file(&trace);
    let probed = guarded(probing(None)).add_file(&file).expect_err(case.name);
    assert_eq!(
        (probed.code(), probed.fix()),
        (error.code(), error.fix()),
        "{}: the look says the same",
        case.name
    );
    assert_eq!(probed.to_string(), error.to_string(), "{}", case.name);
    assert_eq!(common::traces(&trace).len(), usize::from(case.runs));
    assert!(!common::has_run_here(&trace), "{}", case.name);
    error
}

/// Looks at each file in a process of its own first.
fn probing(memory: Option<Arc<PluginMemory>>) -> Gate {
    let program = env!("CARGO_BIN_EXE_offhook-plugin-host").into();
    Gate {
        prober: Some(Prober::new(program, ["--probe".into()]).within(Duration::from_millis(1500))),
        memory,
        ..Gate::default()
    }
}

#[test]
fn each_broken_library_is_refused_with_its_reason_and_fix() {
    let folder = tempfile::tempdir().unwrap();
    for case in CASES {
        let error = refuse(folder.path(), case);
        assert_eq!(error.code(), case.code, "{}: {error}", case.name);
        assert!(
            error.to_string().contains(case.says),
            "{}: {error}",
            case.name
        );
        assert!(error.fix().len() > 20, "{}: {}", case.name, error.fix());
    }
}

#[test]
fn files_that_are_no_plugin_for_this_machine_are_not_even_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let good = std::fs::read(common::compile_c(folder.path(), "good", &[])).unwrap();
    let put = |name: &str, bytes: &[u8]| -> PathBuf {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        file
    };
    let patched = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        bytes
    };
    let cases = [
        (
            put("text.so", b"hello"),
            "plugin.not-a-library",
            "no ELF file",
        ),
        (put("empty.so", b""), "plugin.not-a-library", "no ELF file"),
        (
            put("cut.so", &good[..good.len() / 2]),
            "plugin.not-a-library",
            "cut short",
        ),
        (
            put("object.so", &patched(16, 1)),
            "plugin.not-a-library",
            "no shared library",
        ),
        (
            put("machine.so", &patched(18, 40)),
            "plugin.wrong-architecture",
            "built for arm",
        ),
        (
            put("class.so", &patched(4, 1)),
            "plugin.wrong-architecture",
            "word size",
        ),
        (
            folder.path().join("gone.so"),
            "plugin.unreadable",
            "No such file",
        ),
    ];
    for (file, code, says) in cases {
        let error = catalogue().add_file(&file).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn no_cut_and_no_flipped_byte_upsets_the_reader() {
    let folder = tempfile::tempdir().unwrap();
    let good = std::fs::read(common::compile_c(folder.path(), "good", &[])).unwrap();
    let path = Path::new("x.so");
    let mut refused = 0;
    for length in (0..good.len()).step_by(7) {
        refused += usize::from(Manifest::of_library(path, &good[..length]).is_err());
    }
    assert!(refused > good.len() / 8, "section headers stand at the end");
    let mut bytes = good.clone();
    for at in 0..good.len() {
        for flip in [0xFF, 0x80] {
            bytes[at] ^= flip;
            // Any answer will do; it must come, and it must be the right one for the right file.
            let _ = Manifest::of_library(path, &bytes);
            bytes[at] ^= flip;
        }
    }
    assert_eq!(Manifest::of_library(path, &bytes).unwrap().id, "codec-copy");
}

#[test]
fn a_folder_of_broken_libraries_leaves_the_good_one_working() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.so"), "hello").unwrap();
    common::compile_c(
        folder.path(),
        "b",
        &["INIT_STATUS=-1".into(), "ID=\"codec-b\"".into()],
    );
    common::compile_c(folder.path(), "c", &[]);
    common::compile_c(folder.path(), "d", &[]);
    let mut catalogue = Catalogue::new("test", "1");
    catalogue.add_path(&SearchPath::new([folder.path().to_owned()]), |_| Ok(()));
    let codes: Vec<_> = catalogue.refused().iter().map(|r| r.error.code()).collect();
    assert_eq!(
        codes,
        [
            "plugin.not-a-library",
            "plugin.init-failed",
            "plugin.duplicate"
        ]
    );
    assert!(
        catalogue
            .codec("COPY", Hertz(8000))
            .unwrap()
            .open("", "")
            .is_ok()
    );
}

#[test]
fn success_without_an_instance_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::compile_c(folder.path(), "nothing", &["OPEN_NOTHING".into()]);
    let mut catalogue = Catalogue::new("test", "1");
    catalogue.add_file(&file).unwrap();
    let error = catalogue
        .codec("COPY", Hertz(8000))
        .unwrap()
        .open("", "")
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "codec-copy: opened nothing and called it success"
    );
}

/// What breaks the process that looks: the engine's own sees none of it.
#[test]
fn libraries_that_break_their_process_are_found_in_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Arc::new(PluginMemory::open(&folder.path().join("state")));
    let cases = [
        ("abort", "ON_LOAD=abort()", "it aborted"),
        ("segfault", "ON_LOAD=*(volatile int*)8=1", "it crashed"),
        (
            "exit",
            "ON_LOAD=_exit(0)",
            "ended its process with status 0",
        ),
        ("kill", "ON_LOAD=raise(SIGKILL)", "ended by signal 9"),
        (
            "hang",
            "ON_LOAD=for(;;)pause()",
            "did not come back within 1.5s",
        ),
        ("init-segfault", "ON_INIT=*(volatile int*)8=1", "it crashed"),
        (
            "init-hang",
            "ON_INIT=for(;;)pause()",
            "did not come back within 1.5s",
        ),
    ];
    for (name, define, says) in cases {
        let trace = folder.path().join(format!("{name}.trace"));
        let defines = [
            define.to_owned(),
            format!("TRACE=\"{}\"", trace.display()),
            format!("ID=\"codec-{name}\""),
        ];
        let file = common::compile_c(folder.path(), name, &defines);
        let mut catalogue = guarded(probing(Some(Arc::clone(&memory))));
        let error = catalogue.add_file(&file).expect_err(name);
        assert_eq!(error.code(), "plugin.probe-broke", "{name}: {error}");
        assert!(error.to_string().contains(says), "{name}: {error}");
        assert!(error.fix().contains(&format!("plugin enable codec-{name}")));
        assert!(catalogue.codec("PCMU", Hertz(8000)).is_ok(), "it goes on");
        // Not looked at again, and told so.
        let again = catalogue.add_file(&file).expect_err(name);
        assert!(
            again.to_string().ends_with("at an earlier start"),
            "{again}"
        );
        assert_eq!(common::traces(&trace).len(), 1, "{name}");
        assert!(!common::has_run_here(&trace), "{name}");
    }
    assert!(!folder.path().join("state/plugins-at-risk").exists());
}

#[test]
fn a_good_library_is_looked_at_once_and_again_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let define = format!("TRACE=\"{}\"", trace.display());
    let file = common::compile_c(folder.path(), "good", std::slice::from_ref(&define));
    let state = folder.path().join("state");
    let start = |file: &Path| {
        let memory = Arc::new(PluginMemory::open(&state));
        let mut catalogue = guarded(probing(Some(memory)));
        catalogue.add_file(file).unwrap();
    };
    start(&file);
    assert_eq!(common::traces(&trace).len(), 2, "once there, once here");
    assert!(common::has_run_here(&trace));
    start(&file);
    assert_eq!(common::traces(&trace).len(), 2, "a library is loaded once");
    // Under another name: the system gives a name that it has loaded the same library again.
    let file = common::compile_c(folder.path(), "newer", &[define, "RATE=16000".into()]);
    start(&file);
    assert_eq!(common::traces(&trace).len(), 4, "another file");
}

/// C9: every byte counts, and nothing of the file runs.
#[test]
fn a_file_with_another_hash_than_the_settings_say_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let define = format!("TRACE=\"{}\"", trace.display());
    let file = common::compile_c(folder.path(), "copy", &[define]);
    let hash = sha256_of(&file).unwrap();
    let known = Gate {
        sha256: [("codec-copy".to_owned(), hash.to_uppercase())].into(),
        sha256_required: true,
        ..Gate::default()
    };
    let good = std::fs::read(&file).unwrap();
    let tampered = folder.path().join("tampered.so");
    for case in 0..20 {
        let mut bytes = good.clone();
        let at = good.len() / 21 * (case + 1);
        // Where the manifest or the headers stand it may be refused for these; it is refused.
        bytes[at] ^= 1 << (case % 8);
        std::fs::write(&tampered, bytes).unwrap();
        guarded(known.clone()).add_file(&tampered).unwrap_err();
    }
    let mut longer = good.clone();
    longer.push(0);
    std::fs::write(&tampered, longer).unwrap();
    let error = guarded(known.clone()).add_file(&tampered).unwrap_err();
    assert_eq!(error.code(), "plugin.tampered");
    assert!(error.to_string().contains(&hash.to_uppercase()), "{error}");
    assert!(error.fix().contains(&sha256_of(&tampered).unwrap()));
    let unknown = Gate {
        sha256_required: true,
        ..Gate::default()
    };
    let error = guarded(unknown).add_file(&file).unwrap_err();
    assert_eq!(error.code(), "plugin.unknown-hash");
    assert!(error.fix().contains(&hash), "{}", error.fix());
    assert!(!trace.exists(), "no code of it has run");
    guarded(known).add_file(&file).unwrap();
}

/// C10: what kills two starts in a row is left out of the third, and the rest runs.
#[test]
fn a_plugin_that_two_unclean_starts_name_is_switched_off() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::compile_c(folder.path(), "copy", &[]);
    let state = folder.path().join("state");
    // Used for the first time when the process dies.
    for _ in 0..2 {
        let memory = Arc::new(PluginMemory::open(&state));
        let gate = Gate {
            memory: Some(Arc::clone(&memory)),
            ..Gate::default()
        };
        let mut catalogue = guarded(gate);
        catalogue.add_file(&file).unwrap();
        assert!(!state.join("plugins-at-risk").exists(), "started well");
        let opened = catalogue.codec("COPY", Hertz(8000)).unwrap().open("", "");
        assert!(state.join("plugins-at-risk").exists(), "first used");
        // With the process its lock would go.
        std::fs::remove_file(state.join("plugins.lock")).unwrap();
        std::mem::forget((memory, catalogue, opened));
    }
    let memory = Arc::new(PluginMemory::open(&state));
    let gate = || Gate {
        memory: Some(Arc::clone(&memory)),
        ..Gate::default()
    };
    let mut catalogue = guarded(gate());
    let error = catalogue.add_file(&file).unwrap_err();
    let by = OffBy::UncleanStarts;
    let plugin = "codec-copy".to_owned();
    assert_eq!(error, Error::SwitchedOff { plugin, by });
    assert!(error.fix().contains("offhook plugin enable codec-copy"));
    assert!(
        catalogue.codec("PCMU", Hertz(8000)).is_ok(),
        "the rest runs"
    );
    assert_eq!(memory.switch_on("codec-copy"), Ok(true));
    guarded(gate()).add_file(&file).unwrap();
}

/// Five seconds of use without harm, and nothing is held against it any more.
#[test]
fn a_first_use_that_goes_well_ends_the_probation() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::compile_c(folder.path(), "copy", &[]);
    let now_ns = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let memory = Arc::new(PluginMemory::open(folder.path()));
    let gate = Gate {
        memory: Some(memory),
        ..Gate::default()
    };
    let clock = offhook_plugin_host::HostClock::Told {
        now_ns: Arc::clone(&now_ns),
        epoch_ms: 0,
    };
    let mut catalogue = guarded(gate).with_clock(clock);
    catalogue.add_file(&file).unwrap();
    let _open = catalogue.codec("COPY", Hertz(8000)).unwrap().open("", "");
    let at_risk = folder.path().join("plugins-at-risk");
    for (ms, risk) in [(0, true), (4_999, true), (5_000, false)] {
        let now = base::Instant::ZERO + base::Duration::from_millis(ms);
        catalogue.watches().iter().for_each(|watch| watch.tend(now));
        assert_eq!(at_risk.exists(), risk, "{ms}");
    }
}
