//! Words that were typed wrong, told like every error.

use crate::complain;
use control::{Code, ErrorObject, ExitCode};
use std::io::ErrorKind;

/// What was typed. Help, version and mistakes end the program here: with 0, or as the error index says (2).
pub fn parse<T: clap::Parser>() -> T {
    let refused = match T::try_parse() {
        Ok(options) => return options,
        Err(refused) => refused,
    };
    if refused.use_stderr() {
        let program = T::command().get_name().to_owned();
        end(&usage(&refused, &format!("{program} --help")));
    }
    match refused.print() {
        Err(why) if why.kind() != ErrorKind::BrokenPipe => {
            end(&ErrorObject::new(Code::OUTPUT_LOST, why.to_string()))
        }
        // Who asked reads no more, and that is no mistake.
        Ok(()) | Err(_) => std::process::exit(ExitCode::Success.number().into()),
    }
}

/// Ends the program on an error, told on standard error.
pub fn end(error: &ErrorObject) -> ! {
    complain(error);
    std::process::exit(ExitCode::of_error(error).number().into())
}

/// What clap says of a mistake, as an error of the index: its tips become the fix, or else the usage, or else
/// where `help` is.
pub fn usage(refused: &clap::Error, help: &str) -> ErrorObject {
    let text = refused.to_string();
    let mut why = Vec::new();
    let mut tips = Vec::new();
    let mut usage = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with("For more information") {
            continue;
        }
        if let Some(tip) = line.strip_prefix("tip: ") {
            tips.push(tip);
        } else if line.starts_with("Usage: ") || !usage.is_empty() {
            usage.push(line.trim_start_matches("Usage: "));
        } else {
            why.push(line.trim_start_matches("error: "));
        }
    }
    let fix = match (tips.is_empty(), usage.first()) {
        (false, _) => tips.join("; "),
        (true, Some(usage)) => usage.to_string(),
        (true, None) => format!("see: {help}"),
    };
    ErrorObject::new(Code::USAGE, why.join(" ")).fix(fix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Arg, Command};

    fn refused(words: &[&str]) -> ErrorObject {
        let program = Command::new("phone")
            .arg(Arg::new("register").long("register"))
            .arg(Arg::new("user").long("user").requires("register"))
            .arg(Arg::new("way").long("way").value_parser(["udp", "tcp"]));
        let refused = program.try_get_matches_from(words).expect_err("a mistake");
        usage(&refused, "phone --help")
    }

    #[test]
    fn mistakes_have_a_code_a_cause_and_a_fix() {
        let missing = refused(&["phone", "--user", "a"]);
        assert_eq!(missing.code, Code::USAGE);
        assert!(missing.detail.contains("--register"), "{missing}");
        assert!(missing.fix.starts_with("phone --"), "{missing}");
        let odd = refused(&["phone", "--way", "tls"]);
        assert!(
            odd.detail.contains("'tls'") && odd.detail.contains("udp, tcp"),
            "{odd}"
        );
        assert_eq!(odd.fix, "see: phone --help");
        let close = refused(&["phone", "--regster", "a"]);
        assert!(close.fix.contains("--register"), "{close}");
    }
}
