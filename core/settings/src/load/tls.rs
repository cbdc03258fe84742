//! How an account's server is reached, and whom it believes on the way.

use super::Values;
use super::build::origin;
use crate::account::{Reach, Tls};
use crate::complaint::Complaints;
use std::path::PathBuf;

/// How the server is reached (K-011).
pub(super) fn reach(text: &str) -> Reach {
    match text {
        "tcp" => Reach::Tcp,
        "tls" => Reach::Tls,
        "tls+sip" | "tls+sip:" => Reach::TlsSip,
        _ => Reach::Udp,
    }
}

/// Files and pins; what is in the files is looked at when the account is set up.
pub(super) fn of_account(id: &str, values: &Values, complaints: &mut Complaints) -> Option<Tls> {
    let key = |name: &str| values.account_key(id, name);
    let texts = |name: &str| {
        let all = values.list(&key(name))?.iter();
        let all = all.map(|text| text.trim().to_owned());
        Some(all.filter(|text| !text.is_empty()).collect::<Vec<_>>())
    };
    let file = |name: &str| {
        let text = values.text(&key(name))?.trim();
        Some((!text.is_empty()).then(|| PathBuf::from(text)))
    };
    let own = match (file("tls_certificate")?, file("tls_key")?) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (certificate, _) => {
            let (given, missing) = match certificate {
                Some(_) => ("tls_certificate", "tls_key"),
                None => ("tls_key", "tls_certificate"),
            };
            let key = key(given);
            let what = format!("is nothing without {missing}");
            let fix = format!("set {missing} too, or neither");
            complaints.error(&origin(&key, values), &key, what, fix);
            None
        }
    };
    Some(Tls {
        authorities: texts("tls_ca")?.into_iter().map(PathBuf::from).collect(),
        pins: texts("tls_pins")?,
        own,
    })
}
