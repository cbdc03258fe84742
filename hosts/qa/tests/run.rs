//! The program runs scenarios: with real plugins and with mocks, and says what failed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn run(file: &Path, more: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_offhook-qa"))
        .arg("run")
        .arg(file)
        .args(more)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

fn basics() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("suites/basics.toml")
}

/// Writes a scenario; it goes with the folder.
fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.toml");
    std::fs::write(&file, text).unwrap();
    (folder, file)
}

/// One call to the tone of the PBX, then these steps.
fn call(head: &str, steps: &str) -> String {
    format!(
        "name = \"test\"\n{head}\n[[case]]\nname = \"a call\"\nsteps = [{{ dial = \"601\" }}, \
         {{ wait = {{ event = \"call.answered\" }} }}, {steps}]\n"
    )
}

#[test]
fn audio_timing_the_same_scenario_runs_with_real_plugins_and_with_mocks() {
    let folder = tempfile::tempdir().unwrap();
    let xml = folder.path().join("out.xml");
    let junit = ["--junit", xml.to_str().unwrap()];
    for swap in [
        None,
        Some("codec=mock-codec"),
        Some("audio=mock-audio"),
        Some("dtmf=mock-dtmf"),
        Some("filter=filter-gain"),
        Some("filter=mock-filter"),
        Some("recorder=recorder-ogg-opus"),
    ] {
        let mut more = junit.to_vec();
        more.extend(swap.iter().flat_map(|swap| ["--swap", swap]));
        let (code, told) = run(&basics(), &more);
        assert_eq!(code, Some(0), "{swap:?}: {told}");
        assert!(told.contains("basics: 4 of 4 passed"), "{told}");
        let xml = std::fs::read_to_string(&xml).unwrap();
        assert!(xml.contains("tests=\"4\" failures=\"0\""), "{xml}");
    }
}

#[test]
fn audio_timing_what_a_mock_is_ordered_to_do_is_done_and_counted() {
    let orders = "[options.mock-codec]\nfail_every = 5\n";
    let pause = "{ pause = 600 }, ";
    let counted = format!("{pause}{{ mock = {{ kind = \"codec\", calls = 40, failed = 8 }} }}");
    let (_folder, file) = written(&call(orders, &counted));
    let (code, told) = run(&file, &["--swap", "codec=mock-codec"]);
    assert_eq!(code, Some(0), "{told}");
    let (code, told) = run(&file, &[]);
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.contains("step 4: the mock has counted 0 calls"),
        "{told}"
    );
}

/// The echo gives back what the filter left of the microphone's tone.
#[test]
fn audio_timing_a_filter_stands_in_the_call_by_one_flag() {
    let options = "[options.audio-tone]\ntone = { hertz = [440], level_dbov = -19 }\nrepeat = true\n\
        [options.filter-gain]\ngain_db = -20\nlimit_dbfs = -3\n";
    let quiet = "{ record = true }, { level = { above_dbov = -45, below_dbov = -35 } }";
    let (_folder, file) = written(&call(options, quiet).replace("601", "600"));
    let (code, told) = run(&file, &["--swap", "filter=filter-gain"]);
    assert_eq!(code, Some(0), "{told}");
    for more in [&[][..], &["--swap", "filter=mock-filter"]] {
        let (code, told) = run(&file, more);
        assert_eq!(code, Some(1), "{more:?}: {told}");
        assert!(told.contains("what is heard is at -"), "{more:?}: {told}");
    }
    let works = "{ pause = 300 }, { mock = { kind = \"filter\", calls = 40 } }";
    let (_folder, file) = written(&call("", works));
    let (code, told) = run(&file, &["--swap", "filter=mock-filter"]);
    assert_eq!(code, Some(0), "{told}");
}

/// Every name that `--swap` can be told.
#[test]
fn each_plugin_that_can_play_carries_a_call() {
    let steps = "{ hang_up = true }, { wait = { event = \"call.ended\" } }";
    let (_folder, file) = written(&call("", steps));
    for (kind, ids) in [
        (
            "codec",
            "codec-g711 codec-g722 codec-gsm codec-ilbc codec-l16 codec-opus mock-codec",
        ),
        (
            "audio",
            "audio-tone audio-file audio-null audio-script mock-audio",
        ),
        ("dtmf", "dtmf-rfc4733 dtmf-info dtmf-inband mock-dtmf"),
        ("recorder", "recorder-wav recorder-ogg-opus mock-recorder"),
        ("filter", "filter-gain mock-filter"),
    ] {
        for id in ids.split(' ') {
            let (code, told) = run(&file, &["--swap", &format!("{kind}={id}")]);
            assert_eq!(code, Some(0), "{kind}={id}: {told}");
        }
        let (_, told) = run(&file, &["--swap", &format!("{kind}=nobody")]);
        assert!(told.contains(&format!("{ids} do")), "{told}");
    }
}

