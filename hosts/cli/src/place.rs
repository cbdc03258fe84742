//! Which socket.

use crate::args::Global;
use crate::error::Error;
use crate::os;
use control::{Code, ErrorObject, socket_folder, socket_path};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// Longest path of a Unix socket (Linux: 108 with the zero behind it). Unit: bytes.
const LONGEST: usize = 107;

/// Where the engine is that this command is for: the socket that was named, that of the profile that
/// was named, or the one that runs.
pub(crate) fn find(global: &Global) -> Result<PathBuf, Error> {
    if let Some(path) = &global.socket {
        if path.as_os_str().len() > LONGEST {
            return Err(Error::usage(
                format!("the path of a socket is at most {LONGEST} bytes long"),
                "put the socket into a folder with a shorter path",
            ));
        }
        return Ok(path.clone());
    }
    let path = match &global.profile {
        Some(profile) => socket_path(profile)
            .map_err(|bad| Error::usage(bad.to_string(), "see: offhook help, --profile"))?,
        None => running(&socket_folder())?,
    };
    refuse_foreign(&path)?;
    Ok(path)
}

/// The socket of the only engine that runs; of several the desktop's.
fn running(folder: &Path) -> Result<PathBuf, Error> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut sockets: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "sock"))
        .collect();
    sockets.sort();
    if sockets.len() > 1 {
        sockets.retain(|path| UnixStream::connect(path).is_ok());
    }
    let desktop = folder.join("desktop.sock");
    match sockets.as_slice() {
        [] => Err(Error::no_engine(folder, "no engine of this user runs")),
        [only] => Ok(only.clone()),
        [..] if sockets.contains(&desktop) => Ok(desktop),
        [..] => {
            let name = |path: &PathBuf| Some(path.file_stem()?.to_string_lossy().into_owned());
            let names: Vec<_> = sockets.iter().filter_map(name).collect();
            Err(Error::usage(
                format!("several engines run: {}", names.join(", ")),
                format!("choose one with --profile {}", names[0]),
            ))
        }
    }
}

/// In a folder that anybody could have made, an engine of another user is not to be trusted.
fn refuse_foreign(path: &Path) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    for place in [folder, path] {
        if os::is_ours(place) == Some(false) {
            let detail = format!("{} belongs to another user", place.display());
            return Err(ErrorObject::new(Code::NOT_PERMITTED, detail)
                .fix("use the account that runs the engine, or name its socket with --socket")
                .into());
        }
    }
    Ok(())
}
