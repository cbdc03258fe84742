//! The judgement of what a server shows: who vouches for it, whose it is, whether its key is good.

use super::{Refusal, Trust, identity, strength, trust};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::Arc;
use std::time::Duration;
use webpki::{EndEntityCert, KeyUsage};

/// Judges what the servers show that prove one of its names.
#[derive(Debug)]
pub(super) struct Verifier {
    names: Vec<String>,
    roots: Arc<RootCertStore>,
    pins: Vec<String>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(names: Vec<String>, trust: &Trust) -> Self {
        Self {
            names,
            roots: Arc::clone(&trust.roots),
            pins: trust.pins.clone(),
            algorithms: trust::provider().signature_verification_algorithms,
        }
    }

    /// Whether this is whom we want to reach: first whether anybody who is believed vouches for it, then whose it is,
    /// since names mean nothing in what nobody vouches for.
    pub(super) fn judge(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let certificate = EndEntityCert::try_from(shown).map_err(|_| Refusal::Unreadable)?;
        let key = certificate.subject_public_key_info();
        if let Some(bits) = strength::rsa_bits(&key).filter(|bits| *bits < strength::RSA_BITS) {
            return Err(Refusal::WeakKey(bits));
        }
        let vouched = certificate.verify_for_usage(
            self.algorithms.all,
            &self.roots.roots,
            between,
            now,
            KeyUsage::server_auth(),
            None,
            None,
        );
        vouched.map_err(|why| refusal(why, certificate.issuer() == certificate.subject()))?;
        if identity::met(&certificate, &self.names).is_none() {
            return Err(self.wrong_name(&certificate));
        }
        let pin = trust::pin_of(&key);
        match self.pins.is_empty() || self.pins.contains(&pin) {
            true => Ok(()),
            false => Err(Refusal::NotPinned(pin)),
        }
    }

    fn wrong_name(&self, certificate: &EndEntityCert<'_>) -> Refusal {
        let shown = identity::shown(certificate);
        match shown.is_empty() && !identity::has_names(certificate) {
            true => Refusal::NoName,
            false => Refusal::WrongName {
                wanted: self.names.clone(),
                shown,
            },
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "webpki's errors grow; what is not named is told in its words"
)]
fn refusal(why: webpki::Error, is_own_issuer: bool) -> Refusal {
    use webpki::Error as E;
    let between = |later: UnixTime, sooner: UnixTime| {
        Duration::from_secs(later.as_secs().saturating_sub(sooner.as_secs()))
    };
    match why {
        E::CertExpired { time, not_after } => Refusal::Expired(between(time, not_after)),
        E::CertNotValidYet { time, not_before } => Refusal::NotYetValid(between(not_before, time)),
        E::UnknownIssuer if is_own_issuer => Refusal::SelfSigned,
        E::UnknownIssuer => Refusal::UnknownAuthority,
        E::CaUsedAsEndEntity if is_own_issuer => Refusal::SelfSigned,
        E::CaUsedAsEndEntity => Refusal::Authority,
        E::RequiredEkuNotFoundContext(_) => Refusal::WrongPurpose,
        E::InvalidSignatureForPublicKey
        | E::UnsupportedSignatureAlgorithmContext(_)
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
        | E::SignatureAlgorithmMismatch => Refusal::BadSignature,
        E::BadDer | E::BadDerTime | E::TrailingData(_) => Refusal::Unreadable,
        other => Refusal::Unfit(other.to_string()),
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.judge(shown, between, now);
        verdict.map_err(Refusal::into_error)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, shown, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, shown, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
