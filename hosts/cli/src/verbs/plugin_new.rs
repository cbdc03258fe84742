//! `plugin new`: a project that builds without a network. Needs no engine.

use super::Context;
use crate::error::Error;
use clap::builder::PossibleValuesParser;
use clap::{Args as Group, ValueEnum};
use control::{Code, ExitCode};
use plugin_template::{File, KINDS, Language, library, project};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What a plugin is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Lang {
    /// Rust.
    #[default]
    Rust,
    /// C.
    C,
}

/// `plugin new`.
#[derive(Debug, Group)]
pub(crate) struct PluginNew {
    /// The plugin's id, and the name of its folder: small letters, digits and dashes
    name: String,
    /// What it is for
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(KINDS))]
    kind: String,
    /// What it is written in
    #[arg(long, value_enum, default_value = "rust")]
    lang: Lang,
    /// Folder to put the project's folder into
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    into: PathBuf,
}

pub(crate) fn run(context: &mut Context, args: &PluginNew) -> Result<ExitCode, Error> {
    let language = match args.lang {
        Lang::Rust => Language::Rust,
        Lang::C => Language::C,
    };
    let files = project(&args.name, &args.kind, language).map_err(|wrong| {
        let fix = "offhook plugin new codec-mine --kind codec";
        Error::usage(format!("{:?}: {wrong}", args.name), fix)
    })?;
    let folder = args.into.join(&args.name);
    if folder.exists() {
        let why = format!("{} is there already", folder.display());
        return Err(Error::usage(why, "choose another name, or move it away"));
    }
    for file in &files {
        write(&folder, file)?;
    }
    let library = library(&args.name, language);
    let own: Vec<_> = files
        .iter()
        .filter(|file| file.own)
        .map(|file| file.path.as_str())
        .collect();
    let out = &mut context.out;
    let (shown, count) = (folder.display(), own.len());
    out.line(&format!(
        "created {count} files in {shown}: {}",
        own.join(" ")
    ));
    out.line("the sdk lies beside them: nothing is downloaded");
    let build = match language {
        Language::Rust => "cargo build --release",
        Language::C => "make",
    };
    out.line(&format!("  build   cd {shown} && {build}"));
    out.line(&format!("  check   offhook plugin check {library}"));
    out.line("  all     offhook plugin run");
    out.object(&json!({
        "kind": "plugin-new",
        "folder": folder,
        "files": files.len(),
        "own": own,
        "library": folder.join(library),
    }));
    Ok(ExitCode::Success)
}

fn write(folder: &Path, file: &File) -> Result<(), Error> {
    let path = folder.join(&file.path);
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(&path, &file.text))
        .map_err(|why| Error::new(Code::FILE_UNREADABLE, format!("{}: {why}", path.display())))
}
