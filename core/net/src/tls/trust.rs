//! Whom an account believes, and how it proves who it is.

use super::verifier::Verifier;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};
use rustls::{ClientConfig, RootCertStore};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Authorities and pins of one account, at most.
const MOST: usize = 64;

/// What an account says of TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrustOptions {
    /// Files of authorities (PEM) that are believed instead of the system's. Empty: the system's.
    pub authorities: Vec<PathBuf>,
    /// Keys that a server may have, as [`Refusal::NotPinned`](super::Refusal::NotPinned) writes them; it has to pass
    /// every other check as well. Empty: any.
    pub pins: Vec<String>,
    /// Our certificate with what lies between it and its authority, and its key (PEM), for servers that ask.
    pub own: Option<(PathBuf, PathBuf)>,
}

/// Whom an account believes, read and ready.
#[derive(Debug)]
pub struct Trust {
    pub(super) roots: Arc<RootCertStore>,
    pub(super) pins: Vec<String>,
    own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    file: PathBuf,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// Why an account's TLS cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Distrust {
    /// A file cannot be read.
    #[error("{} cannot be read: {why}", .file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// What the system said.
        why: String,
    },
    /// A file holds no certificate.
    #[error("{} has no certificate in it (PEM is expected)", .0.display())]
    NoCertificate(PathBuf),
    /// A file holds no private key.
    #[error("{} has no private key in it (PEM without a password is expected)", .0.display())]
    NoKey(PathBuf),
    /// Certificate and key do not belong together, or are of a kind that cannot be used.
    #[error("the certificate of {} cannot be used with its key: {why}", .file.display())]
    Mismatch {
        /// Of the certificate.
        file: PathBuf,
        /// What rustls said.
        why: String,
    },
    /// A pin is not written as pins are.
    #[error("{0:?} is no pin: sha256/ and the key's SHA-256 in base64 is expected")]
    Pin(String),
    /// More than anybody can mean.
    #[error("more than {MOST} {0}")]
    TooMany(&'static str),
    /// This system trusts no authority that could be read.
    #[error("this system has no authorities that can be read: {0}")]
    NoAuthorities(String),
    /// There is nothing that a certificate could prove.
    #[error("{0:?} is no name that a certificate can prove")]
    NoName(String),
}

impl Trust {
    /// Reads what `options` name. The system's own authorities are read once a process.
    ///
    /// Blocks on small files: some milliseconds.
    pub fn load(options: &TrustOptions) -> Result<Self, Distrust> {
        if options.authorities.len() > MOST {
            return Err(Distrust::TooMany("files of authorities"));
        }
        if options.pins.len() > MOST {
            return Err(Distrust::TooMany("pins"));
        }
        let roots = match options.authorities.is_empty() {
            true => system()?,
            false => Arc::new(authorities(&options.authorities)?),
        };
        for pin in &options.pins {
            check(pin)?;
        }
        let own = options.own.as_ref();
        let trust = Self {
            roots,
            pins: options.pins.clone(),
            own: own.map(|(chain, key)| Own::read(chain, key)).transpose()?,
        };
        // A key that does not fit is told now, and not with the first call.
        trust.config(Verifier::new(Vec::new(), &trust))?;
        Ok(trust)
    }

    /// How rustls is to behave.
    pub(super) fn config(&self, verifier: Verifier) -> Result<ClientConfig, Distrust> {
        let builder = ClientConfig::builder_with_provider(provider());
        let builder = builder
            .with_safe_default_protocol_versions()
            .expect("ring speaks TLS 1.2 and 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let Some(own) = &self.own else {
            return Ok(builder.with_no_client_auth());
        };
        let config = builder.with_client_auth_cert(own.chain.clone(), own.key.clone_key());
        config.map_err(|why| Distrust::Mismatch {
            file: own.file.clone(),
            why: why.to_string(),
        })
    }
}

impl Own {
    fn read(file: &Path, key: &Path) -> Result<Self, Distrust> {
        let text = read(key)?;
        let key = PrivateKeyDer::from_pem_slice(&text).map_err(|_| Distrust::NoKey(key.into()))?;
        Ok(Self {
            file: file.into(),
            chain: certificates(file)?,
            key,
        })
    }
}

/// The one provider of cryptography.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(ring::default_provider())))
}

/// How a key is written where it is pinned. Source: RFC 7469 §2.4.
pub(super) fn pin_of(key: &SubjectPublicKeyInfoDer<'_>) -> String {
    format!("sha256/{}", STANDARD.encode(Sha256::digest(key.as_ref())))
}

fn check(pin: &str) -> Result<(), Distrust> {
    let digest = pin.strip_prefix("sha256/").unwrap_or_default();
    let in_base64 = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    match digest.strip_suffix('=') {
        Some(digits) if digits.len() == 43 && digits.bytes().all(in_base64) => Ok(()),
        Some(_) | None => Err(Distrust::Pin(pin.chars().take(80).collect())),
    }
}

fn system() -> Result<Arc<RootCertStore>, Distrust> {
    static SYSTEM: OnceLock<Result<Arc<RootCertStore>, String>> = OnceLock::new();
    let roots = SYSTEM.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        let (taken, refused) = roots.add_parsable_certificates(found.certs);
        tracing::debug!(taken, refused, "the system's authorities");
        match (taken, found.errors.first()) {
            (0, None) => Err("there are none".to_owned()),
            (0, Some(why)) => Err(why.to_string()),
            _ => Ok(Arc::new(roots)),
        }
    });
    roots.clone().map_err(Distrust::NoAuthorities)
}

fn authorities(files: &[PathBuf]) -> Result<RootCertStore, Distrust> {
    let mut roots = RootCertStore::empty();
    for file in files {
        for certificate in certificates(file)? {
            let added = roots.add(certificate);
            added.map_err(|_| Distrust::NoCertificate(file.clone()))?;
        }
    }
    Ok(roots)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Distrust> {
    let text = read(file)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) | Err(_) => Err(Distrust::NoCertificate(file.into())),
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Distrust> {
    std::fs::read(file).map_err(|why| Distrust::File {
        file: file.into(),
        why: why.to_string(),
    })
}
