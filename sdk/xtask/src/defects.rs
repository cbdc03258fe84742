//! `cargo xtask defects`: faults planted one at a time into a copy of the tree, to see which tests fail.
//!
//! A defect is an edit: text that stands exactly once in a file, and what stands there instead. The copy
//! and its build lie in `target/defects`; the working tree is only read. A defect is killed by the first
//! test that fails: those of its own crate, then the simulated phone and the swarm, then the rest.

use crate::workspace::Workspace;
use crate::{command, workspace};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Where the lists are.
const FOLDER: &str = "tests/defects";

/// What runs after the tests of the defect's own crate, in order.
const THEN: &[&[&str]] = &[
    &["offhook-sim", "offhook-swarm"],
    &["offhook-media-thread", "offhook-torture", "offhook-engine"],
];

/// What nextest ends with when a test failed, and when something did not build.
const TESTS_FAILED: i32 = 100;

/// One planted fault.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Defect {
    name: String,
    about: String,
    file: String,
    find: String,
    replace: String,
}

/// What became of a defect.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    /// A test failed: its name.
    Killed(String),
    Survived,
    /// It shows nothing: the tree does not build with it.
    DoesNotBuild,
}

/// Runs all defects, or those whose name holds one of the words; `check` only looks whether all apply;
/// `--with PACKAGE` runs the tests of that package and no others.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let space = workspace::load()?;
    let defects = load(&space.root)?;
    if args.first().is_some_and(|word| word == "check") {
        return crate::report("defects", misfits(&space.root, &defects));
    }
    let (mut names, mut only) = (Vec::new(), None);
    let mut words = args.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--with" => only = Some(words.next().ok_or("--with needs a package")?.as_str()),
            _ => names.push(word.as_str()),
        }
    }
    let wanted = |d: &&Defect| names.is_empty() || names.iter().any(|name| d.name.contains(name));
    let wanted: Vec<&Defect> = defects.iter().filter(wanted).collect();
    let field = Field::new(&space)?;
    let mut survivors = Vec::new();
    for (number, defect) in wanted.iter().enumerate() {
        let began = Instant::now();
        let fate = field.try_defect(&space, defect, only)?;
        let said = match &fate {
            Fate::Killed(test) => format!("killed by {test}"),
            Fate::Survived => "SURVIVED".to_owned(),
            Fate::DoesNotBuild => "DOES NOT BUILD".to_owned(),
        };
        let took = began.elapsed().as_secs();
        println!(
            "{:>3}/{} {:<34} {took:>4} s  {said}",
            number + 1,
            wanted.len(),
            defect.name
        );
        if !matches!(fate, Fate::Killed(_)) {
            survivors.push(format!(
                "{}: {} ({})",
                defect.name, defect.about, defect.file
            ));
        }
    }
    let killed = wanted.len() - survivors.len();
    println!("defects: {killed} of {} killed", wanted.len());
    crate::report("the suite has a hole", survivors)
}

/// All lists, in the order of their names.
fn load(root: &Path) -> Result<Vec<Defect>, String> {
    let folder = root.join(FOLDER);
    let entries = std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let paths = entries.flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .collect();
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(&path).map_err(|e| named(&e))?;
        let table: toml::Table = text.parse().map_err(|e: toml::de::Error| named(&e))?;
        let list = table.get("defect").and_then(toml::Value::as_array);
        for value in list.ok_or_else(|| named(&"holds no [[defect]]"))? {
            all.push(read(value).ok_or_else(|| named(&"a [[defect]] lacks a field"))?);
        }
    }
    Ok(all)
}

fn read(value: &toml::Value) -> Option<Defect> {
    let text = |name: &str| {
        value
            .get(name)
            .and_then(toml::Value::as_str)
            .map(str::to_owned)
    };
    Some(Defect {
        name: text("name")?,
        about: text("about")?,
        file: text("file")?,
        find: text("find")?,
        replace: text("replace")?,
    })
}

/// Defects that no longer apply, or have a name twice.
fn misfits(root: &Path, defects: &[Defect]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, defect) in defects.iter().enumerate() {
        let text = std::fs::read_to_string(root.join(&defect.file)).unwrap_or_default();
        let times = text.matches(&defect.find).count();
        if times != 1 {
            found.push(format!(
                "{}: its text stands {times} times in {}",
                defect.name, defect.file
            ));
        }
        if defect.find == defect.replace {
            found.push(format!("{}: changes nothing", defect.name));
        }
        if defects[..at].iter().any(|other| other.name == defect.name) {
            found.push(format!("{}: this name is taken", defect.name));
        }
    }
    found
}

/// The copy of the tree.
struct Field {
    root: PathBuf,
    build: PathBuf,
}

