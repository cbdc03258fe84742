//! All 256 octets and all 65,536 samples against the tables as G.711 prints them, not against the
//! arithmetic above; and the ITU's own vectors.

use super::*;

/// One segment as G.711 prints it: decision value it ends at, steps in it.
type Segments = [(i32, i32); 8];

/// G.711 table 2a, column 1: µ-law decision values at segment ends, 14 bit. The first step of the first
/// segment is half as long as its others.
const MU_ENDS: [i32; 8] = [31, 95, 223, 479, 991, 2015, 4063, 8159];

/// G.711 table 1a, column 1: A-law decision values at segment ends, 13 bit, and steps in each segment.
const A_ENDS: Segments = [
    (64, 32),
    (128, 16),
    (256, 16),
    (512, 16),
    (1024, 16),
    (2048, 16),
    (4096, 16),
    (0, 0),
];

/// Lower decision value and output of each of the 128 µ-law intervals of one sign, smallest first.
fn mu_intervals() -> Vec<(i32, i32)> {
    let mut intervals = vec![(0, 0)];
    let mut start = 1;
    let mut step = 2;
    for end in MU_ENDS {
        while start < end {
            intervals.push((start, start + step / 2));
            start += step;
        }
        assert_eq!(start, end);
        step *= 2;
    }
    assert_eq!(intervals.len(), 128);
    intervals
}

/// The same of A-law.
fn a_intervals() -> Vec<(i32, i32)> {
    let mut intervals = Vec::new();
    let mut start = 0;
    for (end, steps) in A_ENDS {
        if steps == 0 {
            break;
        }
        let step = (end - start) / steps;
        for n in 0..steps {
            intervals.push((start + n * step, start + n * step + step / 2));
        }
        start = end;
    }
    assert_eq!(intervals.len(), 128);
    intervals
}

/// Magnitude and sign as the tool library cuts them.
fn cut(sample: i16, bits: u32) -> (i32, bool) {
    let magnitude = if sample < 0 { !sample } else { sample };
    (i32::from(magnitude) >> bits, sample < 0)
}

fn interval(intervals: &[(i32, i32)], magnitude: i32) -> usize {
    intervals.partition_point(|&(start, _)| start <= magnitude) - 1
}

#[test]
fn mu_law_codes_every_sample_as_table_2a_prints_it() {
    let intervals = mu_intervals();
    for sample in i16::MIN..=i16::MAX {
        let (magnitude, negative) = cut(sample, 2);
        let number = interval(&intervals, magnitude);
        let want = (if negative { 0x7F } else { 0xFF }) - number as u8;
        let mut got = [0];
        mu_compress(&[sample], &mut got);
        assert_eq!(got[0], want, "sample {sample}");
    }
}

#[test]
fn a_law_codes_every_sample_as_table_1a_prints_it() {
    let intervals = a_intervals();
    for sample in i16::MIN..=i16::MAX {
        let (magnitude, negative) = cut(sample, 3);
        let number = interval(&intervals, magnitude);
        let want = (number as u8 | if negative { 0 } else { 0x80 }) ^ 0x55;
        let mut got = [0];
        a_compress(&[sample], &mut got);
        assert_eq!(got[0], want, "sample {sample}");
    }
}

#[test]
fn every_octet_becomes_the_output_value_of_its_interval() {
    for octet in 0..=255_u8 {
        let mut got = [0];
        mu_expand(&[octet], &mut got);
        let (_, output) = mu_intervals()[usize::from(!octet & 0x7F)];
        let sign = if octet & 0x80 == 0 { -1 } else { 1 };
        assert_eq!(i32::from(got[0]), sign * output * 4, "µ-law {octet:#x}");
        a_expand(&[octet], &mut got);
        let (_, output) = a_intervals()[usize::from((octet ^ 0x55) & 0x7F)];
        assert_eq!(i32::from(got[0]), sign * output * 8, "A-law {octet:#x}");
    }
}

#[test]
fn every_octet_but_negative_zero_survives_the_round_trip() {
    for octet in 0..=255_u8 {
        let (mut pcm, mut back) = ([0], [0]);
        a_expand(&[octet], &mut pcm);
        a_compress(&pcm, &mut back);
        assert_eq!(back[0], octet, "A-law");
        mu_expand(&[octet], &mut pcm);
        mu_compress(&pcm, &mut back);
        assert_eq!(back[0], if octet == 0x7F { 0xFF } else { octet }, "µ-law");
    }
}

/// 16 bit words of a vector file, little-endian.
fn words(name: &str) -> Option<Vec<i16>> {
    let folder = std::env::var_os("OFFHOOK_VECTORS").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        std::path::PathBuf::from,
    );
    let path = folder.join("itu-g711").join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(
            bytes
                .chunks_exact(2)
                .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
                .collect(),
        ),
        Err(error) => {
            eprintln!(
                "SKIPPED: no vector {}: {error}; set OFFHOOK_VECTORS",
                path.display()
            );
            None
        }
    }
}

#[test]
fn the_vectors_of_the_itu_agree_in_both_directions() {
    let all = [
        "sweep.src",
        "sweep-r.u",
        "sweep-r.reu",
        "sweep-r.a",
        "sweep-r.rea",
    ]
    .map(words);
    let [Some(source), Some(u), Some(reu), Some(a), Some(rea)] = all else {
        return;
    };
    assert_eq!(source.len(), 65536);
    let mut octets = vec![0; source.len()];
    let mut pcm = vec![0; source.len()];
    mu_compress(&source, &mut octets);
    assert!(
        octets
            .iter()
            .zip(&u)
            .all(|(&got, &want)| i16::from(got) == want)
    );
    mu_expand(&octets, &mut pcm);
    assert_eq!(pcm, reu);
    a_compress(&source, &mut octets);
    assert!(
        octets
            .iter()
            .zip(&a)
            .all(|(&got, &want)| i16::from(got) == want)
    );
    a_expand(&octets, &mut pcm);
    assert_eq!(pcm, rea);
}
