//! The loop: change, try, keep what says something new, save what breaks.

use crate::target::Target;
use crate::{Said, mutate};
use base::Rng;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Inputs that are kept to be changed further. Bound: the oldest that were found go first.
const CORPUS: usize = 4_000;

/// An input that takes longer is a find. Unit: time.
pub const SLOW: Duration = Duration::from_secs(1);

/// How long a hunt goes on.
#[derive(Debug, Clone, Copy)]
pub enum Budget {
    /// So many inputs.
    Inputs(u64),
    /// So long.
    Time(Duration),
}

/// What came of a hunt.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Inputs tried.
    pub inputs: u64,
    /// Different things that were said of inputs.
    pub kinds: usize,
    /// Inputs that broke something, with what they broke; the first ten.
    pub broken: Vec<(Vec<u8>, String)>,
}

/// Tries one input.
///
/// # Errors
///
/// What it broke: the text of the panic, or how long it took.
pub fn try_one(target: &Target, input: &[u8]) -> Result<u64, String> {
    let began = Instant::now();
    let mut said = Said::default();
    swarm::quiet::catch(|| (target.run)(input, &mut said))?;
    let took = began.elapsed();
    if took > SLOW {
        return Err(format!("took {} ms", took.as_millis()));
    }
    Ok(said.number())
}

/// Tries inputs until the budget is used up, or ten are found that break something.
pub fn hunt(target: &Target, seed: u64, budget: Budget) -> Found {
    let mut rng = Rng::from_number(seed);
    let began = Instant::now();
    let seeds = (target.seeds)();
    let mut corpus = seeds.clone();
    let (mut kinds, mut found) = (BTreeSet::new(), Found::default());
    let mut queue: Vec<Vec<u8>> = seeds.iter().rev().cloned().collect();
    loop {
        let is_over = match budget {
            Budget::Inputs(most) => found.inputs >= most,
            Budget::Time(time) => began.elapsed() >= time,
        };
        if is_over || found.broken.len() >= 10 {
            found.kinds = kinds.len();
            return found;
        }
        let input = queue.pop().unwrap_or_else(|| {
            let old = &corpus[rng.below(corpus.len() as u64) as usize];
            mutate::change(old, &corpus, target.words, target.most, &mut rng)
        });
        found.inputs += 1;
        match try_one(target, &input) {
            Ok(kind) if kinds.insert(kind) => {
                if corpus.len() >= seeds.len() + CORPUS {
                    corpus.remove(seeds.len());
                }
                corpus.push(input);
            }
            Ok(_) => {}
            Err(why) => {
                // A find is made small, and stands once for all that say the same.
                let mut known = found.broken.iter().map(|(_, known)| place(known));
                let is_known = known.any(|known| known == place(&why));
                if !is_known {
                    found.broken.push((smaller(target, input, &why), why));
                }
            }
        }
    }
}

/// Where it broke: finds at one place are one find, whatever they say.
fn place(why: &str) -> &str {
    why.lines().next().unwrap_or_default()
}

/// Takes pieces out of an input as long as it breaks the same.
fn smaller(target: &Target, mut input: Vec<u8>, why: &str) -> Vec<u8> {
    if why.starts_with("took ") {
        return input;
    }
    let mut size = input.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at + size <= input.len() {
            let mut less = input.clone();
            less.drain(at..at + size);
            match try_one(target, &less) {
                Err(again) if place(&again) == place(why) => input = less,
                Ok(_) | Err(_) => at += size,
            }
        }
        size /= 2;
    }
    input
}

/// Where finds of a target are kept: tests replay them from then on.
pub fn folder(target: &Target) -> PathBuf {
    let crashes = Path::new(env!("CARGO_MANIFEST_DIR")).join("crashes");
    crashes.join(target.name)
}

/// Files of a target's folder, in order of their names.
pub fn saved(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder(target));
    let mut paths: Vec<_> = entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| std::fs::read(&path).ok().map(|bytes| (path, bytes));
    paths.into_iter().filter_map(read).collect()
}

/// Saves a find; says where.
///
/// # Errors
///
/// Where the folder cannot be written.
pub fn save(target: &Target, input: &[u8]) -> std::io::Result<PathBuf> {
    let mut name = Said::default();
    name.add(input);
    let path = folder(target).join(format!("{:016x}.bin", name.number()));
    std::fs::create_dir_all(folder(target))?;
    std::fs::write(&path, input)?;
    Ok(path)
}
