//! The table: each figure, the goal, what stands beside it from the same run, and the ratio.

use serde_json::{Value, json};
use std::fmt::{self, Display, Formatter};

/// What is to be reached. Unit: that of the figure.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// Shown because it explains another one.
    Open,
}

impl Goal {
    /// `None` where nothing is asked.
    fn is_met(self, value: f64) -> Option<bool> {
        match self {
            Self::AtMost(most) => Some(value <= most),
            Self::AtLeast(least) => Some(value >= least),
            Self::Open => None,
        }
    }

    fn text(self, unit: &str) -> String {
        match self {
            Self::AtMost(most) => format!("<= {}", quantity(most, unit)),
            Self::AtLeast(least) => format!(">= {}", quantity(least, unit)),
            Self::Open => String::new(),
        }
    }
}

/// One line of the table.
pub(crate) struct Figure {
    what: String,
    unit: &'static str,
    value: f64,
    goal: Goal,
    /// What something else took in the same run, by its name.
    beside: Vec<(String, f64)>,
    note: String,
}

impl Figure {
    pub(crate) fn new(what: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            what: what.into(),
            unit,
            value,
            goal: Goal::Open,
            beside: Vec::new(),
            note: String::new(),
        }
    }

    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        self.goal = goal;
        self
    }

    pub(crate) fn beside(mut self, name: impl Into<String>, value: f64) -> Self {
        self.beside.push((name.into(), value));
        self
    }

    /// What a number cannot say.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    fn cells(&self) -> [String; 6] {
        let verdict = match self.goal.is_met(self.value) {
            Some(true) => " ok",
            Some(false) => " MISSED",
            None => "",
        };
        let all = |text: &dyn Fn(&(String, f64)) -> String| {
            self.beside.iter().map(text).collect::<Vec<_>>().join(", ")
        };
        [
            self.what.clone(),
            self.goal.text(self.unit),
            quantity(self.value, self.unit) + verdict,
            all(&|(name, value)| format!("{name} {}", quantity(*value, self.unit))),
            all(&|(_, value)| ratio(self.value, *value)),
            self.note.clone(),
        ]
    }

    fn json(&self) -> Value {
        let beside = self.beside.iter();
        let beside = beside.map(|(name, value)| json!({ "name": name, "value": value }));
        json!({
            "figure": self.what,
            "unit": self.unit,
            "measured": self.value,
            "goal": self.goal.text(self.unit),
            "met": self.goal.is_met(self.value),
            "beside": beside.collect::<Vec<_>>(),
            "note": self.note,
        })
    }
}

fn ratio(ours: f64, theirs: f64) -> String {
    match ours / theirs {
        ratio if ratio.is_finite() => format!("{ratio:.2}"),
        _ => "-".to_owned(),
    }
}

fn quantity(value: f64, unit: &str) -> String {
    let places = match value.abs() {
        _ if value.fract() == 0.0 => 0,
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let space = if unit.is_empty() { "" } else { " " };
    let number = format!("{value:.places$}");
    let number = match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => &number,
    };
    format!("{number}{space}{unit}")
}

/// All figures of a run.
#[derive(Default)]
pub(crate) struct Table {
    figures: Vec<Figure>,
    /// What could not be had, and why.
    missing: Vec<(String, String)>,
}

impl Table {
    pub(crate) fn add(&mut self, figure: Figure) {
        let [what, _, value, beside, ..] = figure.cells();
        let beside = if beside.is_empty() {
            String::new()
        } else {
            format!(" ({beside})")
        };
        eprintln!("  {what}: {value}{beside}");
        self.figures.push(figure);
    }

    /// A section that could not be measured.
    pub(crate) fn missing(&mut self, section: &str, why: &str) {
        eprintln!("  not measured: {why}");
        self.missing.push((section.to_owned(), why.to_owned()));
    }

    /// For programs. `load` is what the machine did beside: its load average before and after.
    pub(crate) fn json(&self, load: [f64; 2]) -> Value {
        let missing = self.missing.iter();
        let missing = missing.map(|(section, why)| json!({ "section": section, "why": why }));
        json!({
            "load_average": { "before": load[0], "after": load[1] },
            "figures": self.figures.iter().map(Figure::json).collect::<Vec<_>>(),
            "not_measured": missing.collect::<Vec<_>>(),
        })
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let head = [
            "figure",
            "goal",
            "measured",
            "beside it, same run",
            "ratio",
            "note",
        ];
        let mut rows = vec![head.map(str::to_owned)];
        rows.extend(self.figures.iter().map(Figure::cells));
        let wide = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
        let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|column| wide(column).unwrap_or(0));
        for [what, goal, value, beside, ratio, note] in &rows {
            let line =
                format!("{what:a$} | {goal:b$} | {value:c$} | {beside:d$} | {ratio:e$} | {note}");
            writeln!(f, "{}", line.trim_end_matches([' ', '|']))?;
        }
        for (section, why) in &self.missing {
            writeln!(f, "not measured: {section}: {why}")?;
        }
        Ok(())
    }
}

/// The value below which the share `part` of `values` lies. Range of `part`: 0 to 1.
pub(crate) fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len().saturating_sub(1) as f64 * part).round() as usize;
    values.get(at).copied().unwrap_or(f64::NAN)
}
