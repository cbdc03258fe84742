//! A look at a library in a process of its own: what only loading can show is found there.
//!
//! The child is a program of ours that calls [`answer`]: a host that runs itself with a hidden option, or
//! `offhook-plugin-host --probe`. It loads the file, starts the plugin, reads its tables, stops it, and says on
//! standard output what it found. Whatever the library does meanwhile, it does to that process.

use crate::config::Options;
use crate::{Catalogue, Error};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// How long a look may take.
const LIMIT: Duration = Duration::from_secs(5);
/// Before the answer, so that it is told from what the library prints.
const MARK: &str = "offhook-probe ";
/// The plugin's options, JSON.
const OPTIONS: &str = "OFFHOOK_PROBE_OPTIONS";
/// Most that is read of what the child prints. Unit: bytes.
const MOST: u64 = 1 << 20;

/// Which program looks, and for how long.
#[derive(Debug, Clone)]
pub struct Prober {
    program: PathBuf,
    arguments: Vec<OsString>,
    limit: Duration,
}

/// What the child says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Good,
    Refused {
        code: String,
        reason: String,
        fix: String,
    },
}

impl Prober {
    /// Runs `program` with `arguments` and the file behind them.
    pub fn new(program: PathBuf, arguments: impl IntoIterator<Item = OsString>) -> Self {
        Self {
            program,
            arguments: arguments.into_iter().collect(),
            limit: LIMIT,
        }
    }

    /// The program `offhook-plugin-host`, where it is beside the running one.
    pub fn beside() -> Option<Self> {
        Some(Self::new(crate::away::program()?, ["--probe".into()]))
    }

    /// With another limit; the default is 5 s.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Looks at one file. Thread: \[control\], before calls are up: it waits for the child.
    pub fn look(&self, plugin: &str, path: &Path, options: &Options) -> Result<(), Error> {
        let options = serde_json::to_string(options).expect("plain values always become JSON");
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .arg(path)
            .env(OPTIONS, options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = child.map_err(|error| Error::NoProbe {
            plugin: plugin.to_owned(),
            reason: format!("{}: {error}", self.program.display()),
        })?;
        let heard = self.hear(&mut child);
        // Whatever it still does, it is done with.
        let _ = child.kill();
        let ended = child.wait();
        let broke = |how: String| Error::ProbeBroke {
            plugin: plugin.to_owned(),
            how,
        };
        match heard {
            Heard::Answer(Answer::Good) => Ok(()),
            Heard::Answer(Answer::Refused { code, reason, fix }) => Err(Error::Probed {
                code: crate::error::known_code(&code),
                reason,
                fix,
            }),
            Heard::End => Err(broke(ended.map_or_else(|e| e.to_string(), how_it_ended))),
            Heard::Silence => Err(broke(format!(
                "it did not come back within {:?}",
                self.limit
            ))),
        }
    }

    fn hear(&self, child: &mut Child) -> Heard {
        let Some(out) = child.stdout.take() else {
            return Heard::End;
        };
        let (found, answer) = channel();
        // Left behind if something else holds the pipe open: it ends with what holds it.
        std::thread::spawn(move || {
            for line in BufReader::new(out.take(MOST)).split(b'\n') {
                let Ok(line) = line else { return };
                let line = String::from_utf8_lossy(&line);
                if let Some((_, json)) = line.split_once(MARK)
                    && let Ok(answer) = serde_json::from_str(json)
                {
                    let _ = found.send(answer);
                    return;
                }
            }
        });
        match answer.recv_timeout(self.limit) {
            Ok(answer) => Heard::Answer(answer),
            Err(RecvTimeoutError::Timeout) => Heard::Silence,
            Err(RecvTimeoutError::Disconnected) => {
                // It closed its output; give it the time to end by itself, so that its end tells why.
                for _ in 0..50 {
                    if !matches!(child.try_wait(), Ok(None)) {
                        break;
                    }
                    std::thread::sleep(Duration::from_millis(2));
                }
                Heard::End
            }
        }
    }
}

enum Heard {
    Answer(Answer),
    End,
    Silence,
}

/// In the child: looks at `path` and prints what it finds. The process ends by itself if nobody ends it.
pub fn answer(path: &Path) {
    std::thread::spawn(|| {
        std::thread::sleep(2 * LIMIT);
        std::process::abort();
    });
    let options = std::env::var(OPTIONS).unwrap_or_default();
    let options: Options = serde_json::from_str(&options).unwrap_or_default();
    let mut catalogue = Catalogue::new("offhook probe", env!("CARGO_PKG_VERSION"));
    let answer = match catalogue.add_file_with(path, options) {
        Ok(()) => Answer::Good,
        Err(error) => Answer::Refused {
            code: error.code().to_owned(),
            reason: error.to_string(),
            fix: error.fix(),
        },
    };
    drop(catalogue);
    let json = serde_json::to_string(&answer).expect("plain values always become JSON");
    println!("\n{MARK}{json}");
}

#[cfg(unix)]
fn how_it_ended(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.signal(), status.code()) {
        (Some(6), _) => "it aborted".to_owned(),
        (Some(11), _) => "it crashed (segmentation fault)".to_owned(),
        (Some(signal), _) => format!("it was ended by signal {signal}"),
        (None, Some(code)) => format!("it ended its process with status {code}"),
        (None, None) => "it ended its process".to_owned(),
    }
}

#[cfg(not(unix))]
fn how_it_ended(status: ExitStatus) -> String {
    format!("it ended its process: {status}")
}
