#![allow(clippy::unwrap_used)]

use super::*;
use tracing::Level;

fn read(filter: &str) -> Targets {
    targets(filter, LevelFilter::WARN).unwrap()
}

#[test]
fn short_names_choose_whose_lines_are_logged_and_the_rest_stays() {
    for filter in [
        "sip=debug",
        "offhook-sip=debug",
        "offhook_sip=debug",
        " sip = DEBUG ,",
    ] {
        let chosen = read(filter);
        assert!(
            chosen.would_enable("offhook_sip::message", &Level::DEBUG),
            "{filter}"
        );
        assert!(
            !chosen.would_enable("offhook_sip::message", &Level::TRACE),
            "{filter}"
        );
        assert!(
            !chosen.would_enable("offhook_engine::hub", &Level::INFO),
            "{filter}"
        );
        assert!(
            chosen.would_enable("offhook_engine::hub", &Level::WARN),
            "{filter}"
        );
    }
    let chosen = read("error,plugin-host=info,sip::message=off,net");
    assert!(chosen.would_enable("offhook_plugin_host::admit", &Level::INFO));
    assert!(!chosen.would_enable("offhook_sip::message", &Level::ERROR));
    assert!(chosen.would_enable("offhook_net::udp", &Level::TRACE));
    assert!(!chosen.would_enable("offhook_engine", &Level::WARN));
    assert!(read("").would_enable("offhook_engine", &Level::WARN));
}

#[test]
fn what_is_no_filter_is_refused_with_code_and_fix() {
    for (filter, about) in [
        ("sipp=debug", "sipp"),
        ("debgu", "debgu"),
        ("sip=debgu", "sip=debgu"),
        ("sip=", "sip="),
        ("garbage=[[[", "'garbage=[[['"),
        ("=debug", "'=debug'"),
        ("sip=3", "sip=3"),
        ("sip[span]=debug", "sip[span]"),
        ("info,,warn,???", "???"),
    ] {
        let refused = targets(filter, LevelFilter::WARN).unwrap_err();
        assert_eq!(refused.code, Code::USAGE, "{filter}");
        assert!(refused.detail.contains(about), "{filter}: {refused}");
        assert!(refused.fix.contains("NAME=LEVEL"), "{filter}: {refused}");
    }
}

#[test]
fn every_crate_that_logs_has_its_name() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut seen = 0;
    for folder in ["core", "core/parts", "hosts"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let Ok(text) = std::fs::read_to_string(entry.unwrap().path().join("Cargo.toml")) else {
                continue;
            };
            let uses = text.split("[dev-dependencies]").next().unwrap();
            if !uses.lines().any(|line| line.starts_with("tracing.")) {
                continue;
            }
            let name = text.lines().find_map(|line| line.strip_prefix("name = "));
            let name = name.unwrap().trim_matches('"');
            let target = target(name, name).unwrap_or_else(|why| panic!("{name}: {why}"));
            assert_eq!(target, name.replace('-', "_"));
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen}");
}
