//! The name server of a world: a table that everybody asks.

use sip::resolve::{Kind, Record, Reply};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Records by kind and name. A name without records does not exist.
#[derive(Debug, Default)]
pub struct Names {
    records: BTreeMap<(u8, String), Vec<Record>>,
    silent: BTreeSet<String>,
}

impl Names {
    /// Adds an address.
    pub fn address(&mut self, name: &str, ip: IpAddr) {
        match ip {
            IpAddr::V4(ip) => self.add(Kind::A, name, Record::A(ip)),
            IpAddr::V6(ip) => self.add(Kind::Aaaa, name, Record::Aaaa(ip)),
        }
    }

    /// Adds a server of a service; lower priorities are tried first.
    pub fn server(&mut self, service: &str, priority: u16, target: &str, port: u16) {
        let record = Record::Srv {
            priority,
            weight: 0,
            port,
            target: target.to_owned(),
        };
        self.add(Kind::Srv, service, record);
    }

    /// Adds a record.
    pub fn add(&mut self, kind: Kind, name: &str, record: Record) {
        let key = (number(kind), name.to_ascii_lowercase());
        self.records.entry(key).or_default().push(record);
    }

    /// From now on nobody answers for `name`.
    pub fn silence(&mut self, name: &str) {
        self.silent.insert(name.to_ascii_lowercase());
    }

    /// Ends a [`silence`](Self::silence).
    pub fn speak(&mut self, name: &str) {
        self.silent.remove(&name.to_ascii_lowercase());
    }

    /// What the name server says.
    pub fn ask(&self, kind: Kind, name: &str) -> Reply {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if self.silent.contains(&name) {
            return Reply::Failed;
        }
        let found = self.records.get(&(number(kind), name));
        Reply::Records(found.cloned().unwrap_or_default())
    }
}

const fn number(kind: Kind) -> u8 {
    match kind {
        Kind::Naptr => 0,
        Kind::Srv => 1,
        Kind::A => 2,
        Kind::Aaaa => 3,
    }
}
