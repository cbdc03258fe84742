//! Where an account's password comes from.

use super::Values;
use super::build::{account_origin, origin};
use crate::SecretSource;
use crate::complaint::{Complaints, Origin};
use base::Redacted;
use std::path::PathBuf;

/// Where a password may stand, in one layer at most one of them.
pub(super) const SECRETS: [&str; 3] = ["password", "password_file", "password_env"];

/// The source that the highest layer names. Two in one layer: nobody can say which was meant.
pub(super) fn password(id: &str, values: &Values, complaints: &mut Complaints) -> SecretSource {
    let (key, strongest) = secret_origin(id, values);
    let rivals = secrets(id, values);
    let rivals: Vec<&str> = rivals
        .iter()
        .filter(|(full, origin, _)| *full != key && origin.layer() == strongest.layer())
        .map(|(full, _, _)| full.as_str())
        .collect();
    if !rivals.is_empty() {
        let what = format!("is set together with {}", rivals.join(", "));
        let allowed = "allowed: one of password, password_file, password_env";
        complaints.error(&strongest, &key, what, allowed);
    }
    let Some(text) = values.text(&key).filter(|text| !text.is_empty()) else {
        return SecretSource::None;
    };
    match key.rsplit('.').next() {
        Some("password_file") => SecretSource::File(PathBuf::from(text)),
        Some("password_env") => SecretSource::Environment(text.to_owned()),
        Some(_) | None => SecretSource::Inline(Redacted::new(text.to_owned())),
    }
}

/// All password sources of an account that are set: key, who set it, its place in the list.
fn secrets(id: &str, values: &Values) -> Vec<(String, Origin, usize)> {
    let mut found = Vec::new();
    for (index, name) in SECRETS.iter().enumerate() {
        let key = values.account_key(id, name);
        if values.text(&key).is_some_and(|text| !text.is_empty()) {
            found.push((key.clone(), origin(&key, values), index));
        }
    }
    found
}

/// Key and origin of the password source that counts.
pub(super) fn secret_origin(id: &str, values: &Values) -> (String, Origin) {
    let found = secrets(id, values);
    let strongest = found
        .into_iter()
        .max_by_key(|(_, origin, _)| origin.layer());
    strongest.map_or_else(
        || {
            (
                format!("accounts.{id}.password"),
                account_origin(id, values),
            )
        },
        |(key, origin, _)| (key, origin),
    )
}
