//! A library file is loaded, skipped or refused as `plugins.allow` and `plugins.trust` say.
#![allow(clippy::unwrap_used)]

#[path = "../../plugin-host/tests/common/mod.rs"]
mod common;

use offhook_phone::{Unwanted, add_libraries};
use plugin_host::{Catalogue, Origin, SearchPath, Trust, TrustRule};
use settings::{Plugins, Request};

/// The plugin settings of the profile headless with this site file over them.
fn plugins(site: &str) -> Plugins {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), site).unwrap();
    let mut request = Request::of_profile("headless");
    request.file = Some(file.path().to_owned());
    settings::load(&request).unwrap().settings.plugins
}

#[test]
fn a_library_file_is_loaded_only_if_allowed_and_trusted() {
    let file = common::library("offhook-codec-g711");
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(&file, folder.path().join(file.file_name().unwrap())).unwrap();
    let path = SearchPath::new([folder.path().to_owned()]);
    let id = || "codec-g711".to_owned();
    let cases = [
        ("", None),
        ("plugins.allow = [\"codec-g711\"]", None),
        (
            "plugins.allow = [\"codec-opus\"]",
            Some(Unwanted::NotAllowed { id: id() }),
        ),
        (
            "plugins.without = [\"codec-g711\"]",
            Some(Unwanted::LeftOut { id: id() }),
        ),
        (
            "plugins.trust.codec-g711 = \"built-in\"",
            Some(Unwanted::BuiltInOnly { id: id() }),
        ),
    ];
    for (site, kept_out) in cases {
        let mut catalogue = Catalogue::new("test", "1");
        let here = format!("plugins.default_trust = \"in-process\"\n{site}");
        let unwanted = add_libraries(&mut catalogue, &path, &plugins(&here));
        assert_eq!(unwanted, Vec::from_iter(kept_out.clone()), "{site}");
        let loaded: Vec<_> = catalogue.plugins().collect();
        assert_eq!(loaded.is_empty(), kept_out.is_some(), "{site}");
        assert!(
            loaded
                .iter()
                .all(|about| matches!(about.origin, Origin::File(_))),
            "{site}"
        );
        let told: Vec<_> = catalogue
            .refused()
            .iter()
            .map(|r| r.error.to_string())
            .collect();
        let why = kept_out.iter().map(ToString::to_string);
        assert_eq!(told, Vec::from_iter(why), "{site}");
    }
}

/// What is not named under `plugins.trust` runs as `plugins.default_trust` says; where nobody chose, what came
/// with the host runs in its process and everything else apart.
#[test]
fn the_default_trust_counts_for_those_that_are_not_named() {
    let file = common::library("offhook-codec-g711");
    let mut manifest = plugin_host::Manifest::read(&file).unwrap();
    manifest.id = "codec-x".to_owned();
    let trust = |site: &str, bundled: Option<&std::path::Path>| {
        let rule = TrustRule {
            bundled: bundled.map(Into::into),
        };
        offhook_phone::library_trust(&plugins(site), &rule, &file, &manifest)
    };
    assert_eq!(trust("", None), Ok(Trust::Isolated));
    assert_eq!(trust("", file.parent()), Ok(Trust::InProcess));
    let trusting = "plugins.default_trust = \"in-process\"";
    assert_eq!(trust(trusting, None), Ok(Trust::InProcess));
    let apart = "plugins.trust.codec-x = \"isolated\"";
    assert_eq!(trust(apart, file.parent()), Ok(Trust::Isolated));
}

/// Without the program that serves it an isolated plugin is refused, and the reason names it.
#[test]
fn an_isolated_plugin_is_never_loaded_here_instead() {
    let file = common::library("offhook-codec-g711");
    // Alone in its folder: what else is built may lie beside it.
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(&file, folder.path().join(file.file_name().unwrap())).unwrap();
    let path = SearchPath::new([folder.path().to_owned()]);
    let nowhere = "/nowhere/offhook-plugin-host";
    let mut catalogue = Catalogue::new("test", "1").isolated_by(nowhere.into());
    let apart =
        plugins("plugins.trust.codec-g711 = \"isolated\"\nplugins.allow = [\"codec-g711\"]");
    assert_eq!(add_libraries(&mut catalogue, &path, &apart), Vec::new());
    assert_eq!(catalogue.plugins().count(), 0);
    let refused = catalogue.refused().first().unwrap();
    assert!(
        refused.error.to_string().contains(nowhere),
        "{}",
        refused.error
    );
}

/// Drafts are loaded only where the settings say so: nothing of an engine uses them.
#[test]
fn a_file_of_a_draft_kind_is_left_out_unless_the_settings_ask_for_it() {
    let file = common::library("offhook-codec-g711");
    let mut manifest = plugin_host::Manifest::read(&file).unwrap();
    let rule = TrustRule { bundled: None };
    for kind in ["nat", "security", "tone"] {
        manifest.kind = kind.to_owned();
        let trust =
            |site: &str| offhook_phone::library_trust(&plugins(site), &rule, &file, &manifest);
        let draft = Unwanted::Draft {
            id: "codec-g711".to_owned(),
            kind: kind.to_owned(),
        };
        assert_eq!(trust(""), Err(draft));
        assert!(trust("plugins.drafts = true").is_ok());
    }
}
