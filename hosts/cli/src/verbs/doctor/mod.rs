//! `doctor`: checks this computer, line by line, each with what to do about it.

mod checks;

use super::Context;
use crate::args::Doctor;
use crate::error::Error;
use crate::out::{Colour, Form};
use control::{Code, ExitCode};
use serde_json::{Value, json};

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }

    const fn colour(self) -> Colour {
        match self {
            Self::Ok => Colour::Good,
            Self::Warn => Colour::Doubtful,
            Self::Fail => Colour::Bad,
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    text: String,
    fix: String,
    code: Option<Code>,
}

impl Finding {
    fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self {
            check,
            verdict: Verdict::Ok,
            text: text.into(),
            fix: String::new(),
            code: None,
        }
    }

    fn warn(check: &'static str, text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Warn,
            fix: fix.into(),
            ..Self::ok(check, text)
        }
    }

    fn fail(
        check: &'static str,
        code: Code,
        text: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            verdict: Verdict::Fail,
            fix: fix.into(),
            code: Some(code),
            ..Self::ok(check, text)
        }
    }

    fn object(&self) -> Value {
        let mut object = json!({
            "check": self.check,
            "verdict": self.verdict.word(),
            "text": self.text,
        });
        if !self.fix.is_empty() {
            object["fix"] = json!(self.fix);
        }
        if let Some(code) = self.code {
            object["code"] = json!(code);
        }
        object
    }
}

pub(crate) fn run(context: &mut Context, args: &Doctor) -> Result<ExitCode, Error> {
    let mut findings = Vec::new();
    let global = context.global.clone();
    checks::all(&global, args, &mut |finding| {
        tell(context, &finding);
        findings.push(finding);
    });
    let count = |verdict| {
        findings
            .iter()
            .filter(|finding| finding.verdict == verdict)
            .count()
    };
    let (warned, failed) = (count(Verdict::Warn), count(Verdict::Fail));
    context.out.line(&match (failed, warned) {
        (0, 0) => "everything is well".to_owned(),
        (0, warned) => format!("calls will work; worth a look: {warned}"),
        (failed, _) => format!("to be put right: {failed}"),
    });
    if context.out.form() == Form::Json {
        let checks: Vec<_> = findings.iter().map(Finding::object).collect();
        context
            .out
            .object(&json!({ "kind": "doctor", "checks": checks }));
    }
    let first = findings
        .iter()
        .find(|finding| finding.verdict == Verdict::Fail);
    Ok(match first {
        Some(finding) => finding.code.map_or(ExitCode::Failed, ExitCode::of_code),
        None => ExitCode::Success,
    })
}

fn tell(context: &mut Context, finding: &Finding) {
    let out = &mut context.out;
    let word = format!("{:<4}", finding.verdict.word());
    let behind = format!("  {:<9}  {}", finding.check, finding.text);
    let code = finding
        .code
        .map(|code| format!("  {code}"))
        .unwrap_or_default();
    out.signed(
        "  ",
        &word,
        finding.verdict.colour(),
        &format!("{behind}{code}"),
    );
    if !finding.fix.is_empty() {
        out.line(&format!("        fix        {}", finding.fix));
    }
    if out.form() == Form::Stream {
        out.object(&finding.object());
    }
}
