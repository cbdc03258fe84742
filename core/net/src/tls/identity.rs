//! Which names a certificate proves, as SIP reads them.
//!
//! Source: RFC 5922 §7.1: `sip:` addresses without a user are the identities; names of hosts count only where there is
//! none of those; the old common name never does. An address is proved by an address, as in RFC 2818 §3.1.
//!
//! Against RFC 5922 §7.2 a wildcard is taken for one whole label, the leftmost, as everywhere else: providers run their
//! servers by such certificates, and whoever may sign for `*.example.com` is trusted with all its hosts by its owner.

use crate::tls::plain;
use rustls::pki_types::ServerName;
use webpki::EndEntityCert;

/// The first of `names` that `certificate` proves.
pub(super) fn met<'n>(certificate: &EndEntityCert<'_>, names: &'n [String]) -> Option<&'n str> {
    let domains: Vec<String> = sip_domains(certificate).collect();
    let proves = |name: &&String| match domains.is_empty() {
        false => domains.contains(name),
        true => ServerName::try_from(name.as_str())
            .is_ok_and(|name| certificate.verify_is_valid_for_subject_name(&name).is_ok()),
    };
    names.iter().find(proves).map(String::as_str)
}

/// What it proves instead, for whoever looks for the mistake. Bound: 8 names.
pub(super) fn shown(certificate: &EndEntityCert<'_>) -> Vec<String> {
    let domains = sip_domains(certificate);
    let hosts = certificate.valid_dns_names().map(str::to_owned);
    domains.chain(hosts).take(8).collect()
}

/// Whether it names anybody at all, of whatever kind.
pub(super) fn has_names(certificate: &EndEntityCert<'_>) -> bool {
    let nobody = ServerName::try_from("nobody.invalid").expect("it is a name");
    let all = match certificate.verify_is_valid_for_subject_name(&nobody) {
        Err(webpki::Error::CertNotValidForName(context)) => context.presented.len(),
        Ok(()) | Err(_) => 0,
    };
    all > 0 || certificate.valid_uri_names().next().is_some()
}

/// Hosts of its `sip:` addresses that name no user.
fn sip_domains(certificate: &EndEntityCert<'_>) -> impl Iterator<Item = String> {
    certificate.valid_uri_names().filter_map(|uri| {
        let (scheme, rest) = uri.split_once(':')?;
        let is_domain = scheme.eq_ignore_ascii_case("sip") && !rest.contains('@');
        let host = rest.split([';', '?']).next().unwrap_or_default();
        (is_domain && !host.is_empty()).then(|| plain(host))
    })
}
