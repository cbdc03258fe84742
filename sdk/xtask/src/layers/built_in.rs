//! A host is a list: each plugin that it depends on stands in its catalogue, as `codec_g711::ENTRY`.

use super::{Place, Workspace, is_test_file, place};
use crate::lexer::Source;
use crate::workspace::Member;

/// Plugins that `host` depends on without listing them.
pub(super) fn check(space: &Workspace, host: &Member, found: &mut Vec<String>) {
    let mut listed = Vec::new();
    for path in space.files(&host.folder, ".rs") {
        if let Ok(text) = std::fs::read_to_string(&path)
            && !is_test_file(&space.short(&path))
        {
            entries(&text, &mut listed);
        }
    }
    found.extend(unlisted(space, host, &listed));
}

fn unlisted(space: &Workspace, host: &Member, listed: &[String]) -> Vec<String> {
    let imports = host.imports.iter().filter(|import| !import.for_tests);
    let plugins = imports.filter_map(|import| {
        let plugin = space.member(&import.name)?;
        (place(&plugin.folder) == Some(Place::Plugin)).then_some(plugin)
    });
    let is_listed = |plugin: &&Member| {
        let folder = plugin.folder.rsplit('/').next().unwrap_or_default();
        let short = folder.replace('-', "_");
        listed.contains(&short)
    };
    let missing = plugins.filter(|plugin| !is_listed(plugin));
    let say = |plugin: &Member| {
        let (host, plugin) = (&host.folder, &plugin.folder);
        format!("{host} imports {plugin} and lists no ENTRY of it")
    };
    missing.map(say).collect()
}

/// Crates whose `ENTRY` the source names: the first name of each path that ends so.
fn entries(text: &str, listed: &mut Vec<String>) {
    let source = Source::new(text);
    let words: Vec<&str> = source.tokens.iter().map(|token| token.text).collect();
    for end in (0..words.len()).filter(|&at| words[at] == "ENTRY") {
        let mut first = end;
        while first >= 3 && words[first - 1] == ":" && words[first - 2] == ":" {
            first -= 3;
        }
        if first < end {
            listed.push(words[first].to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Import;

    fn member(folder: &str, imports: &[&str]) -> Member {
        let import = |name: &&str| Import {
            name: (*name).into(),
            for_tests: name.ends_with("-script"),
        };
        Member {
            name: folder.into(),
            folder: folder.into(),
            imports: imports.iter().map(import).collect(),
            ..Member::default()
        }
    }

    #[test]
    fn a_plugin_that_no_list_names_is_found() {
        let all = [
            "plugins/codec-g711",
            "plugins/mock",
            "plugins/audio-script",
            "core/base",
        ];
        let mut members = vec![member("hosts/x", &all)];
        members.extend(all.map(|folder| member(folder, &[])));
        let space = Workspace {
            members,
            ..Workspace::default()
        };
        let host = &space.members[0];
        let mut listed = Vec::new();
        entries(
            "[&mock::codec::ENTRY, &ENTRY] // codec_g711::ENTRY",
            &mut listed,
        );
        assert_eq!(listed, ["mock"]);
        let found = unlisted(&space, host, &listed);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("plugins/codec-g711"), "{found:?}");
        listed.push("codec_g711".into());
        assert!(unlisted(&space, host, &listed).is_empty());
    }
}
