//! `plugin run`: builds a plugin project, checks it, and makes a call through it. Needs no engine.

use super::{Context, demo, plugin_check};
use crate::error::Error;
use clap::Args as Group;
use control::{Code, ErrorObject, ExitCode};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

/// How often it is looked whether a source was saved. Unit: time.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// `plugin run`.
#[derive(Debug, Group)]
pub(crate) struct PluginRun {
    /// Folder of the project
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Stop after the call instead of waiting for the next save
    #[arg(long)]
    once: bool,
}

pub(crate) fn run(context: &mut Context, args: &PluginRun) -> Result<ExitCode, Error> {
    let project = Project::of(&args.folder)?;
    loop {
        let before = project.saved();
        let ended = round(context, &project);
        if args.once {
            return ended;
        }
        if let Err(Error::Told(why) | Error::Late(why)) = &ended {
            context.out.line(&format!("{} {}", why.code, why.detail));
            context.out.line(&format!("  fix     {}", why.fix));
        }
        context.out.line(&format!(
            "watching {}: a save does it all again; Ctrl+C stops",
            project.folder.display()
        ));
        while project.saved() == before {
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

/// Once all the way.
fn round(context: &mut Context, project: &Project) -> Result<ExitCode, Error> {
    let began = Instant::now();
    let library = project.build()?;
    let took = began.elapsed().as_secs_f64();
    let shown = library.display();
    context.out.line(&format!("built {shown} in {took:.1} s"));
    let report = plugin_check::report(&library, 1, &[])?;
    plugin_check::tell(context, &report);
    if !report.passed() {
        return Ok(ExitCode::Plugin);
    }
    let catalogue = demo::alone(&library)?;
    let Some(format) = catalogue.formats().next().map(|format| format.name.clone()) else {
        context
            .out
            .line("no call: only a codec can be proved by what comes back of a chirp");
        return Ok(ExitCode::Success);
    };
    context
        .out
        .line(&format!("calling 600 with {format} and nothing else"));
    demo::prove(
        context,
        &demo::Guest::Codec {
            file: library,
            format,
        },
    )
}

/// What builds a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Builder {
    Cargo,
    Make,
}

#[derive(Debug)]
struct Project {
    folder: PathBuf,
    builder: Builder,
}

impl Project {
    fn of(folder: &Path) -> Result<Self, Error> {
        let builder = match (folder.join("Cargo.toml"), folder.join("Makefile")) {
            (cargo, _) if cargo.is_file() => Builder::Cargo,
            (_, make) if make.is_file() => Builder::Make,
            _ => {
                let why = format!("{} has no Cargo.toml and no Makefile", folder.display());
                let fix = "begin one: offhook plugin new codec-mine --kind codec";
                return Err(Error::usage(why, fix));
            }
        };
        let folder = folder.to_owned();
        Ok(Self { folder, builder })
    }

    /// Builds; gives the library.
    fn build(&self) -> Result<PathBuf, Error> {
        let (program, arguments) = match self.builder {
            Builder::Cargo => ("cargo", &["build", "--quiet", "--release", "--offline"][..]),
            Builder::Make => ("make", &["--silent"][..]),
        };
        let mut command = Command::new(program);
        // Cargo puts it where this says, and we would look elsewhere.
        command.env_remove("CARGO_TARGET_DIR").args(arguments);
        let status = command.current_dir(&self.folder).status();
        let failed = |why: String| {
            let fix = "see what it said above; cargo or make and cc have to be installed";
            Error::from(ErrorObject::new(Code::PLUGIN_REFUSED, why).fix(fix))
        };
        match status {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(failed(format!("{program} ended with {status}"))),
            Err(why) => return Err(failed(format!("{program}: {why}"))),
        }
        let built = match self.builder {
            Builder::Cargo => self.folder.join("target/release"),
            Builder::Make => self.folder.clone(),
        };
        let mut libraries = files(&built, "so");
        libraries.sort_by_key(|path| modified(path));
        let none = || failed(format!("there is no library in {}", built.display()));
        libraries.pop().ok_or_else(none)
    }

    /// When a source of the project was saved last.
    fn saved(&self) -> Option<SystemTime> {
        let source = self.folder.join("src");
        let rust = files(&source, "rs").into_iter();
        let all = rust.chain(files(&self.folder, "c"));
        all.chain([self.folder.join("Cargo.toml")])
            .filter_map(|path| modified(&path))
            .max()
    }
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .filter(|path| path.extension().is_some_and(|its| its == extension))
        .collect()
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path)
        .and_then(|about| about.modified())
        .ok()
}
