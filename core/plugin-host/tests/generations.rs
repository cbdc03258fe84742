//! A newer build takes a running plugin's place: what is opened then is of it, what is open stays as it was.
#![allow(clippy::unwrap_used)]
#![cfg(target_os = "linux")]

mod common;

use base::Hertz;
use host::{Catalogue, CodecInstance, Error, Manifest, Origin, Reloaded, Status, Trouble, Trust};
use offhook_plugin_host as host;
use std::path::{Path, PathBuf};

/// A build that marks each packet with the lowest bit of its number, and leaves a dot when it stops.
fn build(folder: &Path, number: u32) -> PathBuf {
    let stopped = folder.join(format!("stopped-{number}"));
    let defines = [
        format!("BUILD={number}"),
        format!("STOPPED=\"{}\"", stopped.display()),
    ];
    common::compile_c(folder, &format!("copy-{number}"), &defines)
}

fn stops(folder: &Path, number: u32) -> usize {
    let dots = std::fs::read(folder.join(format!("stopped-{number}")));
    dots.map_or(0, |dots| dots.len())
}

fn open(catalogue: &Catalogue) -> CodecInstance {
    let copy = catalogue.codec("COPY", Hertz(8000)).unwrap();
    copy.open("", "").unwrap()
}

fn mark(codec: &mut CodecInstance) -> u8 {
    let mut payload = [0; 320];
    // One of another process may be late on a busy machine; then it is asked again.
    for _ in 0..200 {
        match codec.encode(&[0; 160], &mut payload) {
            Err(Trouble::Failed(Status::UNAVAILABLE)) if codec.is_away() => {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            encoded => {
                assert_eq!(encoded, Ok(320));
                break;
            }
        }
    }
    payload[0]
}

/// Address space that the system says is mapped from the copy of a library: all but what has no bytes in it.
fn mapped(build: &host::Build) -> u64 {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let name = format!("-{} (deleted)", &build.sha256.as_ref().unwrap()[..16]);
    let lines = maps.lines().filter(|line| line.ends_with(&name));
    let number = |text: &str| u64::from_str_radix(text, 16).unwrap();
    let length = |line: &str| {
        let (start, end) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        number(end) - number(start)
    };
    lines.map(length).sum()
}

struct Desk {
    folder: tempfile::TempDir,
    catalogue: Catalogue,
}

impl Desk {
    fn reload(&mut self, file: &Path) -> Result<Reloaded, Error> {
        let here = |_: &Path, _: &Manifest| Ok(Trust::InProcess);
        self.catalogue.reload("codec-copy", file, here)
    }

    /// The number of the new generation.
    fn next(&mut self, file: &Path) -> u32 {
        self.reload(file).unwrap().generation
    }
}

/// A catalogue with build 0 from a file and G.711 built in.
fn desk() -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let mut catalogue = Catalogue::new("test", "1");
    catalogue.add_file(&build(folder.path(), 0)).unwrap();
    catalogue.add_built_in(&codec_g711::ENTRY).unwrap();
    Desk { folder, catalogue }
}

#[test]
fn new_instances_are_of_the_new_build_and_old_ones_keep_theirs() {
    let mut desk = desk();
    let folder = desk.folder.path().to_owned();
    let mut old = open(&desk.catalogue);
    let newer = build(&folder, 1);
    assert_eq!(desk.next(&newer), 2);
    // The person's file may go or change now: it is a copy that runs.
    std::fs::write(&newer, b"written over").unwrap();
    let mut new = open(&desk.catalogue);
    assert_eq!((mark(&mut old), mark(&mut new)), (0, 1));
    assert_eq!(stops(&folder, 0), 0, "an instance of it is open");
    drop(old);
    assert_eq!(stops(&folder, 0), 1);
    assert_eq!((mark(&mut new), stops(&folder, 1)), (1, 0));
    let order: Vec<_> = desk.catalogue.formats().map(|f| f.name.clone()).collect();
    assert_eq!(order, ["COPY", "PCMU", "PCMA"], "in the old one's place");
    let about = desk.catalogue.plugins().next().unwrap();
    assert_eq!(about.origin, Origin::File(newer));
}