impl Field {
    /// Brings the copy up to the working tree; files that are the same keep their time, so that cargo
    /// builds only what changed.
    fn new(space: &Workspace) -> Result<Self, String> {
        let field = Self {
            root: space.target.join("defects/tree"),
            build: space.target.join("defects/build"),
        };
        let mut git = Command::new("git");
        git.current_dir(&space.root).args(["ls-files", "-z"]);
        for name in command::output(&mut git)?.split_terminator('\0') {
            let (from, to) = (space.root.join(name), field.root.join(name));
            let Ok(bytes) = std::fs::read(&from) else {
                continue;
            };
            if std::fs::read(&to).is_ok_and(|old| old == bytes) {
                continue;
            }
            write(&to, &bytes)?;
        }
        Ok(field)
    }

    /// Plants a defect, runs tests until one fails, and takes the defect out again.
    fn try_defect(
        &self,
        space: &Workspace,
        defect: &Defect,
        only: Option<&str>,
    ) -> Result<Fate, String> {
        let path = self.root.join(&defect.file);
        let whole =
            std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        if whole.matches(&defect.find).count() != 1 {
            return Err(format!(
                "{}: does not apply; see `cargo xtask defects check`",
                defect.name
            ));
        }
        write(
            &path,
            whole.replace(&defect.find, &defect.replace).as_bytes(),
        )?;
        let fate = self.hunt(space, defect, only);
        write(&path, whole.as_bytes())?;
        fate
    }

    fn hunt(&self, space: &Workspace, defect: &Defect, only: Option<&str>) -> Result<Fate, String> {
        if let Some(package) = only {
            return self.test(&[package]);
        }
        let holds = |m: &&workspace::Member| defect.file.starts_with(&format!("{}/", m.folder));
        let own = space.members.iter().find(holds);
        let own = own.ok_or_else(|| format!("{} is in no crate of ours", defect.file))?;
        let own = [own.name.as_str()];
        for packages in std::iter::once(&own[..]).chain(THEN.iter().copied()) {
            let fate = self.test(packages)?;
            if fate != Fate::Survived {
                return Ok(fate);
            }
        }
        Ok(Fate::Survived)
    }

    fn test(&self, packages: &[&str]) -> Result<Fate, String> {
        let mut cargo = command::cargo(&self.root);
        cargo.env("CARGO_TARGET_DIR", &self.build);
        cargo.args([
            "nextest",
            "run",
            "--cargo-profile",
            "ci",
            "--offline",
            "--fail-fast",
        ]);
        cargo.args(["--no-tests", "pass", "--cargo-quiet", "--color", "never"]);
        for package in packages {
            cargo.args(["--package", package]);
        }
        let done = cargo
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("cannot run `{}`: {error}", command::line(&cargo)))?;
        let text = String::from_utf8_lossy(&done.stderr);
        Ok(match done.status.code() {
            Some(0) => Fate::Survived,
            Some(TESTS_FAILED) => Fate::Killed(first_failed(&text)),
            _ => {
                println!("{text}");
                Fate::DoesNotBuild
            }
        })
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(path, bytes))
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// The name of the first test that nextest says failed.
fn first_failed(text: &str) -> String {
    let marks = [
        "FAIL [",
        "TIMEOUT [",
        "SIGABRT [",
        "SIGSEGV [",
        "TERMINATING [",
    ];
    let is_mark = |line: &&str| marks.iter().any(|mark| line.trim_start().starts_with(mark));
    let line = text.lines().find(is_mark).unwrap_or_default();
    let after = line.rsplit(") ").next().unwrap_or_default();
    after.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_defect_still_applies() {
        let space = workspace::load().unwrap();
        let defects = load(&space.root).unwrap();
        assert!(defects.len() >= 25, "{}", defects.len());
        assert_eq!(misfits(&space.root, &defects), Vec::<String>::new());
        for defect in &defects {
            let holds = |m: &workspace::Member| defect.file.starts_with(&format!("{}/", m.folder));
            assert!(space.members.iter().any(holds), "{}", defect.file);
        }
    }

    #[test]
    fn a_defect_that_does_not_fit_is_said() {
        let folder = std::env::temp_dir().join(format!("offhook-defects-{}", std::process::id()));
        write(&folder.join("a.rs"), b"one two two").unwrap();
        let defect = |find: &str, replace: &str| Defect {
            name: "x".into(),
            about: String::new(),
            file: "a.rs".into(),
            find: find.into(),
            replace: replace.into(),
        };
        assert!(misfits(&folder, &[defect("one", "1")]).is_empty());
        assert_eq!(misfits(&folder, &[defect("two", "2")]).len(), 1);
        assert_eq!(misfits(&folder, &[defect("three", "3")]).len(), 1);
        assert_eq!(misfits(&folder, &[defect("one", "one")]).len(), 1);
        assert_eq!(
            misfits(&folder, &[defect("one", "1"), defect("one", "2")]).len(),
            1
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_test_that_failed_is_named() {
        let text = "   PASS [ 0.1s] (1/9) a b\n        FAIL [   0.628s] (17/93) offhook-sim::ladders races::x\n";
        assert_eq!(first_failed(text), "offhook-sim::ladders races::x");
    }
}
