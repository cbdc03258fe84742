//! What came of a check.

use crate::Check;
use serde::Serialize;
use std::path::PathBuf;

/// How one check ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", content = "why", rename_all = "lowercase")]
pub enum Verdict {
    /// It holds.
    Ok,
    /// It cannot be asked of this plugin here; why.
    Skipped(String),
    /// What is wrong.
    Fail(String),
}

/// One check and how it ended.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Which.
    #[serde(flatten)]
    pub check: &'static Check,
    /// How it ended.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// How long it took. Unit: ms.
    pub ms: u64,
}

/// Everything about one file.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Which file.
    pub file: PathBuf,
    /// Its id, where its manifest could be read.
    pub plugin: Option<String>,
    /// With which the random checks can be run again.
    pub seed: u64,
    /// In the order of the list.
    pub outcomes: Vec<Outcome>,
}

impl Report {
    /// Nothing failed.
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// What failed.
    pub fn failures(&self) -> impl Iterator<Item = (&'static Check, &str)> {
        self.outcomes
            .iter()
            .filter_map(|outcome| match &outcome.verdict {
                Verdict::Fail(why) => Some((outcome.check, why.as_str())),
                Verdict::Ok | Verdict::Skipped(_) => None,
            })
    }

    /// How many hold, how many were asked, how many could not be.
    pub fn counts(&self) -> (usize, usize, usize) {
        let count =
            |is: fn(&Verdict) -> bool| self.outcomes.iter().filter(|o| is(&o.verdict)).count();
        let ok = count(|verdict| *verdict == Verdict::Ok);
        let skipped = count(|verdict| matches!(verdict, Verdict::Skipped(_)));
        (ok, self.outcomes.len() - skipped, skipped)
    }

    /// As build servers read it.
    pub fn junit(&self) -> String {
        let (_, asked, skipped) = self.counts();
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"offhook plugin check {}\" \
             tests=\"{}\" failures=\"{}\" skipped=\"{skipped}\">\n",
            escape(&self.file.display().to_string()),
            asked + skipped,
            self.failures().count()
        );
        for Outcome { check, verdict, ms } in &self.outcomes {
            let inner = match verdict {
                Verdict::Ok => String::new(),
                Verdict::Skipped(why) => format!("<skipped message=\"{}\"/>", escape(why)),
                Verdict::Fail(why) => format!(
                    "<failure message=\"{}\">{}</failure>",
                    escape(why),
                    escape(check.fix)
                ),
            };
            let seconds = *ms as f64 / 1000.0;
            xml += &format!(
                "  <testcase classname=\"{}\" name=\"{} {}\" time=\"{seconds:.3}\">{inner}</testcase>\n",
                check.group,
                check.code,
                escape(check.title)
            );
        }
        xml + "</testsuite>\n"
    }
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
