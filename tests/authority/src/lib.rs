//! An authority of the tests' own: certificates that are right, and certificates that are wrong in one way.
//!
//! What it is not: an authority for anything but tests. Its keys are made anew each time and lie in a folder that goes
//! with it.

#![allow(
    clippy::missing_panics_doc,
    reason = "a test that cannot make its certificates has failed"
)]

pub use rcgen::ExtendedKeyUsagePurpose as Purpose;
pub use rcgen::SanType;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256,
    PublicKeyData, SignatureAlgorithm,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// An authority, and a folder for its files that goes with it.
pub struct Ca {
    /// Where its files are.
    pub folder: PathBuf,
    /// Its own certificate, in PEM.
    pub file: PathBuf,
    params: CertificateParams,
    key: KeyPair,
}

/// What a certificate says.
pub struct Shown {
    /// Subject alternative names.
    pub names: Vec<SanType>,
    /// The old common name.
    pub common_name: &'static str,
    /// What it may be used for.
    pub purposes: Vec<Purpose>,
    /// Days from now to its begin and its end.
    pub days: (i64, i64),
    /// It is an authority's.
    pub is_ca: bool,
}

impl Shown {
    /// A host's name.
    pub fn of(host: &str) -> Self {
        Self::with(vec![SanType::DnsName(host.try_into().expect("ASCII"))])
    }

    /// An address.
    pub fn of_ip(ip: &str) -> Self {
        let ip: IpAddr = ip.parse().expect("an address");
        Self::with(vec![SanType::IpAddress(ip)])
    }

    /// These names.
    pub fn with(names: Vec<SanType>) -> Self {
        Self {
            names,
            common_name: "phone server",
            purposes: vec![Purpose::ServerAuth],
            days: (-1, 30),
            is_ca: false,
        }
    }

    /// An address as a name.
    pub fn uri(uri: &str) -> SanType {
        SanType::URI(uri.try_into().expect("ASCII"))
    }

    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::default();
        let now = std::time::SystemTime::now();
        let day = |days: i64| {
            let span = std::time::Duration::from_secs(days.unsigned_abs() * 86_400);
            let at = match days < 0 {
                true => now - span,
                false => now + span,
            };
            at.into()
        };
        params.not_before = day(self.days.0);
        params.not_after = day(self.days.1);
        params
            .distinguished_name
            .push(DnType::CommonName, self.common_name);
        params.subject_alt_names = self.names.clone();
        params.extended_key_usages = self.purposes.clone();
        if self.is_ca {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        params
    }
}

/// A certificate with its key.
pub struct Signed {
    /// The certificate.
    pub certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Signed {
    /// Its key.
    pub fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).expect("a key")
    }

    /// Both as PEM files.
    pub fn files(&self, ca: &Ca, name: &str) -> (PathBuf, PathBuf) {
        let certificate = pem("CERTIFICATE", &self.certificate);
        let key = self.key.serialize_pem();
        (
            ca.write(&format!("{name}.pem"), &certificate),
            ca.write(&format!("{name}.key"), &key),
        )
    }
}

impl Ca {
    /// Another one; `name` is for whoever looks into its folder.
    pub fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let unique = format!("offhook-tls-{}-{count}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let called = format!("authority {}", folder.display());
        params.distinguished_name.push(DnType::CommonName, called);
        let key = KeyPair::generate().expect("a key");
        let own = params.self_signed(&key).expect("a certificate");
        let file = folder.join("authority.pem");
        std::fs::write(&file, own.pem()).expect("a file");
        Self {
            folder,
            file,
            params,
            key,
        }
    }

    /// Its own certificate.
    pub fn certificate(&self) -> CertificateDer<'static> {
        let own = self.params.self_signed(&self.key);
        own.expect("a certificate").der().clone()
    }

    /// A certificate that this authority signed.
    pub fn shows(&self, shown: &Shown) -> Signed {
        let key = KeyPair::generate().expect("a key");
        let certificate = self.signs(shown, &key);
        Signed { certificate, key }
    }

    /// The same for a key that nobody has.
    pub fn signs(&self, shown: &Shown, key: &impl PublicKeyData) -> CertificateDer<'static> {
        let issuer = Issuer::from_params(&self.params, &self.key);
        let signed = shown.params().signed_by(key, &issuer);
        signed.expect("a certificate").der().clone()
    }

    /// A certificate that vouches for itself.
    pub fn alone(shown: &Shown) -> Signed {
        let key = KeyPair::generate().expect("a key");
        let certificate = shown.params().self_signed(&key).expect("a certificate");
        Signed {
            certificate: certificate.der().clone(),
            key,
        }
    }

    /// A file in its folder.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = Path::new(&self.folder).join(name);
        std::fs::write(&file, text).expect("a file");
        file
    }
}

impl Drop for Ca {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn pem(label: &str, bytes: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

/// The public half of an RSA key of this length; nobody has the other one.
pub struct Rsa(Vec<u8>);

impl Rsa {
    /// One of so many bits.
    pub fn of(bits: usize) -> Self {
        let mut modulus = vec![0; bits.div_ceil(8)];
        modulus.fill(0xff);
        modulus[0] = 0xff >> (8 * modulus.len() - bits);
        if modulus[0] & 0x80 != 0 {
            modulus.insert(0, 0);
        }
        let exponent = element(0x02, &[1, 0, 1]);
        Self(element(0x30, &[element(0x02, &modulus), exponent].concat()))
    }
}

impl PublicKeyData for Rsa {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

/// The whole SubjectPublicKeyInfo of such a key.
pub fn rsa_info(bits: usize) -> Vec<u8> {
    let kind = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    let algorithm = element(0x30, &[element(0x06, &kind), vec![5, 0]].concat());
    let key = [vec![0], Rsa::of(bits).0].concat();
    element(0x30, &[algorithm, element(0x03, &key)].concat())
}

fn element(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).expect("short").to_be_bytes();
    let head = match length {
        [0, short @ 0..=0x7f] => vec![tag, short],
        [0, short] => vec![tag, 0x81, short],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [head, value.to_vec()].concat()
}
