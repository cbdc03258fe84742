//! `cargo xtask new host NAME`: another host, from `hosts/minimal`.

use crate::command;
use std::path::Path;

/// The host that new ones begin from.
const MODEL: &str = "minimal";
/// Its files.
const FILES: [&str; 3] = ["Cargo.toml", "src/main.rs", "README.md"];

/// Makes `hosts/NAME` and names it in ARCHITECTURE.md.
pub(crate) fn run(root: &Path, words: &[String]) -> Result<(), String> {
    let [what, name] = words else {
        return Err("write: new host NAME".to_owned());
    };
    if what != "host" {
        return Err(format!("there is no new {what}; write: new host NAME"));
    }
    check(name)?;
    let folder = root.join("hosts").join(name);
    if folder.exists() {
        return Err(format!("{} is there already", folder.display()));
    }
    for file in FILES {
        let text = read(&root.join("hosts").join(MODEL).join(file))?;
        write(&folder.join(file), &renamed(&text, name))?;
    }
    let page = root.join("ARCHITECTURE.md");
    write(&page, &listed(&read(&page)?, name)?)?;
    println!("hosts/{name} is there: the program offhook-{name}");
    println!("  build    cargo build -p offhook-{name}");
    println!("  plugins  name each that is built in, in Cargo.toml and in BUILT_IN of src/main.rs");
    println!("  say      what it is, in its README.md and in ARCHITECTURE.md");
    Ok(())
}

/// Name of a host that nobody keeps.
const TRIAL: &str = "trial-of-new";

/// Makes a host, builds it beside what is built already, and takes it away again, also where it does not build.
pub(crate) fn prove(root: &Path) -> Result<(), String> {
    let kept = ["ARCHITECTURE.md", "Cargo.lock"].map(|file| root.join(file));
    let texts = kept.each_ref().map(|file| read(file));
    let built = run(root, &["host", TRIAL].map(str::to_owned)).and_then(|()| {
        let package = format!("offhook-{TRIAL}");
        let mut cargo = command::cargo(root);
        cargo.args([
            "build",
            "--offline",
            "--profile",
            "ci",
            "--package",
            &package,
        ]);
        command::succeed(&mut cargo)
    });
    let folder = root.join("hosts").join(TRIAL);
    let gone =
        std::fs::remove_dir_all(&folder).map_err(|why| format!("{}: {why}", folder.display()));
    for (file, text) in kept.iter().zip(texts) {
        write(file, &text?)?;
    }
    built.and(gone)
}

fn check(name: &str) -> Result<(), String> {
    let is_letter = |c: char| c.is_ascii_lowercase() || c == '-';
    match name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(is_letter) {
        true => Ok(()),
        false => Err(format!("{name:?}: small letters and dashes")),
    }
}

/// The model's text as the new host's: what speaks of making hosts goes.
fn renamed(text: &str, name: &str) -> String {
    let kept = text
        .lines()
        .filter(|line| !line.starts_with("description = "));
    let mut out = String::new();
    for line in kept {
        out.push_str(&line.replace(&format!("offhook-{MODEL}"), &format!("offhook-{name}")));
        out.push('\n');
        if line.starts_with("name = ") {
            out.push_str(&format!("description = \"A host: {name}.\"\n"));
        }
    }
    let about_making = "`cargo xtask new host NAME` makes";
    let paragraphs = out
        .split("\n\n")
        .filter(|part| !part.starts_with(about_making));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// The page with the host behind the others.
fn listed(page: &str, name: &str) -> Result<String, String> {
    let mut found = false;
    let mut out = String::new();
    for line in page.lines() {
        out.push_str(line);
        if line.starts_with("**`hosts/cli`** is ") {
            found = true;
            out.truncate(out.trim_end_matches('.').len());
            out.push_str(&format!(", **`hosts/{name}`** is `offhook-{name}`."));
        }
        out.push('\n');
    }
    match found {
        true => Ok(out),
        false => Err("ARCHITECTURE.md has no line of hosts".to_owned()),
    }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(path, text))
        .map_err(|why| format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    /// What is built of it is the model, which is built and tested: only names differ.
    #[test]
    fn a_new_host_is_the_model_under_its_name() {
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = tempfile::tempdir().unwrap();
        for file in FILES.map(|file| format!("hosts/{MODEL}/{file}")) {
            write(&root.path().join(&file), &read(&ours.join(&file)).unwrap()).unwrap();
        }
        let page = read(&ours.join("ARCHITECTURE.md")).unwrap();
        write(&root.path().join("ARCHITECTURE.md"), &page).unwrap();
        run(root.path(), &words(&["host", "kiosk"])).unwrap();
        let made = |file: &str| read(&root.path().join("hosts/kiosk").join(file)).unwrap();
        let model = |file: &str| read(&ours.join("hosts").join(MODEL).join(file)).unwrap();
        let source = model("src/main.rs").replace("offhook-minimal", "offhook-kiosk");
        assert_eq!(made("src/main.rs"), source);
        let manifest = made("Cargo.toml");
        assert!(
            manifest.contains("name = \"offhook-kiosk\"\ndescription = \"A host: kiosk.\"\n"),
            "{manifest}"
        );
        let dependencies = |text: &str| text.split_once("[dependencies]").unwrap().1.to_owned();
        assert_eq!(dependencies(&manifest), dependencies(&model("Cargo.toml")));
        assert!(!made("README.md").contains("xtask new host"));
        let page = read(&root.path().join("ARCHITECTURE.md")).unwrap();
        assert!(page.contains("**`hosts/kiosk`** is `offhook-kiosk`."));
        assert!(
            run(root.path(), &words(&["host", "kiosk"]))
                .unwrap_err()
                .contains("already")
        );
    }

    #[test]
    fn odd_wishes_are_refused() {
        for wish in [
            &["host"][..],
            &["part", "x"],
            &["host", "../x"],
            &["host", "Kiosk"],
        ] {
            assert!(
                run(Path::new("/nowhere"), &words(wish)).is_err(),
                "{wish:?}"
            );
        }
    }
}
