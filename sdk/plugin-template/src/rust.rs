//! A project in Rust: two crates of the sdk in `sdk/`, no other dependency.

use crate::embedded::{PLUGIN_ABI_FILES, PLUGIN_FILES, RUST_FILES};
use crate::{File, example, own};

/// Of this crate and of the sdk, which are released together.
const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(crate) fn project(name: &str, kind: &str) -> Vec<File> {
    let stem = name.replace('-', "_");
    let mut files = vec![
        own("Cargo.toml", manifest(name, kind)),
        own("src/lib.rs", example(RUST_FILES, &format!("{kind}.rs"))),
        own("README.md", readme(name, kind, &stem)),
        own(".gitignore", "/target\n".to_owned()),
    ];
    let copy = |folder: &str, (path, text): &(&str, &str)| File {
        path: format!("sdk/{folder}/src/{path}"),
        text: (*text).to_owned(),
        own: false,
    };
    files.push(sdk_manifest(
        "plugin",
        "plugin-abi = { package = \"offhook-plugin-abi\", path = \"../plugin-abi\" }\n",
    ));
    files.push(sdk_manifest("plugin-abi", ""));
    files.extend(PLUGIN_FILES.iter().map(|file| copy("plugin", file)));
    files.extend(PLUGIN_ABI_FILES.iter().map(|file| copy("plugin-abi", file)));
    files
}

fn manifest(name: &str, kind: &str) -> String {
    format!(
        r#"[package]
name = "{name}"
description = "A plugin for offhook: {kind}."
version = "0.1.0"
edition = "2024"
license = "MIT OR Apache-2.0"

# On its own, wherever its folder lies.
[workspace]

[lib]
crate-type = ["cdylib", "rlib"]

[features]
default = ["library"]
# Exports the C symbol. A host that links this crate in turns it off.
library = []

[dependencies]
# The sdk as offhook {VERSION} wrote it; it depends on nothing.
plugin = {{ package = "offhook-plugin", path = "sdk/plugin" }}

[lints.rust]
unsafe_code = "forbid"

[profile.release]
overflow-checks = true
"#
    )
}

fn sdk_manifest(folder: &str, dependencies: &str) -> File {
    File {
        path: format!("sdk/{folder}/Cargo.toml"),
        text: format!(
            r#"# A copy from offhook {VERSION}.
[package]
name = "offhook-{folder}"
version = "{VERSION}"
edition = "2024"
rust-version = "1.95"
license = "MIT OR Apache-2.0"

[lints.rust]
# The export macros ask for the feature `library` of the crate that uses them.
unexpected_cfgs = {{ level = "warn", check-cfg = ['cfg(feature, values("library"))'] }}

[dependencies]
{dependencies}"#
        ),
        own: false,
    }
}

fn readme(name: &str, kind: &str, stem: &str) -> String {
    format!(
        "# {name}

A plugin for offhook, of the kind {kind}. It builds without a network: what it needs lies in `sdk/`.

    cargo test
    cargo build --release
    offhook plugin check target/release/lib{stem}.so

All of it stands in `src/lib.rs`; what each function may do and on which thread it is called says
`sdk/plugin/src`. Your engine finds it where its settings say so:

    [plugins]
    path = [\"target/release\"]
"
    )
}
