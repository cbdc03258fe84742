//! A library file is loaded, skipped or refused as `plugins.allow` and `plugins.trust` say.
#![allow(clippy::unwrap_used)]

#[path = "../../plugin-host/tests/common/mod.rs"]
mod common;

use offhook_phone::{Unwanted, add_libraries};
use plugin_host::{Catalogue, Origin, SearchPath};
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
            "plugins.trust.codec-g711 = \"isolated\"",
            Some(Unwanted::Isolated { id: id() }),
        ),
        (
            "plugins.trust.codec-g711 = \"built-in\"",
            Some(Unwanted::BuiltInOnly { id: id() }),
        ),
    ];
    for (site, kept_out) in cases {
        let mut catalogue = Catalogue::new("test", "1");
        let unwanted = add_libraries(&mut catalogue, &path, &plugins(site));
        assert_eq!(unwanted, Vec::from_iter(kept_out.clone()), "{site}");
        let loaded: Vec<_> = catalogue.plugins().collect();
        assert_eq!(loaded.is_empty(), kept_out.is_some(), "{site}");
        assert!(
            loaded
                .iter()
                .all(|about| matches!(about.origin, Origin::File(_))),
            "{site}"
        );
        assert_eq!(catalogue.refused(), [], "{site}");
    }
}

/// What is not named under `plugins.trust` runs as `plugins.default_trust` says, and the reason names the key
/// that helps.
#[test]
fn the_default_trust_counts_for_those_that_are_not_named() {
    let file = common::library("offhook-codec-g711");
    let mut manifest = plugin_host::Manifest::read(&file).unwrap();
    manifest.id = "codec-x".to_owned();
    let why = offhook_phone::library_wanted(&plugins(""), &manifest).unwrap_err();
    assert_eq!(
        why.to_string(),
        "plugin codec-x is refused: its trust is isolated, and a process of its own for a plugin is not there \
         yet; plugins.trust.codec-x = \"in-process\" loads it into the engine's own memory, if you trust it so far"
    );
    let trusting = plugins("plugins.default_trust = \"in-process\"");
    assert_eq!(offhook_phone::library_wanted(&trusting, &manifest), Ok(()));
}