#[test]
fn audio_timing_what_does_not_hold_is_told_with_its_step() {
    let listen = "{ record = true }, ";
    for (steps, why) in [
        (
            "{ tone = { hertz = 440, within_ms = 1500 } }",
            "step 4: 440 Hz hold 0.0",
        ),
        (
            "{ level = { below_dbov = -60, within_ms = 1500 } }",
            "step 4: what is heard is at -",
        ),
        (
            "{ wait = { event = \"call.hold\", within_ms = 200 } }",
            "step 4: call.hold did not come within 200 ms",
        ),
        (
            "{ event = { name = \"call.answered\", at_most = 0 } }",
            "step 4: call.answered was told 1 times",
        ),
    ] {
        let (folder, file) = written(&call("", &format!("{listen}{steps}")));
        let xml = folder.path().join("out.xml");
        let (code, told) = run(&file, &["--junit", xml.to_str().unwrap()]);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains(why), "{told}");
        let xml = std::fs::read_to_string(&xml).unwrap();
        assert!(
            xml.contains("failures=\"1\"") && xml.contains("<failure message=\"step 4: "),
            "{xml}"
        );
    }
    let (_folder, file) = written(&call("", "{ tone = { hertz = 1004 } }"));
    let (code, told) = run(&file, &[]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("step 3: nothing listens"), "{told}");
}

#[test]
fn what_cannot_be_run_is_said_at_once() {
    for (more, why) in [
        (["--swap", "codec=mock-dtmf"], "plays no codec"),
        (
            ["--swap", "nat=mock-nat"],
            "no call uses a plugin of kind \"nat\"",
        ),
        (["--swap", "codec=/nowhere/lib.so"], "/nowhere/lib.so"),
        (["--swap", "codec"], "write KIND=ID"),
    ] {
        let (code, told) = run(&basics(), &more);
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains(why), "{told}");
    }
    let (_folder, file) =
        written("name = \"x\"\n[[case]]\nname = \"y\"\nsteps = [{ dail = \"600\" }]\n");
    let (code, told) = run(&file, &[]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("line 4"), "{told}");
}

/// M-118: the link that begins a mail to a favourite is what the host gets.
#[test]
fn m_118_the_link_of_a_mail_to_a_favourite_is_captured() {
    let scenario = |kept: &Path, link: &str| {
        format!(
            r#"name = "mail"
settings = {{ "history.folder" = {:?}, "account.mail_domain" = "house.test" }}
[[case]]
name = "a mail to Carol"
steps = [
    {{ ask = {{ command = "contact.add", with = {{ name = "Carol", numbers = ["104"], mail = "c&s" }} }} }},
    {{ ask = {{ command = "favourite.add", with = {{ name = "Carol" }} }} }},
    {{ ask = {{ command = "favourite.mail", with = {{ name = "Carol" }}, reply = {{ link = "{link}" }} }} }},
]
"#,
            kept
        )
    };
    let kept = tempfile::tempdir().unwrap();
    let (_folder, file) = written(&scenario(kept.path(), "mailto:c%26s@house.test"));
    let (code, said) = run(&file, &[]);
    assert_eq!(code, Some(0), "{said}");
    let kept = tempfile::tempdir().unwrap();
    let (_folder, file) = written(&scenario(kept.path(), "mailto:nobody@house.test"));
    let (code, said) = run(&file, &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("favourite.mail is replied to with"), "{said}");
}

/// K-180, K-220: the page that is to be opened for a number is what the host gets, with number and account filled in.
#[test]
fn m_210_k_180_the_page_for_a_number_is_captured() {
    let scenario = |action: &str, steps: &str| {
        format!(
            r#"name = "page"
settings = {{ "account.custom_action_url" = "https://crm.test/?n=%uri%&me=%account[username]%" }}
[[case]]
name = "a page for 600"
steps = [
    {{ ask = {{ command = "dial", with = {{ to = "600#1", action = "{action}" }} }} }},
    {steps}
]
"#
        )
    };
    let opened = |url: &str| {
        format!(
            "{{ wait = {{ event = \"call.open_url\", where = {{ url = \"{url}\" }}, within_ms = 2000 }} }},\n\
             {{ wait = {{ event = \"call.ended\", where = {{ cause = \"redirected\" }} }} }},"
        )
    };
    let page = opened("https://crm.test/?n=600%231&me=101");
    let (_folder, file) = written(&scenario("openUrl", &page));
    let (code, said) = run(&file, &[]);
    assert_eq!(code, Some(0), "{said}");
    let (_folder, file) = written(&scenario(
        "openUrl",
        &opened("https://crm.test/?n=600#1&me=101"),
    ));
    assert_eq!(run(&file, &[]).0, Some(1));
    let (_folder, file) = written(&scenario("voiceCall", &page));
    assert_eq!(run(&file, &[]).0, Some(1), "a call opens nothing");
}
