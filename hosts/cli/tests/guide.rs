//! The guide for plugin authors: its code is that of the examples, its commands run, its settings are read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Chapters, one a kind.
const KINDS: [&str; 10] = [
    "codec",
    "dtmf",
    "audio",
    "recorder",
    "filter",
    "nat",
    "security",
    "ui",
    "directory",
    "tone",
];

fn sdk(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../sdk")
        .join(path)
}

fn page(name: &str) -> String {
    std::fs::read_to_string(sdk("guide").join(name)).unwrap()
}

/// Blocks of this language, as lines.
fn blocks(page: &str, language: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(its) = line.strip_prefix("```") else {
            continue;
        };
        let block = lines.by_ref().take_while(|line| *line != "```");
        let block: Vec<String> = block.map(str::to_owned).collect();
        if its == language {
            found.push(block);
        }
    }
    found
}

/// Whether the block stands in the source, line by line, at any depth.
fn stands_in(block: &[String], source: &str) -> bool {
    let source: Vec<&str> = source.lines().map(str::trim).collect();
    let block: Vec<&str> = block.iter().map(|line| line.trim()).collect();
    source.windows(block.len()).any(|window| window == block)
}

#[test]
fn every_block_of_code_stands_in_the_example() {
    for kind in KINDS {
        let page = page(&format!("{kind}.md"));
        for (language, example) in [
            ("rust", format!("examples/rust/{kind}.rs")),
            ("c", format!("examples/c/{kind}.c")),
        ] {
            let source = std::fs::read_to_string(sdk(&example)).unwrap();
            let blocks = blocks(&page, language);
            assert!(!blocks.is_empty(), "{kind}.md shows no {language}");
            for block in blocks {
                assert!(
                    stands_in(&block, &source),
                    "{kind}.md: not in {example}: {block:#?}"
                );
            }
        }
    }
    assert!(!stands_in(&["fn nowhere() {}".to_owned()], "fn here() {}"));
}

#[test]
fn every_block_of_settings_is_read() {
    let pages = KINDS.iter().map(|kind| format!("{kind}.md"));
    let mut read = 0;
    for name in pages.chain(["README.md".to_owned()]) {
        for block in blocks(&page(&name), "toml") {
            let folder = tempfile::tempdir().unwrap();
            let mut request = settings::Request::of_profile("desktop");
            request.environment.clear();
            request.file = Some(folder.path().join("guide.toml"));
            std::fs::write(folder.path().join("guide.toml"), block.join("\n")).unwrap();
            let loaded = settings::load(&request);
            let told = loaded
                .map(|loaded| loaded.warnings)
                .map_err(|all| all.to_string());
            assert_eq!(told, Ok(Vec::new()), "{name}: {block:#?}");
            read += 1;
        }
    }
    assert!(read >= 5, "{read}");
}

#[test]
fn every_chapter_is_listed_and_every_link_leads_somewhere() {
    let first = page("README.md");
    for kind in KINDS {
        assert!(first.contains(&format!("]({kind}.md)")), "{kind}");
    }
    for entry in std::fs::read_dir(sdk("guide")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        for link in page(&name).split("](").skip(1) {
            let target = link.split(')').next().unwrap();
            assert!(sdk("guide").join(target).exists(), "{name}: {target}");
        }
    }
}

/// Runs the lines behind `$` of each block of commands, each block in a folder of its own, and looks for what they
/// are said to print.
fn run(name: &str) {
    let blocks = blocks(&page(name), "console");
    assert!(!blocks.is_empty(), "{name} has no commands");
    for block in blocks {
        let folder = tempfile::tempdir().unwrap();
        let bin = Path::new(env!("CARGO_BIN_EXE_offhook")).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        let mut script = "set -e\n".to_owned();
        for (number, command) in block
            .iter()
            .filter_map(|line| line.strip_prefix("$ "))
            .enumerate()
        {
            script += &format!("echo @{number}\n{command} 2>&1\n");
        }
        let output = Command::new("sh")
            .args(["-c", &script])
            .current_dir(folder.path())
            .env("PATH", format!("{}:{path}", bin.display()))
            .env("XDG_RUNTIME_DIR", folder.path())
            .env("NO_COLOR", "1")
            .env("LANG", "C.UTF-8")
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TERM_COLOR", "never")
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("OFFHOOK_SOCKET")
            .output()
            .unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{name}: {block:#?}\n{told}");
        printed(name, &block, &told);
    }
}

/// Each line that a command is said to print stands in what it printed, in this order.
fn printed(name: &str, block: &[String], told: &str) {
    let mut left = told;
    let mut commands = 0;
    for line in block {
        if line.starts_with("$ ") {
            let mark = format!("@{commands}\n");
            left = left.split_once(mark.as_str()).unwrap().1;
            commands += 1;
            continue;
        }
        let here = left
            .split_once(&format!("@{commands}\n"))
            .map_or(left, |(here, _)| here);
        let found = here.lines().position(|said| is_like(said, line));
        let at =
            found.unwrap_or_else(|| panic!("{name}: {line:?} is not in what was printed:\n{here}"));
        left = left.splitn(at + 2, '\n').last().unwrap();
    }
}

/// `...` stands for anything.
fn is_like(said: &str, line: &str) -> bool {
    let mut left = said;
    for (number, part) in line.split("...").enumerate() {
        match left.find(part) {
            Some(0) => left = &left[part.len()..],
            Some(at) if number > 0 => left = &left[at + part.len()..],
            Some(_) | None => return false,
        }
    }
    left.is_empty() || line.ends_with("...")
}

#[test]
fn dots_stand_for_anything_and_nothing_else_does() {
    assert!(is_like("a b c", "a...c") && is_like("a b c", "...b...") && is_like("abc", "abc"));
    assert!(!is_like("a b c", "a...d") && !is_like("a b c", "b...") && !is_like("abcd", "abc"));
}

/// Also a call: through the codec of the first page and nothing else.
#[test]
fn audio_timing_the_first_page_runs() {
    run("README.md");
}

macro_rules! chapters {
    ($($name:ident $page:literal;)*) => {
        $(#[test]
        fn $name() {
            run($page);
        })*
    };
}

chapters! {
    codec_runs "codec.md";
    dtmf_runs "dtmf.md";
    audio_runs "audio.md";
    recorder_runs "recorder.md";
    filter_runs "filter.md";
    nat_runs "nat.md";
    security_runs "security.md";
    ui_runs "ui.md";
    directory_runs "directory.md";
    tone_runs "tone.md";
}