#[test]
fn twenty_builds_cost_what_the_list_says_and_the_same_one_again_costs_nothing() {
    let mut desk = desk();
    let folder = desk.folder.path().to_owned();
    for number in 1..=20 {
        let file = build(&folder, number);
        assert_eq!(desk.next(&file), number + 1);
        assert_eq!(mark(&mut open(&desk.catalogue)), (number & 1) as u8);
    }
    let builds = desk.catalogue.builds("codec-copy");
    assert_eq!(builds.len(), 21);
    let per_build = builds.iter().map(|b| b.mapped_bytes);
    println!("mapped: {:?} bytes", per_build.clone().collect::<Vec<_>>());
    for (build, bytes) in builds.iter().zip(per_build) {
        assert_eq!(bytes, mapped(build));
        assert!((4_096..=1 << 20).contains(&bytes), "{bytes}");
    }
    let state = |b: &host::Build| (b.is_current, b.in_use);
    assert!(builds[..20].iter().all(|b| state(b) == (false, false)));
    assert_eq!(state(&builds[20]), (true, true));
    assert!((0..20).all(|number| stops(&folder, number) == 1));

    // Known builds: started again from the library that is loaded.
    for round in 0..50 {
        let number = 1 + round % 2;
        let file = folder.join(format!("copy-{number}.so"));
        assert_eq!(desk.next(&file), 22 + round);
        assert_eq!(mark(&mut open(&desk.catalogue)), (number & 1) as u8);
    }
    let again = desk.catalogue.builds("codec-copy");
    let bytes = |all: &[host::Build]| all.iter().map(|b| b.mapped_bytes).sum::<u64>();
    assert_eq!((again.len(), bytes(&again)), (21, bytes(&builds)));
    assert_eq!((again[1].generation, again[2].generation), (70, 71));
}

#[test]
fn a_build_that_is_in_use_is_not_started_twice() {
    let mut desk = desk();
    let folder = desk.folder.path().to_owned();
    let (one, two) = (build(&folder, 1), build(&folder, 2));
    desk.next(&one);
    let mut first = open(&desk.catalogue);
    desk.next(&two);
    desk.next(&one);
    drop(desk.catalogue);
    assert_eq!((stops(&folder, 1), stops(&folder, 2)), (0, 1));
    assert_eq!(mark(&mut first), 1);
    drop(first);
    assert_eq!(stops(&folder, 1), 1, "one start, one stop");
}

#[test]
fn what_cannot_take_the_place_is_refused_with_reason_and_fix_and_changes_nothing() {
    let mut desk = desk();
    let folder = desk.folder.path().to_owned();
    let compile = |name: &str, defines: &[&str]| {
        let defines: Vec<_> = defines.iter().map(|d| (*d).to_owned()).collect();
        common::compile_c(&folder, name, &defines)
    };
    let cut = folder.join("cut.so");
    let whole = std::fs::read(folder.join("copy-0.so")).unwrap();
    std::fs::write(&cut, &whole[..200]).unwrap();
    let text = folder.join("text.so");
    std::fs::write(&text, "not a library").unwrap();
    let cases = [
        (folder.join("nowhere.so"), "plugin.unreadable"),
        (text, "plugin.not-a-library"),
        (cut, "plugin.not-a-library"),
        (compile("dumb", &["NO_MANIFEST"]), "plugin.no-manifest"),
        (compile("future", &["MAJOR=9"]), "plugin.newer-boundary"),
        (compile("lacks", &["FORMAT=\"X-COPY\""]), "plugin.lacks"),
        (compile("unresolved", &["UNRESOLVED"]), "plugin.load"),
        (compile("sick", &["INIT_STATUS=-1"]), "plugin.init-failed"),
        (compile("short", &["TABLE_SIZE=8"]), "plugin.bad-table"),
        (compile("other", &["ID=\"codec-other\""]), "plugin.other-id"),
        (
            compile(
                "filter",
                &["KIND=\"filter\"", "TABLES=\"[\\\"offhook.filter/1\\\"]\""],
            ),
            "plugin.wrong-kind",
        ),
    ];
    let mut running = open(&desk.catalogue);
    for (file, code) in cases {
        let error = desk.reload(&file).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(!error.fix().is_empty() && error.to_string().len() > 20);
        assert_eq!(mark(&mut open(&desk.catalogue)), 0, "{code}");
    }
    assert_eq!(mark(&mut running), 0);
    let builds = desk.catalogue.builds("codec-copy");
    assert_eq!((builds.len(), builds[0].generation), (1, 1));
    let here = |_: &Path, _: &Manifest| Ok(Trust::InProcess);
    let missing = desk.catalogue.reload("codec-none", &folder, here);
    assert_eq!(
        missing.unwrap_err().to_string(),
        "there is no plugin \"codec-none\"; there is codec-copy, codec-g711"
    );
}

