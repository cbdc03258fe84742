use super::*;
use crate::workspace::Import;

/// A workspace of crates named by folder, each with what it imports.
fn space(crates: &[(&str, &[&str])]) -> Workspace {
    let member = |&(folder, imports): &(&str, &[&str])| Member {
        name: folder.into(),
        folder: folder.into(),
        imports: imports
            .iter()
            .map(|name| Import {
                name: (*name).into(),
                for_tests: false,
            })
            .collect(),
        ..Member::default()
    };
    Workspace {
        members: crates.iter().map(member).collect(),
        ..Workspace::default()
    }
}

/// What the import rules say of the first crate.
fn found(crates: &[(&str, &[&str])]) -> Vec<String> {
    let space = space(crates);
    let first = &space.members[0];
    let mut found = Vec::new();
    imports(&space, first, place(&first.folder).unwrap(), &mut found);
    found
}

#[test]
fn lower_layers_may_be_imported() {
    assert!(
        found(&[
            ("core/sip", &["core/sip-message"]),
            ("core/sip-message", &[])
        ])
        .is_empty()
    );
    assert!(
        found(&[
            ("core/media-thread", &["core/net", "sdk/plugin"]),
            ("core/net", &[]),
            ("sdk/plugin", &[])
        ])
        .is_empty()
    );
    assert!(
        found(&[
            ("core/parts/media", &["core/media-thread"]),
            ("core/media-thread", &[])
        ])
        .is_empty()
    );
    assert!(
        found(&[
            ("hosts/cli", &["plugins/x", "core/engine", "actix"]),
            ("plugins/x", &[]),
            ("core/engine", &[])
        ])
        .is_empty()
    );
    assert!(
        found(&[
            ("plugins/x", &["sdk/plugin", "core/audio"]),
            ("sdk/plugin", &[]),
            ("core/audio", &[])
        ])
        .is_empty()
    );
}

#[test]
fn same_and_higher_layers_may_not() {
    assert_eq!(
        found(&[("core/sip", &["core/rtp"]), ("core/rtp", &[])]),
        ["core/sip imports core/rtp: a layer imports only lower ones"]
    );
    assert_eq!(
        found(&[
            ("core/net", &["core/media-thread"]),
            ("core/media-thread", &[])
        ])
        .len(),
        1
    );
    assert_eq!(
        found(&[
            ("core/parts/link", &["core/parts/media"]),
            ("core/parts/media", &[])
        ]),
        ["core/parts/link imports core/parts/media: parts meet in core/ports, never directly"]
    );
}

#[test]
fn only_hosts_name_plugins_and_pure_layers_do_not_know_the_sdk() {
    assert_eq!(
        found(&[("core/engine", &["plugins/x"]), ("plugins/x", &[])]).len(),
        1
    );
    assert_eq!(
        found(&[("core/rtp", &["sdk/plugin"]), ("sdk/plugin", &[])]).len(),
        1
    );
    assert_eq!(
        found(&[("plugins/x", &["core/ports"]), ("core/ports", &[])]).len(),
        1
    );
    assert_eq!(
        found(&[("sdk/control", &["core/base"]), ("core/base", &[])]).len(),
        1
    );
    assert_eq!(
        found(&[("core/sip", &["tests/sim"]), ("tests/sim", &[])]).len(),
        1
    );
}

#[test]
fn runtimes_stay_out_of_pure_layers_and_actix_out_of_parts() {
    assert_eq!(found(&[("core/sip", &["tokio"])]).len(), 1);
    assert_eq!(found(&[("core/sip", &["tokio-util"])]).len(), 1);
    assert_eq!(found(&[("core/base", &["rand"])]).len(), 1);
    assert!(found(&[("core/base", &["rand_chacha"])]).is_empty());
    assert!(found(&[("core/net", &["tokio", "socket2"])]).is_empty());
    assert_eq!(found(&[("core/parts/link", &["actix"])]).len(), 1);
    assert_eq!(found(&[("sdk/plugin-abi", &["bytes"])]).len(), 1);
}

#[test]
fn dev_dependencies_are_not_bound() {
    let mut space = space(&[("core/sip", &["tokio"])]);
    space.members[0].imports[0].for_tests = true;
    let mut found = Vec::new();
    imports(
        &space,
        &space.members[0],
        Place::Core(Layer::Machines),
        &mut found,
    );
    assert!(found.is_empty());
}

#[test]
fn every_folder_has_a_place_or_none() {
    assert_eq!(place("core/parts/link"), Some(Place::Core(Layer::Parts)));
    assert_eq!(place("core/parts"), None);
    assert_eq!(place("core/new"), None);
    assert_eq!(place("sdk/plugin"), Some(Place::PluginFace));
}

#[test]
fn clocks_files_and_sockets_are_seen_through_use_trees() {
    let lines = |text: &str| {
        impure_paths(&Source::new(text))
            .into_iter()
            .map(|(_, line)| line)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        lines("use std::time::Duration;\nuse std::time::{Duration, Instant};"),
        [2]
    );
    assert_eq!(
        lines("use std::net::{IpAddr, SocketAddr};\nuse std::{fs, mem};"),
        [2]
    );
    assert_eq!(
        lines("use std::time;\nuse std::net::{self, IpAddr};\nuse std::net::*;"),
        [1, 2, 3]
    );
    assert_eq!(
        lines("// std::fs\nlet a = \"std::fs\";\nstd::thread::sleep(d);"),
        [3]
    );
    assert_eq!(
        lines("fn a() {}\n#[cfg(test)]\nmod tests { use std::fs; }"),
        Vec::<usize>::new()
    );
    assert_eq!(
        lines("use std::io::Write;\nuse std::environment;"),
        Vec::<usize>::new()
    );
}

#[test]
fn unsafe_stands_only_at_the_boundary() {
    for may in [
        "sdk/plugin/src/codec.rs",
        "core/net/src/os/linux.rs",
        "core/media-thread/tests/counting_allocator.rs",
        "plugins/codec-g729/src/library.rs",
    ] {
        assert!(may_be_unsafe(may), "{may}");
    }
    // Whatever its README says: who is named is decided.
    for may_not in [
        "core/net/src/udp.rs",
        "sdk/plugin-other/src/lib.rs",
        "plugins/codec-g711/src/lib.rs",
        "plugins/codec-g729-other/src/lib.rs",
    ] {
        assert!(!may_be_unsafe(may_not), "{may_not}");
    }
}
