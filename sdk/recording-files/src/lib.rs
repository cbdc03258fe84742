//! What recorders that write files share: a name that overwrites nothing, and the side-car.
//!
//! Everything here is called on \[worker\].

mod os;
mod side;
#[cfg(test)]
mod tests;

pub use side::Side;

use plugin::{Refusal, Status};
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Files of one name at most: `call.wav`, `call-2.wav`, ….
const SAME_NAME: u32 = 9_999;

/// Creates the first of `base.wav`, `base-2.wav`, … that is not there yet, for its owner alone; with
/// `side_car` the file for that too.
pub fn reserve(base: &str, extension: &str, side_car: bool) -> Result<(File, PathBuf), Refusal> {
    for number in 1..=SAME_NAME {
        let stem = match number {
            1 => base.to_owned(),
            _ => format!("{base}-{number}"),
        };
        let path = PathBuf::from(format!("{stem}.{extension}"));
        let side = Path::new(&format!("{stem}.json")).to_owned();
        let made = create(&path).and_then(|file| {
            if side_car && let Err(why) = create(&side) {
                // Created just now, and empty.
                let _ = std::fs::remove_file(&path);
                return Err(why);
            }
            Ok(file)
        });
        match made {
            Ok(file) => return Ok((file, path)),
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
            Err(why) => {
                let why = format!("{}: cannot be created: {why}", path.display());
                return Err(Refusal::new(Status::UNAVAILABLE, why));
            }
        }
    }
    let why = format!("{base}.{extension}: there are {SAME_NAME} files of this name already");
    Err(Refusal::new(Status::UNAVAILABLE, why))
}

/// Takes back what [`reserve`] made, before anything is in it; says what was the matter.
pub fn give_up(path: &Path, why: &io::Error) -> Refusal {
    // What is gone already is what is wanted.
    let _ = std::fs::remove_file(path);
    let _ = std::fs::remove_file(path.with_extension("json"));
    let why = format!("{}: cannot be written: {why}", path.display());
    Refusal::new(Status::UNAVAILABLE, why)
}

/// What [`plugin::Recorder::close`] returns for one file. `audio_ms`: unit ms.
pub fn result(path: &Path, bytes: u64, audio_ms: u64, error: Option<&str>) -> String {
    let path = path.display().to_string();
    let mut result = json!({ "files": [{ "path": path, "bytes": bytes }], "audio_ms": audio_ms });
    if let Some(error) = error {
        result["error"] = error.into();
    }
    result.to_string()
}

/// Creates a file that was not there; a link in its place is not followed.
fn create(path: &Path) -> io::Result<File> {
    os::private(OpenOptions::new().read(true).write(true).create_new(true)).open(path)
}
