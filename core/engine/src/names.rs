//! Name server answers in SIP's words.

use net::dns::{Question, Records, Resolver};
use sip::resolve::{Kind, Record, Reply};

/// Asks for the records of one kind.
pub(crate) async fn ask(resolver: &Resolver, kind: Kind, name: String) -> Reply {
    let question = match kind {
        Kind::Naptr => Question::Naptr(name),
        Kind::Srv => Question::Srv(name),
        Kind::A => Question::A(name),
        Kind::Aaaa => Question::Aaaa(name),
    };
    match resolver.ask(&question).await {
        Ok(answer) => Reply::Records(records(answer.records)),
        Err(why) => {
            tracing::info!(%why, "name server");
            Reply::Failed
        }
    }
}

fn records(found: Records) -> Vec<Record> {
    match found {
        Records::Naptr(list) => list
            .into_iter()
            .map(|r| Record::Naptr {
                order: r.order,
                preference: r.preference,
                flags: r.flags,
                service: r.services,
                replacement: r.replacement,
            })
            .collect(),
        Records::Srv(list) => list
            .into_iter()
            .map(|r| Record::Srv {
                priority: r.priority,
                weight: r.weight,
                port: r.port,
                target: r.target,
            })
            .collect(),
        Records::A(list) => list.into_iter().map(Record::A).collect(),
        Records::Aaaa(list) => list.into_iter().map(Record::Aaaa).collect(),
    }
}
