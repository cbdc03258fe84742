//! Passwords from a file, a variable or the keyboard; never from the command line, which others can read.

use crate::args::AddAccount;
use crate::error::Error;
use crate::os::Keys;
use control::{Code, Secret};
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _, stderr, stdin};

/// Longest password. Unit: bytes.
const LONGEST: usize = 1024;

/// The password of the account, if it has one.
pub(crate) fn read(args: &AddAccount) -> Result<Option<Secret>, Error> {
    if args.no_password {
        return Ok(None);
    }
    if let Some(path) = &args.password_file {
        let text = std::fs::read_to_string(path)
            .map_err(|why| Error::new(Code::NO_PASSWORD, format!("{}: {why}", path.display())))?;
        return given(text.lines().next(), &path.display().to_string());
    }
    if let Some(name) = &args.password_env {
        let text = std::env::var(name).ok();
        return given(text.as_deref(), &format!("the variable {name}"));
    }
    let typed = if stdin().is_terminal() {
        type_in()?
    } else {
        let mut line = String::new();
        let read = stdin().lock().take(LONGEST as u64).read_line(&mut line);
        read.map_err(|why| Error::new(Code::NO_PASSWORD, format!("standard input: {why}")))?;
        line
    };
    given(typed.lines().next(), "standard input")
}

fn given(text: Option<&str>, place: &str) -> Result<Option<Secret>, Error> {
    match text.map(|text| text.trim_end_matches('\r')) {
        Some(text) if !text.is_empty() && text.len() <= LONGEST => Ok(Some(Secret::new(text))),
        Some(_) | None => Err(Error::new(
            Code::NO_PASSWORD,
            format!("{place} holds no password; an account without one: --no-password"),
        )),
    }
}

/// Asks on standard error and reads keys without echo.
fn type_in() -> Result<String, Error> {
    let silent = Keys::silence();
    let mut err = stderr().lock();
    // Nobody sees the question: the keys are read all the same.
    let _ = write!(err, "password: ");
    let _ = err.flush();
    let mut typed = Vec::new();
    for key in stdin().lock().bytes() {
        match key {
            Err(_) | Ok(b'\n' | b'\r' | 4) => break,
            Ok(3) => {
                drop(silent);
                let _ = writeln!(err);
                return Err(Error::Interrupted);
            }
            Ok(8 | 127) => erase(&mut typed),
            Ok(21) => typed.clear(),
            Ok(key) if typed.len() < LONGEST => typed.push(key),
            Ok(_) => {}
        }
    }
    drop(silent);
    let _ = writeln!(err);
    String::from_utf8(typed)
        .map_err(|_| Error::new(Code::NO_PASSWORD, "what was typed is not UTF-8".to_owned()))
}

/// Takes the last character back, however many bytes it has.
fn erase(typed: &mut Vec<u8>) {
    while typed.pop().is_some_and(|byte| byte & 0xC0 == 0x80) {}
}
