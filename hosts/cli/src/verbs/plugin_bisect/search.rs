//! Which of some things make a trial fail, in as few trials as halving allows.
//!
//! It is taken that more of them never make a failing trial go well. Where one alone is to blame, log2 of their number
//! trials find it; where it takes several together, QuickXplain (Junker 2004) finds the fewest.

use std::collections::BTreeSet;

/// Things by their numbers.
pub(super) type Set = BTreeSet<usize>;

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// It goes well with all of them.
    Nothing,
    /// It fails without any of them.
    NotOne,
    /// These together make it fail; without any one of them they do not.
    Culprits(Set),
    /// The same trial did not end the same way.
    Unsteady,
}

/// Trials, and what is known from earlier ones.
pub(super) struct Search<F> {
    fails: F,
    failed: Vec<Set>,
    went_well: Vec<Set>,
}

impl<E, F: FnMut(&Set) -> Result<bool, E>> Search<F> {
    /// `fails` says whether it fails with these and no others.
    pub(super) const fn new(fails: F) -> Self {
        Self {
            fails,
            failed: Vec::new(),
            went_well: Vec::new(),
        }
    }

    /// Looks for the culprits among `count` things.
    pub(super) fn run(&mut self, count: usize) -> Result<Found, E> {
        let all: Set = (0..count).collect();
        if !self.asks(&all)? {
            return Ok(Found::Nothing);
        }
        if self.asks(&Set::new())? {
            return Ok(Found::NotOne);
        }
        let alone = self.halve(all.clone())?;
        if self.asks(&alone)? {
            return Ok(Found::Culprits(alone));
        }
        let together = self.fewest(&Set::new(), false, &all)?;
        // Not what is known of it: a trial that ends differently each time fools what was reasoned from it.
        Ok(match (self.fails)(&together)? {
            true => Found::Culprits(together),
            false => Found::Unsteady,
        })
    }

    /// Whether it fails with these; asked only where earlier trials do not say.
    pub(super) fn asks(&mut self, these: &Set) -> Result<bool, E> {
        if self.failed.iter().any(|known| known.is_subset(these)) {
            return Ok(true);
        }
        if self.went_well.iter().any(|known| these.is_subset(known)) {
            return Ok(false);
        }
        let failed = (self.fails)(these)?;
        match failed {
            true => self.failed.push(these.clone()),
            false => self.went_well.push(these.clone()),
        }
        Ok(failed)
    }

    /// The one that is left after halving, as if one alone were to blame.
    fn halve(&mut self, mut suspects: Set) -> Result<Set, E> {
        while suspects.len() > 1 {
            let (one, other) = halves(&suspects);
            suspects = match self.asks(&one)? {
                true => one,
                false => other,
            };
        }
        Ok(suspects)
    }

    /// The fewest of `suspects` that make it fail beside `given`; `added` says that `given` is not what it was when
    /// this was last known to be needed.
    fn fewest(&mut self, given: &Set, added: bool, suspects: &Set) -> Result<Set, E> {
        if added && self.asks(given)? {
            return Ok(Set::new());
        }
        if suspects.len() <= 1 {
            return Ok(suspects.clone());
        }
        let (one, other) = halves(suspects);
        let of_other = self.fewest(&(given | &one), !one.is_empty(), &other)?;
        let of_one = self.fewest(&(given | &of_other), !of_other.is_empty(), &one)?;
        Ok(&of_one | &of_other)
    }
}

fn halves(all: &Set) -> (Set, Set) {
    let half = all.len().div_ceil(2);
    let mut numbers = all.iter().copied();
    let one = numbers.by_ref().take(half).collect();
    (one, numbers.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    /// What is found where `culprits` together make it fail, and in how many trials.
    fn find(count: usize, culprits: &[usize]) -> (Found, u32) {
        let culprits: Set = culprits.iter().copied().collect();
        let mut trials = 0;
        let mut search = Search::new(|on: &Set| {
            trials += 1;
            Ok::<_, Infallible>(culprits.is_subset(on))
        });
        let Ok(found) = search.run(count);
        (found, trials)
    }

    #[test]
    fn one_culprit_is_found_in_log2_n_trials() {
        for count in 1..=64_usize {
            for culprit in 0..count {
                let (found, trials) = find(count, &[culprit]);
                assert_eq!(found, Found::Culprits([culprit].into()), "of {count}");
                // With all, with none, the halves; and it alone, where it was the half that was not tried.
                let most = 3 + count.next_power_of_two().ilog2();
                assert!(trials <= most, "{trials} trials for {culprit} of {count}");
            }
        }
    }

    #[test]
    fn two_and_three_that_fail_only_together_are_found() {
        for count in 2..=12 {
            for a in 0..count {
                for b in a + 1..count {
                    let (found, _) = find(count, &[a, b]);
                    assert_eq!(found, Found::Culprits([a, b].into()), "of {count}");
                    for c in b + 1..count {
                        let (found, _) = find(count, &[a, b, c]);
                        assert_eq!(found, Found::Culprits([a, b, c].into()), "of {count}");
                    }
                }
            }
        }
    }

    #[test]
    fn nobody_is_blamed_for_what_fails_without_them_or_not_at_all() {
        assert_eq!(find(5, &[]), (Found::NotOne, 2));
        assert_eq!(find(5, &[9]), (Found::Nothing, 1));
        assert_eq!(find(0, &[]).0, Found::NotOne);
    }

    #[test]
    fn what_fails_now_and_then_is_said_to_be_unsteady() {
        let mut trials = 0;
        let mut search = Search::new(|_: &Set| {
            trials += 1;
            Ok::<_, Infallible>(trials == 1)
        });
        let Ok(found) = search.run(4);
        assert_eq!(found, Found::Unsteady);
    }

    #[test]
    fn of_two_culprits_that_fail_alone_one_is_found() {
        let mut search =
            Search::new(|on: &Set| Ok::<_, Infallible>(on.contains(&1) || on.contains(&6)));
        let Ok(found) = search.run(8);
        assert_eq!(found, Found::Culprits([1].into()));
        let Ok(still) = search.asks(&(0..8).filter(|number| *number != 1).collect());
        assert!(still, "the other is left");
    }
}
