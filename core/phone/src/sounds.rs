//! Sound files of tones: found in the user's folder, then in those of the system, and nowhere else (K-183).

use audio::CallTone;
use audio::sound_file::{ALLOWED, Sound};
use std::env;
use std::path::{Component, Path, PathBuf};

/// Below the data folders (XDG Base Directory).
const BELOW: &str = "offhook/sounds";
/// Where the system's data is, where nobody says.
const SYSTEM: &str = "/usr/local/share:/usr/share";
/// The largest file. Two minutes of stereo at 16 kHz are 7.7 MB. Unit: bytes.
const LARGEST: u64 = 8 << 20;

/// Where sound files are.
#[derive(Debug, Clone)]
pub(crate) struct Folders(Vec<PathBuf>);

impl Folders {
    /// The user's, then the system's.
    pub(crate) fn of_machine() -> Self {
        let absolute = |path: PathBuf| path.is_absolute().then_some(path);
        let variable = |name| env::var_os(name).map(PathBuf::from).and_then(absolute);
        let own =
            variable("XDG_DATA_HOME").or_else(|| Some(variable("HOME")?.join(".local/share")));
        let system = env::var_os("XDG_DATA_DIRS").filter(|dirs| !dirs.is_empty());
        let system = system.unwrap_or_else(|| SYSTEM.into());
        let all = own.into_iter().chain(env::split_paths(&system));
        Self(
            all.filter_map(absolute)
                .map(|data| data.join(BELOW))
                .collect(),
        )
    }

    #[cfg(test)]
    pub(crate) fn these(folders: &[&Path]) -> Self {
        Self(folders.iter().map(|&folder| folder.to_owned()).collect())
    }

    /// A tone with all its files, or what is wrong with one of them.
    pub(crate) fn fill(&self, tone: CallTone) -> Result<CallTone, String> {
        tone.with_files(|name| self.read(name))
    }

    fn read(&self, name: &str) -> Result<Sound, String> {
        let no = |why: &str| format!("wav '{name}' is not valid: {why}; allowed: {ALLOWED}");
        let path = Path::new(name);
        let stays = path
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if !stays {
            return Err(no("it leads out of the folders for sounds"));
        }
        let here = self
            .0
            .iter()
            .find_map(|folder| Some((folder, within(folder, path)?)));
        let Some((_, file)) = here else {
            let folders: Vec<_> = self.0.iter().map(|f| f.display().to_string()).collect();
            return Err(no(&format!(
                "there is no such file in {}",
                folders.join(", ")
            )));
        };
        let about = std::fs::metadata(&file).map_err(|why| no(&why.to_string()))?;
        if about.len() > LARGEST {
            return Err(no("it is larger than 8 MiB"));
        }
        let bytes = std::fs::read(&file).map_err(|why| no(&why.to_string()))?;
        Sound::read(&bytes).map_err(|why| no(&why.to_string()))
    }
}

/// The file, if it is one and lies below the folder, wherever links lead.
fn within(folder: &Path, path: &Path) -> Option<PathBuf> {
    let file = folder.join(path).canonicalize().ok()?;
    let is_below = file.starts_with(folder.canonicalize().ok()?);
    (is_below && file.is_file()).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, rate_hz: u32) {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: rate_hz,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = hound::WavWriter::create(path, spec).unwrap();
        (0..rate_hz / 10).for_each(|n| file.write_sample(n as i16).unwrap());
        file.finalize().unwrap();
    }

    /// K-183: the user's folder first, then the system's; what leads out of them is refused, and so is what is no sound.
    #[test]
    fn k_183_files_are_found_in_their_folders_alone() {
        let root = tempfile::tempdir().unwrap();
        let (own, system) = (root.path().join("own"), root.path().join("system"));
        for folder in [&own, &system] {
            std::fs::create_dir(folder).unwrap();
            write(&folder.join("both.wav"), 8_000);
        }
        write(&own.join("both.wav"), 16_000);
        write(&system.join("ring.wav"), 8_000);
        write(&own.join("fast.wav"), 44_100);
        write(&root.path().join("outside.wav"), 8_000);
        std::fs::write(own.join("x.ogg"), b"OggS").unwrap();
        std::os::unix::fs::symlink(root.path().join("outside.wav"), own.join("link.wav")).unwrap();
        let folders = Folders::these(&[&own, &system]);
        let fill = |name: &str| {
            let tone: CallTone = format!("periodic(wav(\"{name}\"),silence(50))")
                .parse()
                .unwrap();
            folders.fill(tone).map(drop)
        };
        assert_eq!(
            folders.read("both.wav").unwrap().rate(),
            audio::Rate::Hz16000
        );
        assert_eq!(fill("both.wav"), Ok(()));
        assert_eq!(fill("ring.wav"), Ok(()));
        let outside = root.path().join("outside.wav").display().to_string();
        for (name, why) in [
            ("x.ogg", "neither WAV nor CAF"),
            ("fast.wav", "44100 Hz"),
            ("gone.wav", "no such file in "),
            ("link.wav", "no such file in "),
            ("../outside.wav", "leads out"),
            (outside.as_str(), "leads out"),
        ] {
            let said = fill(name).unwrap_err();
            assert!(
                said.starts_with(&format!("wav '{name}' is not valid: ")),
                "{said}"
            );
            assert!(said.contains(why), "{said}");
            assert!(said.ends_with(&format!("allowed: {ALLOWED}")), "{said}");
        }
    }
}
