//! Broken libraries: each is refused with its own reason and fix, and whatever can be seen without
//! running any of it is seen so.
#![allow(clippy::unwrap_used)]

mod common;

use base::Hertz;
use offhook_plugin_host::{Catalogue, Error, Manifest, SearchPath};
use std::path::{Path, PathBuf};

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
        &["KIND=\"audio\""],
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
    let mut catalogue = Catalogue::new("test", "1");
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
    error
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
    catalogue.add_path(&SearchPath::new([folder.path().to_owned()]), |_| true);
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
