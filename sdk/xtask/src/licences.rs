//! Licences, sources, refused and too old crates of the whole graph, as `deny.toml` states them.

use crate::workspace::{Package, Workspace};
use toml::{Table, Value};

/// What `deny.toml` says.
#[derive(Debug, Default)]
struct Policy {
    allow: Vec<String>,
    /// Crate and the further licences it may have.
    exceptions: Vec<(String, Vec<String>)>,
    /// Crate and the licence its manifest should have named.
    clarify: Vec<(String, String)>,
    /// Crate and, for `NAME:<VERSION`, the least version that is fine.
    deny: Vec<(String, Option<String>)>,
    registries: Vec<String>,
}

/// All violations, one line each.
pub(crate) fn check(space: &Workspace) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(space.root.join("deny.toml"))
        .map_err(|error| format!("deny.toml: {error}"))?;
    let policy = policy(&text)?;
    Ok(space
        .packages
        .iter()
        .flat_map(|package| judge(package, &policy))
        .collect())
}

fn policy(text: &str) -> Result<Policy, String> {
    let table: Table = text
        .parse()
        .map_err(|error| format!("deny.toml: {error}"))?;
    let section = |name: &str| {
        table
            .get(name)
            .cloned()
            .unwrap_or(Value::Table(Table::new()))
    };
    let (licenses, bans, sources) = (section("licenses"), section("bans"), section("sources"));
    let mut policy = Policy {
        allow: texts(licenses.get("allow")),
        registries: texts(sources.get("allow-registry")),
        ..Policy::default()
    };
    for entry in tables(licenses.get("exceptions")) {
        policy
            .exceptions
            .push((text_of(entry, "crate")?, texts(entry.get("allow"))));
    }
    for entry in tables(licenses.get("clarify")) {
        policy
            .clarify
            .push((text_of(entry, "crate")?, text_of(entry, "expression")?));
    }
    for entry in tables(bans.get("deny")) {
        let spec = text_of(entry, "crate")?;
        policy.deny.push(match spec.split_once(":<") {
            Some((name, version)) => (name.into(), Some(version.into())),
            None => (spec, None),
        });
    }
    if policy.allow.is_empty() || policy.registries.is_empty() {
        return Err("deny.toml: licenses.allow and sources.allow-registry may not be empty".into());
    }
    Ok(policy)
}

fn tables(list: Option<&Value>) -> Vec<&Table> {
    list.and_then(Value::as_array)
        .map(|items| items.iter().filter_map(Value::as_table).collect())
        .unwrap_or_default()
}

fn texts(list: Option<&Value>) -> Vec<String> {
    let items = list
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    items
        .iter()
        .filter_map(Value::as_str)
        .map(Into::into)
        .collect()
}

fn text_of(table: &Table, key: &str) -> Result<String, String> {
    let text = table.get(key).and_then(Value::as_str);
    text.map(Into::into)
        .ok_or_else(|| format!("deny.toml: an entry has no '{key}'"))
}

/// What is wrong with one package.
fn judge(package: &Package, policy: &Policy) -> Vec<String> {
    let Package {
        name,
        version,
        licence,
        source,
    } = package;
    let mut found = Vec::new();
    let clarified = policy
        .clarify
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, licence)| licence);
    let allowed = |licence: &str| {
        let excepted = policy
            .exceptions
            .iter()
            .any(|(known, more)| known == name && more.iter().any(|m| m == licence));
        excepted || policy.allow.iter().any(|known| known == licence)
    };
    match clarified.or(licence.as_ref()) {
        None => found.push(format!("{name} {version}: names no licence")),
        Some(expression) => match satisfied(expression, &allowed) {
            Some(true) => {}
            Some(false) => found.push(format!(
                "{name} {version}: licence {expression} is not allowed"
            )),
            None => found.push(format!(
                "{name} {version}: licence '{expression}' cannot be read"
            )),
        },
    }
    for (_, least) in policy.deny.iter().filter(|(refused, _)| refused == name) {
        match least {
            None => found.push(format!("{name} {version}: is refused by deny.toml")),
            Some(least) if older(version, least) => {
                found.push(format!("{name} {version}: needs {least} or newer"))
            }
            Some(_) => {}
        }
    }
    if let Some(source) = source {
        let registry = source
            .strip_prefix("registry+")
            .is_some_and(|url| policy.registries.iter().any(|r| r == url));
        if !registry {
            found.push(format!("{name} {version}: comes from {source}"));
        }
    }
    found
}

