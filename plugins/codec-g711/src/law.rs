//! One sample to one octet and back, by table. Source: ITU-T G.711 (11/88), tables 1a to 2b.
//!
//! µ-law is defined on 14 bits and A-law on 13, both signed; a 16 bit sample is cut to that by leaving
//! out its lowest bits, after the bitwise complement where it is negative, as the ITU-T Software Tool
//! Library does.

/// µ-law. `octets` is as long as `pcm`; what is longer on either side is left alone.
#[inline]
pub fn mu_compress(pcm: &[i16], octets: &mut [u8]) {
    for (octet, &sample) in octets.iter_mut().zip(pcm) {
        *octet = MU_OCTETS[usize::from((sample as u16) >> 2)];
    }
}

/// A-law. `octets` is as long as `pcm`; what is longer on either side is left alone.
#[inline]
pub fn a_compress(pcm: &[i16], octets: &mut [u8]) {
    for (octet, &sample) in octets.iter_mut().zip(pcm) {
        *octet = A_OCTETS[usize::from((sample as u16) >> 4)];
    }
}

/// µ-law back to 16 bit.
#[inline]
pub fn mu_expand(octets: &[u8], pcm: &mut [i16]) {
    for (sample, &octet) in pcm.iter_mut().zip(octets) {
        *sample = MU_SAMPLES[usize::from(octet)];
    }
}

/// A-law back to 16 bit.
#[inline]
pub fn a_expand(octets: &[u8], pcm: &mut [i16]) {
    for (sample, &octet) in pcm.iter_mut().zip(octets) {
        *sample = A_SAMPLES[usize::from(octet)];
    }
}

/// By the sample's upper 14 bits as an unsigned number.
static MU_OCTETS: [u8; 1 << 14] = {
    let mut table = [0; 1 << 14];
    let mut index = 0;
    while index < table.len() {
        table[index] = mu_octet(((index << 2) as u16) as i16);
        index += 1;
    }
    table
};

/// By the sample's upper 12 bits as an unsigned number: the 13th is never looked at, because the
/// smallest step of A-law is two of its units.
static A_OCTETS: [u8; 1 << 12] = {
    let mut table = [0; 1 << 12];
    let mut index = 0;
    while index < table.len() {
        table[index] = a_octet(((index << 4) as u16) as i16);
        index += 1;
    }
    table
};

static MU_SAMPLES: [i16; 256] = {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        table[octet] = mu_sample(octet as u8);
        octet += 1;
    }
    table
};

static A_SAMPLES: [i16; 256] = {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        table[octet] = a_sample(octet as u8);
        octet += 1;
    }
    table
};

/// Distance of the µ-law curve from zero, in its 14 bit units.
const MU_BIAS: u16 = 33;

const fn mu_octet(sample: i16) -> u8 {
    let negative = sample < 0;
    let magnitude = ((if negative { !sample } else { sample }) as u16 >> 2) + MU_BIAS;
    let magnitude = if magnitude > 0x1FFF {
        0x1FFF
    } else {
        magnitude
    };
    // Segment 0 holds 33 to 63, each further one twice as much.
    let segment = 10 - magnitude.leading_zeros() as u16;
    let step = (magnitude >> (segment + 1)) & 0x0F;
    let octet = !((segment << 4 | step) as u8);
    if negative { octet & 0x7F } else { octet }
}

const fn mu_sample(octet: u8) -> i16 {
    let code = !octet;
    let segment = (code >> 4) & 7;
    let step = (code & 0x0F) as i16;
    let magnitude = ((2 * step + 33) << segment) - MU_BIAS as i16;
    if code & 0x80 == 0 {
        magnitude << 2
    } else {
        -(magnitude << 2)
    }
}

/// Every other bit is turned over on the line. Source: G.711 table 1a, note 2.
const A_EVEN_BITS: u8 = 0x55;

const fn a_octet(sample: i16) -> u8 {
    let negative = sample < 0;
    let magnitude = (if negative { !sample } else { sample }) as u16 >> 4;
    let code = if magnitude < 32 {
        magnitude
    } else {
        // Segments 0 and 1 share a step; each further one has twice the step.
        let segment = 12 - magnitude.leading_zeros() as u16;
        (segment << 4) | ((magnitude >> (segment - 1)) & 0x0F)
    };
    (code as u8 | if negative { 0 } else { 0x80 }) ^ A_EVEN_BITS
}

const fn a_sample(octet: u8) -> i16 {
    let code = octet ^ A_EVEN_BITS;
    let segment = (code >> 4) & 7;
    let step = (code & 0x0F) as i16;
    let magnitude = if segment == 0 {
        (step << 4) + 8
    } else {
        ((step + 16) << (segment + 3)) + (8 << (segment - 1))
    };
    if code & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }
}

#[cfg(test)]
mod tests;