#[test]
fn a_file_takes_the_place_of_what_is_built_in() {
    let mut desk = desk();
    let file = common::library("offhook-codec-g711");
    let here = |_: &Path, _: &Manifest| Ok(Trust::InProcess);
    let taken = desk.catalogue.reload("codec-g711", &file, here);
    assert_eq!(taken.unwrap().generation, 2);
    let builds = desk.catalogue.builds("codec-g711");
    let (said, seen) = (builds[1].mapped_bytes, mapped(&builds[1]));
    println!("a library in Rust: {said} bytes, {seen} by the system's list");
    assert!(said.abs_diff(seen) <= 64 << 10);
    assert!(
        (4_096..=2 << 20).contains(&builds[1].mapped_bytes),
        "{builds:?}"
    );
    assert_eq!((builds[0].mapped_bytes, builds[0].in_use), (0, false));
    let mut law = desk
        .catalogue
        .codec("pcmu", Hertz(8000))
        .unwrap()
        .open("", "")
        .unwrap();
    let mut payload = [0; 160];
    assert_eq!(law.encode(&[0; 160], &mut payload), Ok(160));
    assert_eq!(payload, [0xFF; 160]);
}

#[test]
fn the_generation_before_comes_back_unless_another_came_meanwhile() {
    let mut desk = desk();
    let folder = desk.folder.path().to_owned();
    let (one, two) = (build(&folder, 1), build(&folder, 2));
    let reloaded = desk.reload(&one).unwrap();
    assert_eq!(stops(&folder, 0), 0, "somebody may want it back");
    let mut new = open(&desk.catalogue);
    assert!(desk.catalogue.roll_back(reloaded));
    let mut old = open(&desk.catalogue);
    assert_eq!((mark(&mut new), mark(&mut old)), (1, 0), "open stays open");
    let order: Vec<_> = desk.catalogue.formats().map(|f| f.name.clone()).collect();
    assert_eq!(order, ["COPY", "PCMU", "PCMA"]);
    let generations = |desk: &Desk| {
        let builds = desk.catalogue.builds("codec-copy");
        let seen = builds
            .iter()
            .map(|b| (b.generation, b.is_current, b.in_use));
        seen.collect::<Vec<_>>()
    };
    assert_eq!(generations(&desk), [(3, true, true), (2, false, true)]);
    drop(new);
    assert_eq!((stops(&folder, 0), stops(&folder, 1)), (0, 1));

    let first = desk.reload(&one).unwrap();
    assert_eq!(desk.next(&two), 5);
    assert!(!desk.catalogue.roll_back(first), "not over the newer one");
    let wanted = [(3, false, true), (4, false, false), (5, true, true)];
    assert_eq!(generations(&desk), wanted);
    drop(old);
    assert_eq!((stops(&folder, 0), stops(&folder, 1)), (1, 2));
}