fn older(version: &str, least: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        text.split(['.', '-', '+'])
            .map_while(|part| part.parse().ok())
            .take(3)
            .collect()
    };
    numbers(version) < numbers(least)
}

/// Whether an SPDX expression holds under `allowed`; `None` if it cannot be read.
fn satisfied(expression: &str, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let holds = any(&words, &mut at, allowed)?;
    (at == words.len()).then_some(holds)
}

fn any(words: &[&str], at: &mut usize, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut holds = all(words, at, allowed)?;
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        holds |= all(words, at, allowed)?;
    }
    Some(holds)
}

fn all(words: &[&str], at: &mut usize, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut holds = one(words, at, allowed)?;
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        holds &= one(words, at, allowed)?;
    }
    Some(holds)
}

fn one(words: &[&str], at: &mut usize, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let word = *words.get(*at)?;
    *at += 1;
    if word == "(" {
        let holds = any(words, at, allowed)?;
        let closed = words.get(*at) == Some(&")");
        *at += 1;
        return closed.then_some(holds);
    }
    if matches!(word, ")" | "OR" | "AND" | "WITH") {
        return None;
    }
    if words.get(*at) == Some(&"WITH") {
        let exception = words.get(*at + 1)?;
        *at += 2;
        return Some(allowed(&format!("{word} WITH {exception}")));
    }
    Some(allowed(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(expression: &str) -> Option<bool> {
        satisfied(expression, &|licence| {
            ["MIT", "Apache-2.0", "ISC", "Apache-2.0 WITH LLVM-exception"].contains(&licence)
        })
    }

    #[test]
    fn expressions_are_read_as_spdx_does() {
        assert_eq!(holds("MIT"), Some(true));
        assert_eq!(holds("GPL-3.0 OR MIT"), Some(true));
        assert_eq!(holds("MIT/GPL-3.0"), Some(true));
        assert_eq!(holds("MIT AND GPL-3.0"), Some(false));
        assert_eq!(holds("GPL-3.0 OR MIT AND ISC"), Some(true));
        assert_eq!(holds("(GPL-3.0 OR MIT) AND MPL-2.0"), Some(false));
        assert_eq!(
            holds("Apache-2.0 WITH LLVM-exception OR GPL-3.0"),
            Some(true)
        );
        assert_eq!(holds("GPL-3.0 WITH LLVM-exception"), Some(false));
        assert_eq!(holds("MIT OR"), None);
        assert_eq!(holds("(MIT"), None);
    }

    fn judged(name: &str, version: &str, licence: Option<&str>, source: Option<&str>) -> usize {
        let policy = policy(
            "[licenses]\nallow = ['MIT']\n[[licenses.clarify]]\ncrate = 'rsip'\nexpression = 'MIT'\n\
             [[licenses.exceptions]]\ncrate = 'weak'\nallow = ['MPL-2.0']\n\
             [bans]\ndeny = [{ crate = 'openssl' }, { crate = 'old:<0.5.15' }]\n[sources]\nallow-registry = ['https://r']",
        )
        .unwrap();
        let own = |text: Option<&str>| text.map(Into::into);
        let package = Package {
            name: name.into(),
            version: version.into(),
            licence: own(licence),
            source: own(source),
        };
        judge(&package, &policy).len()
    }

    #[test]
    fn packages_are_judged_by_licence_ban_version_and_source() {
        assert_eq!(judged("a", "1.0.0", Some("MIT"), None), 0);
        assert_eq!(judged("a", "1.0.0", Some("GPL-3.0"), None), 1);
        assert_eq!(judged("a", "1.0.0", None, None), 1);
        assert_eq!(judged("rsip", "0.4.0", None, Some("registry+https://r")), 0);
        assert_eq!(judged("weak", "1.0.0", Some("MPL-2.0"), None), 0);
        assert_eq!(judged("openssl", "1.0.0", Some("MIT"), None), 1);
        assert_eq!(judged("old", "0.5.9", Some("MIT"), None), 1);
        assert_eq!(judged("old", "0.5.15", Some("MIT"), None), 0);
        assert_eq!(
            judged("a", "1.0.0", Some("MIT"), Some("git+https://elsewhere")),
            1
        );
    }

    #[test]
    fn an_empty_policy_is_refused() {
        assert!(policy("").is_err());
    }
}
