//! One test's folder, ports and seed, and what is missing on this machine.

use anyhow::{Context, Result};
use base::Rng;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What one test stands on. Its folder keeps logs and recordings after the test.
#[derive(Debug)]
pub struct Rig {
    folder: PathBuf,
    seed: u64,
}

impl Rig {
    /// A rig for the test `name`, or nothing where one of `programs` is missing: the test then says so
    /// and ends. With `CI=true` a missing program is a failure, so that nothing is skipped in silence.
    ///
    /// # Panics
    ///
    /// With `CI=true`, when a program is missing.
    pub fn new(name: &str, programs: &[&str]) -> Option<Self> {
        let missing: Vec<&str> = programs
            .iter()
            .copied()
            .filter(|program| find(program).is_none())
            .collect();
        if !missing.is_empty() {
            let text = format!(
                "{name}: {} missing (cargo xtask install)",
                missing.join(", ")
            );
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{text}");
            eprintln!("SKIPPED: {text}");
            return None;
        }
        let folder = target().join("interop").join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("the build folder can be written to");
        let seed = seed();
        println!("{name}: OFFHOOK_SEED={seed}, {}", folder.display());
        Some(Self { folder, seed })
    }

    /// The test's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file in the test's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A new folder in the test's folder.
    pub fn subfolder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.file(name);
        std::fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
        Ok(folder)
    }

    /// Randomness of this run; `OFFHOOK_SEED` repeats one.
    pub fn rng(&self) -> Rng {
        Rng::from_number(self.seed)
    }
}

fn seed() -> u64 {
    let told = std::env::var("OFFHOOK_SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    told.unwrap_or_else(|| {
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        since.as_secs() << 20 ^ u64::from(since.subsec_nanos())
    })
}

/// Cargo's build folder.
pub fn target() -> PathBuf {
    let told =
        std::env::var_os("OFFHOOK_TARGET_DIR").or_else(|| std::env::var_os("CARGO_TARGET_DIR"));
    let told = told.filter(|path| !path.is_empty());
    told.map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        PathBuf::from,
    )
}

/// Where our own programs lie: beside the test or the program that asks, unless told otherwise.
pub fn binaries() -> PathBuf {
    if let Some(told) = std::env::var_os("OFFHOOK_BIN_DIR") {
        return told.into();
    }
    // A test runs from PROFILE/deps, a program from PROFILE.
    let here = std::env::current_exe().unwrap_or_default();
    let folder = here.parent().unwrap_or(Path::new(""));
    match folder.ends_with("deps") {
        true => folder.parent().unwrap_or(folder).to_path_buf(),
        false => folder.to_path_buf(),
    }
}

/// The full path of a program, from `PATH` and the folders of system programs.
pub fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Path::new(program).exists().then(|| program.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
