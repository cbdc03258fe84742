//! The log, and the filters that people write: `info`, `sip=debug`, `warn,engine=trace`.

use control::{Code, ErrorObject, quoted};
use settings::Log;
use std::io::IsTerminal as _;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Whose lines can be chosen: the short name and the target that the lines carry.
const NAMES: &[(&str, &str)] = &[
    ("demo-pbx", "offhook_demo_pbx"),
    ("directory", "offhook_directory"),
    ("engine", "offhook_engine"),
    ("net", "offhook_net"),
    ("offhookd", "offhookd"),
    ("part-blf", "offhook_part_blf"),
    ("part-dialogs", "offhook_part_dialogs"),
    ("part-link", "offhook_part_link"),
    ("part-messages", "offhook_part_messages"),
    ("part-presence", "offhook_part_presence"),
    ("part-registrar", "offhook_part_registrar"),
    ("part-transfer", "offhook_part_transfer"),
    ("phone", "offhook_phone"),
    // What plugins log of themselves.
    ("plugin", "plugin"),
    ("plugin-host", "offhook_plugin_host"),
    // Among them one line a SIP message, `sip::message`, at debug.
    ("sip", "offhook_sip"),
    ("store", "offhook_store"),
    ("terminal", "offhook_terminal"),
    ("xcap", "offhook_xcap"),
    // Name lookups and the runtime, which are not ours.
    ("hickory-net", "hickory_net"),
    ("hickory-proto", "hickory_proto"),
    ("hickory-resolver", "hickory_resolver"),
    ("mio", "mio"),
];

/// Logs on standard error from now on: what `filter` says, and `usual` where it says nothing. `filter` is
/// levels (error, warn, info, debug, trace, off) and NAME=LEVEL, with commas between. Call it once a program.
/// Errors: OH-1001 for what is no filter. Thread: any.
pub fn start_log(filter: Option<&str>, usual: Log) -> Result<(), ErrorObject> {
    let targets = targets(filter.unwrap_or_default(), level(usual))?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // Where standard error takes nothing, there is nobody to tell.
        .log_internal_errors(false);
    let log = tracing_subscriber::registry().with(lines.with_filter(targets));
    // Whoever set up a log of their own keeps it.
    let _ = log.try_init();
    Ok(())
}

const fn level(log: Log) -> LevelFilter {
    match log {
        Log::Error => LevelFilter::ERROR,
        Log::Warn => LevelFilter::WARN,
        Log::Info => LevelFilter::INFO,
        Log::Debug => LevelFilter::DEBUG,
        Log::Trace => LevelFilter::TRACE,
    }
}

fn targets(filter: &str, usual: LevelFilter) -> Result<Targets, ErrorObject> {
    let mut targets = Targets::new().with_default(usual);
    for wish in filter
        .split(',')
        .map(str::trim)
        .filter(|wish| !wish.is_empty())
    {
        targets = match wish.split_once('=') {
            Some((name, level)) => targets.with_target(target(name, wish)?, word(level, wish)?),
            None => match named_level(wish) {
                Some(level) => targets.with_default(level),
                None => targets.with_target(target(wish, wish)?, LevelFilter::TRACE),
            },
        };
    }
    Ok(targets)
}

fn named_level(word: &str) -> Option<LevelFilter> {
    // The filter's own reader takes numbers too, which nobody can look up.
    let is_word = word.bytes().all(|byte| byte.is_ascii_alphabetic());
    word.parse().ok().filter(|_| is_word && !word.is_empty())
}

fn word(level: &str, wish: &str) -> Result<LevelFilter, ErrorObject> {
    named_level(level.trim()).ok_or_else(|| {
        let why = format!("option --log: {} names no level", quoted(wish));
        ErrorObject::new(Code::USAGE, why)
            .fix("write NAME=LEVEL: error, warn, info, debug, trace or off")
    })
}

/// What lines of `name`, such as `sip`, `offhook-sip` or `sip::endpoint`, begin with. `wish` is the whole of what was
/// written of it.
fn target(name: &str, wish: &str) -> Result<String, ErrorObject> {
    let name = name.trim();
    let (first, below) = match name.split_once("::") {
        Some((first, below)) => (first, format!("::{below}")),
        None => (name, String::new()),
    };
    let plain = first.replace('_', "-");
    let plain = plain.strip_prefix("offhook-").unwrap_or(&plain);
    let known = NAMES.iter().find(|(short, _)| *short == plain);
    match known {
        Some((_, target)) => Ok(format!("{target}{below}")),
        None => {
            let why = format!(
                "option --log: {} is no level, and names nobody who logs",
                quoted(wish)
            );
            let names: Vec<&str> = NAMES.iter().map(|(short, _)| *short).collect();
            let fix = format!(
                "write a level (error, warn, info, debug, trace, off) or NAME=LEVEL with a name of: {}",
                names.join(", ")
            );
            Err(ErrorObject::new(Code::USAGE, why).fix(fix))
        }
    }
}

#[cfg(test)]
mod tests;
