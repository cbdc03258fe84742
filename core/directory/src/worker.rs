//! What a directory's thread does.

use crate::known::Known;
use crate::queue::{Job, Next, Queue};
use crate::source::{Ask, Source, Trouble};
use crate::{Reply, Tell, answer};
use control::contacts::DirectoryChange;
use control::{Code, Contact, ErrorObject, KnownName};
use ports::store::{Listed, NameOf, Told};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// People of one list. Source: the store holds as many.
const PEOPLE: usize = 20_000;
/// People who may have one number.
const NAMESAKES: usize = 5;
/// How long a directory is left alone after failures, at most.
const MOST: Duration = Duration::from_secs(60);

/// How it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Nobody knows yet.
    Untried,
    /// All of it is copied.
    Listed,
    /// It is asked.
    Asked,
}

struct Worker<'a> {
    source: Source,
    tell: &'a Tell,
    open: Option<Box<dyn Ask>>,
    mode: Mode,
    /// What the last list said.
    last: Option<Vec<Contact>>,
    known: Known,
    /// It failed: until when it is left alone, and for how long.
    failing: Option<(Instant, Duration)>,
    refresh: Option<Instant>,
}

/// Runs until the queue ends.
pub(crate) fn work(source: Source, queue: &Queue, tell: &Tell) {
    let mut worker = Worker {
        source,
        tell,
        open: None,
        mode: Mode::Untried,
        last: None,
        known: Known::default(),
        failing: None,
        refresh: Some(Instant::now()),
    };
    loop {
        match queue.next(worker.refresh) {
            Next::End => return,
            Next::Refresh => worker.list(),
            Next::Again => worker.again(),
            Next::Job(Job::Name { of, uri }) => worker.name(of, &uri),
            Next::Job(Job::Search { text, limit, reply }) => worker.search(&text, limit, reply),
        }
    }
}

impl Worker<'_> {
    /// Copies all of it, where it can be.
    fn list(&mut self) {
        let title = self.source.title.clone();
        let asked = self.ask(&format!(r#"{{"all":true,"limit":{PEOPLE}}}"#), PEOPLE);
        let now = Instant::now();
        match asked {
            Ok(people) => {
                self.mode = Mode::Listed;
                self.refresh = Some(now + self.source.refresh);
                if self.last.as_ref() == Some(&people) {
                    return;
                }
                tracing::info!(directory = title, people = people.len(), "copied");
                self.last = Some(people.clone());
                (self.tell)(Told::Listed(Box::new(Listed {
                    owner: self.source.owner.clone(),
                    title,
                    people,
                })));
            }
            Err(Trouble::Unsupported) => {
                self.mode = Mode::Asked;
                self.refresh = None;
            }
            Err(Trouble::Failed(_)) => {
                self.refresh = self.failing.map(|(until, _)| until);
            }
        }
    }

    /// What failed is not left alone any longer, and what can be copied is looked at: a plugin that has a young copy of
    /// its own asks nobody.
    fn again(&mut self) {
        let now = Instant::now();
        if let Some((until, _)) = &mut self.failing {
            *until = now;
        }
        if self.mode != Mode::Asked {
            self.refresh = Some(now);
        }
    }

    fn name(&mut self, of: NameOf, uri: &str) {
        let now = Instant::now();
        if self.mode == Mode::Listed || self.is_left_alone(now) {
            return;
        }
        let name = match self.known.of(uri, now) {
            Some(name) => name,
            None => {
                let question = serde_json::json!({"number": uri, "limit": NAMESAKES});
                let Ok(found) = self.ask(&question.to_string(), NAMESAKES) else {
                    return;
                };
                let name = found.into_iter().next().map(|person| person.name);
                self.known.remember(uri, name.clone(), now);
                name
            }
        };
        if let Some(name) = name {
            let known = KnownName {
                name,
                source: self.source.title.clone(),
            };
            let rank = self.source.rank;
            (self.tell)(Told::Named { of, known, rank });
        }
    }

    fn search(&mut self, text: &str, limit: usize, reply: Reply) {
        if self.mode == Mode::Listed {
            return reply(Ok(Vec::new()));
        }
        if self.is_left_alone(Instant::now()) {
            return reply(Err("it failed just now".to_owned()));
        }
        let question = serde_json::json!({"text": text, "limit": limit});
        reply(match self.ask(&question.to_string(), limit) {
            Ok(people) => Ok(people),
            Err(Trouble::Unsupported) => Ok(Vec::new()),
            Err(Trouble::Failed(why)) => Err(why),
        });
    }

    fn is_left_alone(&self, now: Instant) -> bool {
        self.failing.is_some_and(|(until, _)| now < until)
    }

    /// Asks, and keeps account of failures. What cannot be asked is closed, and opened anew the next time.
    fn ask(&mut self, question: &str, limit: usize) -> Result<Vec<Contact>, Trouble> {
        let asked = self.ask_once(question, limit);
        match &asked {
            Ok(_) | Err(Trouble::Unsupported) => self.back(),
            Err(Trouble::Failed(why)) => self.fail(why),
        }
        asked
    }

    fn ask_once(&mut self, question: &str, limit: usize) -> Result<Vec<Contact>, Trouble> {
        let Source { title, list, .. } = &self.source;
        let (title, list) = (title.clone(), list.clone());
        let mut open = match self.open.take() {
            Some(open) => open,
            None => (self.source.open)().map_err(Trouble::Failed)?,
        };
        // Plugins are fenced by their host; what gets through must not cost the thread.
        let said = catch_unwind(AssertUnwindSafe(|| open.search(question)));
        let said = said.map_err(|_| Trouble::Failed("it panicked".to_owned()))?;
        if !matches!(said, Err(Trouble::Failed(_))) {
            self.open = Some(open);
        }
        answer::people(&said?, &title, &list, limit).map_err(Trouble::Failed)
    }

    fn fail(&mut self, why: &str) {
        let wait = match self.failing {
            Some((_, wait)) => (wait * 2).min(MOST),
            None => self.source.patience,
        };
        if self.failing.is_none() {
            let title = &self.source.title;
            tracing::warn!(directory = title, why, "cannot be asked");
            let error = ErrorObject::new(Code::DIRECTORY_FAILED, why.to_owned());
            self.change(Some(error));
        }
        self.failing = Some((Instant::now() + wait, wait));
    }

    fn back(&mut self) {
        if self.failing.take().is_some() {
            tracing::info!(directory = self.source.title, "answers again");
            self.change(None);
        }
    }

    fn change(&self, error: Option<ErrorObject>) {
        let directory = self.source.title.clone();
        let change = DirectoryChange { directory, error };
        (self.tell)(Told::Directory(Box::new(change)));
    }
}
