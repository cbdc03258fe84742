//! The C header is what the crate says, and every compiler takes it.
//!
//! `OFFHOOK_BLESS=1 cargo test -p offhook-plugin-abi --test header` writes it anew.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn header() -> PathBuf {
    here("../include/offhook_plugin.h")
}

/// What cbindgen makes of the sources, with the names that C expects of constants.
fn generated() -> String {
    let config = cbindgen::Config::from_file(here("cbindgen.toml")).unwrap();
    let mut bytes = Vec::new();
    cbindgen::Builder::new()
        .with_config(config)
        .with_crate(here("."))
        .generate()
        .unwrap()
        .write(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let mut out = String::new();
    for line in text.lines() {
        out += &renamed(&in_words_of_c(line));
        out.push('\n');
    }
    out
}

/// Comments speak of `[`CodecInfo::caps`]` and `\[media\]`; C says `CodecInfo.caps` and `[media]`.
fn in_words_of_c(line: &str) -> String {
    let Some((code, comment)) = line.split_once("//") else {
        return line.to_owned();
    };
    let comment = comment
        .replace("[`", "`")
        .replace("`]", "`")
        .replace("::", ".")
        .replace("\\[", "[")
        .replace("\\]", "]");
    // A link's target says nothing in C.
    let comment = match comment.split_once("`(crate") {
        Some((before, target)) => {
            let after = target.split_once(')').map_or("", |(_, after)| after);
            format!("{before}`{after}")
        }
        None => comment,
    };
    format!("{code}//{comment}")
}

/// cbindgen puts one prefix before types and constants alike: `OffhookNAT_ID` becomes `OFFHOOK_NAT_ID`,
/// `OffhookStatus_OK` becomes `OFFHOOK_OK`.
fn renamed(line: &str) -> String {
    let line = line.replace("OffhookStatus_", "OFFHOOK_");
    let mut out = String::new();
    let mut rest = line.as_str();
    while let Some(at) = rest.find("Offhook") {
        let (before, from) = rest.split_at(at);
        let word: String = from["Offhook".len()..]
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        let constant = word
            .chars()
            .nth(1)
            .is_some_and(|c| c.is_ascii_uppercase() || c == '_');
        out += before;
        out += if constant { "OFFHOOK_" } else { "Offhook" };
        out += &word;
        rest = &from["Offhook".len() + word.len()..];
    }
    out + rest
}

#[test]
fn the_header_is_what_the_crate_says() {
    let now = generated();
    if std::env::var_os("OFFHOOK_BLESS").is_some() {
        fs::write(header(), &now).unwrap();
    }
    let kept = fs::read_to_string(header()).unwrap_or_default();
    assert!(
        kept == now,
        "sdk/include/offhook_plugin.h is not what the crate says: write it anew with OFFHOOK_BLESS=1"
    );
}

/// Compiles `source` and says what the compiler says.
fn compile(compiler: &str, arguments: &[&str], source: &Path) -> Result<(), String> {
    let out = Command::new(compiler)
        .args(arguments)
        .args([
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            "-fsyntax-only",
            "-I",
        ])
        .arg(here("../include"))
        .arg(source)
        .output()
        .map_err(|error| format!("{compiler}: {error}"))?;
    match out.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&out.stderr).into_owned()),
    }
}

#[test]
fn c99_c11_and_cpp17_take_it_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    for (compiler, standard, name) in [
        ("cc", "-std=c99", "a.c"),
        ("cc", "-std=c11", "b.c"),
        ("c++", "-std=c++17", "c.cpp"),
    ] {
        let source = folder.path().join(name);
        fs::write(&source, "#include <offhook_plugin.h>\nint answer(void);\nint answer(void) { return OFFHOOK_OK; }\n").unwrap();
        if let Err(said) = compile(compiler, &[standard], &source) {
            panic!("{compiler} {standard}: {said}");
        }
    }
}

#[test]
fn sizes_and_offsets_are_the_same_in_c() {
    use offhook_plugin_abi as abi;
    use std::mem::{offset_of, size_of};
    let mut checks = String::from("#include <offhook_plugin.h>\n");
    let mut check = |what: String, is: usize| {
        let n = checks.lines().count();
        checks += &format!("typedef char check_{n}[({what}) == {is} ? 1 : -1];\n");
    };
    macro_rules! same {
        ($($type:ident { $last:ident, $c:literal })+) => {$(
            check(format!("sizeof({})", $c), size_of::<abi::$type>());
            check(format!("offsetof({}, {})", $c, stringify!($last)), offset_of!(abi::$type, $last));
        )+};
    }
    same! {
        Entry { table, "OffhookEntry" }
        Host { service, "OffhookHost" }
        CodecInfo { rule_count, "OffhookCodecInfo" }
        CodecRequest { options, "OffhookCodecRequest" }
        CodecTable { close, "OffhookCodecTable" }
        AudioTable { close, "OffhookAudioTable" }
        DtmfStep { body, "OffhookDtmfStep" }
        DtmfTable { close, "OffhookDtmfTable" }
        RecorderRequest { options, "OffhookRecorderRequest" }
        RecorderTable { close, "OffhookRecorderTable" }
        FilterTable { close, "OffhookFilterTable" }
        NatOutput { data_len, "OffhookNatOutput" }
        SecurityOutput { data_len, "OffhookSecurityOutput" }
        UiTable { close, "OffhookUiTable" }
    }
    checks += "typedef int something;\n";
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("sizes.c");
    fs::write(&source, checks).unwrap();
    compile("cc", &["-std=c11"], &source).unwrap();
}
