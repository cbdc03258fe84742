//! Answers without a name server, for tests and closed networks.

use super::{Answer, Failure, Naptr, Question, Records, Srv, push};
use hickory_resolver::proto::rr::RData;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// Fixed answers. A name that is not in it has no records, unless it was made to fail.
#[derive(Debug, Clone, Default)]
pub struct Table {
    records: BTreeMap<Question, Records>,
    failures: BTreeMap<Question, Failure>,
}

impl Table {
    /// Knows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an address.
    pub fn address(mut self, name: &str, ip: IpAddr) -> Self {
        let (question, data) = match ip {
            IpAddr::V4(ip) => (Question::A(name.to_owned()), RData::A(ip.into())),
            IpAddr::V6(ip) => (Question::Aaaa(name.to_owned()), RData::AAAA(ip.into())),
        };
        push(self.entry(&question), &data);
        self
    }

    /// Adds a host that offers the service `name`.
    pub fn srv(mut self, name: &str, record: Srv) -> Self {
        let question = Question::Srv(name.to_owned());
        if let Records::Srv(all) = self.entry(&question) {
            all.push(record);
        }
        self
    }

    /// Adds a service that the domain `name` has.
    pub fn naptr(mut self, name: &str, record: Naptr) -> Self {
        let question = Question::Naptr(name.to_owned());
        if let Records::Naptr(all) = self.entry(&question) {
            all.push(record);
        }
        self
    }

    /// Makes a question fail.
    pub fn failure(mut self, question: &Question, failure: Failure) -> Self {
        self.failures.insert(question.key(), failure);
        self
    }

    /// Answers at once.
    pub fn ask(&self, question: &Question) -> Result<Answer, Failure> {
        let key = question.key();
        if let Some(failure) = self.failures.get(&key) {
            return Err(failure.clone());
        }
        let found = self.records.get(&key).cloned();
        Ok(Answer {
            lifetime: Duration::from_secs(if found.is_some() { 3600 } else { 0 }),
            records: found.unwrap_or_else(|| question.no_records()),
        })
    }

    fn entry(&mut self, question: &Question) -> &mut Records {
        let none = question.no_records();
        self.records.entry(question.key()).or_insert(none)
    }
}
