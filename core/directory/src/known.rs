//! Who called lately: who calls again is not asked for again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Callers that are remembered. At the limit the oldest is forgotten.
const CALLERS: usize = 256;
/// How long a name is good for.
const NAMED: Duration = Duration::from_secs(600);
/// How long it is good for that nobody is known.
const NOBODY: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(crate) struct Known(VecDeque<(String, Option<String>, Instant)>);

impl Known {
    /// The outer `None`: it has to be asked. The inner: nobody is known.
    #[allow(clippy::option_option, reason = "as the first line says")]
    pub(crate) fn of(&self, uri: &str, now: Instant) -> Option<Option<String>> {
        let (_, name, at) = self.0.iter().find(|(its, _, _)| its == uri)?;
        let good = if name.is_some() { NAMED } else { NOBODY };
        (now.duration_since(*at) < good).then(|| name.clone())
    }

    pub(crate) fn remember(&mut self, uri: &str, name: Option<String>, now: Instant) {
        self.0.retain(|(its, _, _)| its != uri);
        if self.0.len() >= CALLERS {
            self.0.pop_front();
        }
        self.0.push_back((uri.to_owned(), name, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_good_for_ten_minutes_and_nobody_for_one() {
        let (mut known, begin) = (Known::default(), Instant::now());
        known.remember("a", Some("Ann".to_owned()), begin);
        known.remember("b", None, begin);
        let at = |s| begin + Duration::from_secs(s);
        assert_eq!(known.of("a", at(599)), Some(Some("Ann".to_owned())));
        assert_eq!(known.of("b", at(59)), Some(None));
        assert_eq!(
            (known.of("a", at(600)), known.of("b", at(60))),
            (None, None)
        );
        for n in 0..CALLERS {
            known.remember(&n.to_string(), None, begin);
        }
        assert_eq!(known.0.len(), CALLERS);
        assert_eq!(known.of("a", begin), None);
    }
}
