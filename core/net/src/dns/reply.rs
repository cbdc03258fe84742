//! Answers in the words of `sip::resolve`, so that a driver only carries them.

use super::{Answer, Failure, Question, Records, Resolver};
use sip::resolve::{Kind, Record, Reply};

impl Resolver {
    /// Answers `sip::resolve::Output::Ask`. Why there is no answer goes to the log.
    pub async fn reply(&self, kind: Kind, name: &str) -> Reply {
        let answer = self.ask(&Question::new(kind, name)).await;
        answer.map_or_else(failed, |answer| Reply::Records(answer.into_records()))
    }
}

fn failed(failure: Failure) -> Reply {
    tracing::info!(%failure, "name not resolved");
    Reply::Failed
}

impl Question {
    /// The question of this kind about `name`.
    pub fn new(kind: Kind, name: &str) -> Self {
        let name = name.to_owned();
        match kind {
            Kind::Naptr => Self::Naptr(name),
            Kind::Srv => Self::Srv(name),
            Kind::A => Self::A(name),
            Kind::Aaaa => Self::Aaaa(name),
        }
    }
}

impl Answer {
    fn into_records(self) -> Vec<Record> {
        match self.records {
            Records::A(all) => all.into_iter().map(Record::A).collect(),
            Records::Aaaa(all) => all.into_iter().map(Record::Aaaa).collect(),
            Records::Srv(all) => all
                .into_iter()
                .map(|srv| Record::Srv {
                    priority: srv.priority,
                    weight: srv.weight,
                    port: srv.port,
                    target: srv.target,
                })
                .collect(),
            Records::Naptr(all) => all
                .into_iter()
                .map(|naptr| Record::Naptr {
                    order: naptr.order,
                    preference: naptr.preference,
                    flags: naptr.flags,
                    service: naptr.services,
                    replacement: naptr.replacement,
                })
                .collect(),
        }
    }
}
