//! What came of each case, as build servers read it.

use std::fmt::Write as _;
use std::time::Duration;

/// One case.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) case: String,
    /// Why it failed, with the step.
    pub(crate) failed: Option<String>,
    pub(crate) took: Duration,
}

/// JUnit XML.
pub(crate) fn junit(suite: &str, outcomes: &[Outcome]) -> String {
    let failed = outcomes
        .iter()
        .filter(|outcome| outcome.failed.is_some())
        .count();
    let suite = escape(suite);
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"{suite}\" tests=\"{}\" failures=\"{failed}\">\n",
        outcomes.len()
    );
    for Outcome { case, failed, took } in outcomes {
        let inner = failed.as_ref().map_or_else(String::new, |why| {
            format!("<failure message=\"{}\"/>", escape(why))
        });
        // Writing into a String cannot fail.
        let _ = writeln!(
            xml,
            "  <testcase classname=\"{suite}\" name=\"{}\" time=\"{:.3}\">{inner}</testcase>",
            escape(case),
            took.as_secs_f64()
        );
    }
    xml + "</testsuite>\n"
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\n' => out += "&#10;",
            c if c.is_control() => out.push('?'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_and_odd_letters_are_escaped() {
        let outcome = |case: &str, failed: Option<&str>| Outcome {
            case: case.to_owned(),
            failed: failed.map(str::to_owned),
            took: Duration::from_millis(1_500),
        };
        let xml = junit(
            "a & b",
            &[outcome("good", None), outcome("bad", Some("step 2: \"<\""))],
        );
        assert!(
            xml.contains(r#"<testsuite name="a &amp; b" tests="2" failures="1">"#),
            "{xml}"
        );
        assert!(
            xml.contains(r#"name="good" time="1.500"></testcase>"#),
            "{xml}"
        );
        assert!(
            xml.contains(r#"<failure message="step 2: &quot;&lt;&quot;"/>"#),
            "{xml}"
        );
    }
}
