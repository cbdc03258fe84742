//! A second hearing, alone, for tests that judge sound in real time.
//!
//! Such a test (`audio` in its name) plays and records by the clock beside other tests; a codec in a process of its
//! own has 2 ms for an answer. On a busy machine it may fail for reasons that no engine can mend. It is heard once
//! more with nothing beside it, loudly, and what it says then counts. No other test is ever repeated.

/// More than so many failures at once are no accident.
const MOST: usize = 3;

/// Tests to be heard again, by a JUnit report: those that failed, where all that failed are of this kind and few.
pub(crate) fn due(report: &str) -> Vec<String> {
    let failed: Vec<&str> = failed(report).collect();
    let is_few = failed.len() <= MOST && failed.iter().all(|name| name.contains("audio"));
    let heard = if is_few { failed } else { Vec::new() };
    heard.into_iter().map(str::to_owned).collect()
}

/// What picks just these tests. Source: filtersets of nextest.
pub(crate) fn filter(names: &[String]) -> String {
    let each: Vec<String> = names.iter().map(|name| format!("test(={name})")).collect();
    each.join(" | ")
}

/// The names of test cases that hold a failure or an error.
fn failed(report: &str) -> impl Iterator<Item = &str> {
    report.split("<testcase ").skip(1).filter_map(|case| {
        let case = case.split("</testcase>").next()?;
        // What a test printed comes after, and may say anything.
        let inside = case.split("<system-out>").next()?;
        let is_bad = inside.contains("<failure") || inside.contains("<error");
        let name = case.strip_prefix("name=\"")?.split('"').next()?;
        is_bad.then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(name: &str, inside: &str) -> String {
        format!("<testcase name=\"{name}\" classname=\"x\">{inside}</testcase>\n")
    }

    #[test]
    fn only_sound_is_heard_again() {
        let good = case(
            "m_1_audio_good",
            "<system-out><failure in what is printed</system-out>",
        );
        let bad = case(
            "a::audio_bad",
            "<failure message=\"no\">x</failure><system-out>y</system-out>",
        );
        assert_eq!(due(&format!("{good}{bad}")), ["a::audio_bad"]);
        assert_eq!(
            filter(&["a::b".into(), "c".into()]),
            "test(=a::b) | test(=c)"
        );
        let other = case("rules", "<error type=\"timeout\"/>");
        assert!(due(&format!("{bad}{other}")).is_empty());
        assert!(due(&bad.repeat(MOST + 1)).is_empty());
        assert!(due(&good).is_empty());
    }
}