#[test]
fn a_file_that_is_not_trusted_takes_the_place_in_a_process_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let program = PathBuf::from(env!("CARGO_BIN_EXE_offhook-plugin-host"));
    let mut catalogue = Catalogue::new("test", "1").isolated_by(program);
    let trace = folder.path().join("trace");
    let define = |number: u32| {
        let defines = [
            format!("BUILD={number}"),
            format!("TRACE=\"{}\"", trace.display()),
        ];
        common::compile_c(folder.path(), &format!("copy-{number}"), &defines)
    };
    catalogue.add_isolated(&define(0)).unwrap();
    let mut old = open(&catalogue);
    let newer = define(1);
    let apart = |_: &Path, _: &Manifest| Ok(Trust::Isolated);
    let reloaded = catalogue.reload("codec-copy", &newer, apart).unwrap();
    // The person's file may go: a process that is started again has its copy.
    std::fs::remove_file(&newer).unwrap();
    let mut new = open(&catalogue);
    assert!(old.is_away() && new.is_away());
    assert_eq!((mark(&mut old), mark(&mut new)), (0, 1));
    assert!(!common::has_run_here(&trace));
    let builds = catalogue.builds("codec-copy");
    assert!(
        builds
            .iter()
            .all(|build| build.mapped_bytes == 0 && build.in_use)
    );
    assert!(matches!(&builds[1].origin, Origin::Isolated(file) if *file == newer));
    drop((reloaded, old));
    assert!(
        !catalogue.builds("codec-copy")[0].in_use,
        "its process ends"
    );

    let out = |_: &Path, _: &Manifest| Err("not today".to_owned());
    let file = define(2);
    let kept_out = catalogue.reload("codec-copy", &file, out).unwrap_err();
    assert_eq!(
        (kept_out.code(), kept_out.to_string().as_str()),
        ("plugin.kept-out", "not today")
    );
    assert_eq!(mark(&mut open(&catalogue)), 1);
}

#[test]
fn a_new_build_passes_the_same_gate() {
    let folder = tempfile::tempdir().unwrap();
    let (zero, one) = (build(folder.path(), 0), build(folder.path(), 1));
    let wanted = host::gate::sha256_of(&zero).unwrap();
    let mut catalogue = Catalogue::new("test", "1").guarded_by(host::Gate {
        sha256: [("codec-copy".to_owned(), wanted)].into(),
        ..host::Gate::default()
    });
    catalogue.add_file(&zero).unwrap();
    let here = |_: &Path, _: &Manifest| Ok(Trust::InProcess);
    let refused = catalogue.reload("codec-copy", &one, here).unwrap_err();
    assert!(matches!(refused, Error::Tampered { .. }), "{refused}");
    // The build that runs is known by its hash, which the gate took: it is not loaded twice.
    let again = catalogue.reload("codec-copy", &zero, here).unwrap();
    assert_eq!(
        (again.generation, catalogue.builds("codec-copy").len()),
        (2, 1)
    );
}

#[test]
fn a_build_that_hangs_when_it_is_loaded_holds_nobody_up_for_long() {
    let folder = tempfile::tempdir().unwrap();
    let program = PathBuf::from(env!("CARGO_BIN_EXE_offhook-plugin-host"));
    let mut catalogue = Catalogue::new("test", "1");
    catalogue.add_file(&build(folder.path(), 0)).unwrap();
    catalogue = catalogue.guarded_by(host::Gate {
        prober: Some(host::Prober::new(program, ["--probe".into()])),
        ..host::Gate::default()
    });
    let hangs = ["ON_LOAD=for(;;)pause()".to_owned()];
    let file = common::compile_c(folder.path(), "hangs", &hangs);
    let here = |_: &Path, _: &Manifest| Ok(Trust::InProcess);
    let begun = std::time::Instant::now();
    let refused = catalogue.reload("codec-copy", &file, here);
    let took = begun.elapsed();
    let refused = refused.unwrap_err();
    assert!(matches!(refused, Error::ProbeBroke { .. }), "{refused}");
    assert!(took < std::time::Duration::from_millis(4_500), "{took:?}");
    assert_eq!(mark(&mut open(&catalogue)), 0);
    let works = catalogue.reload("codec-copy", &build(folder.path(), 1), here);
    assert_eq!(works.unwrap().generation, 2);
}
