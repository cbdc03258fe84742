//! Arithmetic of GSM 06.10: 16 bit words that saturate. Source: ETSI EN 300 961 §5.1.

/// Product of two fractions, rounded.
#[inline]
pub(crate) fn multiply_rounded(a: i16, b: i16) -> i16 {
    let product = (i32::from(a) * i32::from(b) + 0x4000) >> 15;
    product.min(i32::from(i16::MAX)) as i16
}

/// Product of two fractions, rounded down.
#[inline]
pub(crate) fn multiply(a: i16, b: i16) -> i16 {
    let product = (i32::from(a) * i32::from(b)) >> 15;
    product.min(i32::from(i16::MAX)) as i16
}

/// Left shifts that bring a positive number to 2^30 or above.
#[inline]
pub(crate) fn norm(value: i32) -> u32 {
    value.leading_zeros().saturating_sub(1)
}

/// Quotient of two numbers as a fraction. Range: 0 ≤ `numerator` ≤ `denominator`.
#[inline]
pub(crate) fn divide(numerator: i16, denominator: i16) -> i16 {
    if numerator == denominator {
        return i16::MAX;
    }
    ((i32::from(numerator) << 15) / i32::from(denominator).max(1)) as i16
}
