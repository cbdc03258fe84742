//! Running other programs and saying clearly what went wrong.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// The cargo that started us, in the workspace's root.
pub(crate) fn cargo(root: &Path) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root);
    command
}

/// Runs to the end with our own input and output; an exit code other than 0 is an error.
pub(crate) fn succeed(command: &mut Command) -> Result<(), String> {
    let text = line(command);
    succeed_as(command, &format!("$ {text}"))
}

/// The same, said in other words: the command itself stands in an error alone.
pub(crate) fn succeed_as(command: &mut Command, said: &str) -> Result<(), String> {
    let text = line(command);
    println!("{said}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{text}` ended with {status}")),
        Err(error) => Err(format!("cannot run `{text}`: {error}")),
    }
}

/// Runs to the end and returns what it wrote to its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let text = line(command);
    let done = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run `{text}`: {error}"))?;
    if !done.status.success() {
        return Err(format!("`{text}` ended with {}", done.status));
    }
    String::from_utf8(done.stdout).map_err(|_| format!("`{text}` wrote something that is not text"))
}

/// Whether a program of this name starts at all.
pub(crate) fn exists(program: &str, args: &[&str]) -> bool {
    Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The command as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
