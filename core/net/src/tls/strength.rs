//! Whether a key is long enough to prove anything.

use rustls::pki_types::SubjectPublicKeyInfoDer;

/// Shortest RSA key that is taken. Unit: bit. Source: NIST SP 800-131A, CA/Browser Forum Baseline Requirements 6.1.5.
pub(super) const RSA_BITS: usize = 2048;

/// rsaEncryption, 1.2.840.113549.1.1.1. Source: RFC 8017 appendix A.1.
const RSA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OBJECT_ID: u8 = 0x06;
const BIT_STRING: u8 = 0x03;

/// Length of an RSA key; `None` for keys of other kinds, which are all long enough, and for what is no key.
pub(super) fn rsa_bits(key: &SubjectPublicKeyInfoDer<'_>) -> Option<usize> {
    let (info, _) = value(SEQUENCE, key.as_ref())?;
    let (algorithm, rest) = value(SEQUENCE, info)?;
    let (kind, _) = value(OBJECT_ID, algorithm)?;
    if kind != RSA {
        return None;
    }
    let (bits, _) = value(BIT_STRING, rest)?;
    let (numbers, _) = value(SEQUENCE, bits.strip_prefix(&[0])?)?;
    let (modulus, _) = value(INTEGER, numbers)?;
    let first = modulus.iter().position(|byte| *byte != 0)?;
    let leading = modulus[first].leading_zeros() as usize;
    Some(8 * (modulus.len() - first) - leading)
}

/// The value of the DER element of kind `tag` that `bytes` begin with, and what follows it. Source: X.690 §8.1.
fn value(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (&short, rest) = rest.split_first()?;
    let (length, rest) = match short {
        0..=0x7f => (usize::from(short), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
            let length = digits
                .iter()
                .fold(0, |sum, digit| sum << 8 | usize::from(*digit));
            (length, rest)
        }
        _ => return None,
    };
    (first == tag).then(|| rest.split_at_checked(length))?
}
