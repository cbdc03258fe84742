//! Lists the sources of `sdk/plugin` and `sdk/plugin-abi`, the header and the examples, so that they are compiled in.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let var = |name| env::var_os(name).map(PathBuf::from);
    let here = var("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?;
    let sdk = here.join("..");
    let mut list = String::new();
    for (name, folder) in [
        ("PLUGIN", "plugin/src"),
        ("PLUGIN_ABI", "plugin-abi/src"),
        ("HEADER", "include"),
        ("RUST", "examples/rust"),
        ("C", "examples/c"),
    ] {
        println!("cargo:rerun-if-changed={}", sdk.join(folder).display());
        let mut files = Vec::new();
        collect(&sdk.join(folder), "", &mut files)?;
        files.sort();
        let entries = files.iter().fold(String::new(), |mut text, (path, file)| {
            // Writing into a String cannot fail.
            let _ = write!(text, "({path:?}, include_str!({file:?})),");
            text
        });
        let _ = writeln!(list, "const {name}: &[(&str, &str)] = &[{entries}];");
    }
    let out = var("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    fs::write(out.join("embedded.rs"), list)
}

/// Every source below `folder`, by its path there.
fn collect(folder: &Path, before: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let short = format!("{before}{name}");
        if path.is_dir() {
            collect(&path, &format!("{short}/"), files)?;
        } else if [".rs", ".c", ".h"].iter().any(|end| name.ends_with(end)) {
            files.push((short, path.canonicalize()?));
        }
    }
    Ok(())
}
