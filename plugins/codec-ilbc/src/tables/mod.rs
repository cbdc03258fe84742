//! The numbers of RFC 3951, exactly as appendix A.8 prints them: decimals of six digits.

pub(crate) mod spectra;
pub(crate) mod windows;

/// Decimals of six digits as the nearest floats.
pub(crate) const fn millionths<const N: usize>(digits: &[i32; N]) -> [f32; N] {
    let mut floats = [0.0; N];
    let mut n = 0;
    while n < N {
        floats[n] = (digits[n] as f64 / 1e6) as f32;
        n += 1;
    }
    floats
}

/// Mean line spectral frequencies, where every stream starts. Unit: radians.
pub(crate) const MEAN: [f32; 10] = millionths(&[
    281738, 445801, 663330, 962524, 1251831, 1533081, 1850586, 2137817, 2481445, 2777344,
]);

/// Samples of the start state in 3 bits.
pub(crate) static STATE_LEVELS: [f32; 8] = millionths(&[
    -3719849, -2177490, -1130005, -309692, 444214, 1329712, 2436279, 3983887,
]);

/// Logarithms of the start state's largest sample in 6 bits.
pub(crate) static STATE_SCALES: [f32; 64] = millionths(&[
    1000085, 1071695, 1140395, 1206868, 1277188, 1351503, 1429380, 1500727, 1569049, 1639599,
    1707071, 1781531, 1840799, 1901550, 1956695, 2006750, 2055474, 2102787, 2142819, 2183592,
    2217962, 2257177, 2295739, 2332967, 2369248, 2402792, 2435080, 2468598, 2503394, 2539284,
    2572944, 2605036, 2636331, 2668939, 2698780, 2729101, 2759786, 2789834, 2818679, 2848074,
    2877470, 2906899, 2936655, 2967804, 3000115, 3033367, 3066355, 3104231, 3141499, 3183012,
    3222952, 3265433, 3308441, 3350823, 3395275, 3442793, 3490801, 3542514, 3604064, 3666050,
    3740994, 3830749, 3938770, 4101764,
]);

/// The filter that makes the second half of the codebook.
pub(crate) static CODEBOOK_FILTER: [f32; 8] = millionths(&[
    -34180, 108887, -184326, 806152, 713379, -144043, 83740, -33691,
]);

/// Gains of the third stage, the second, and the first.
pub(crate) static GAINS_8: [f32; 8] = millionths(&[
    -1000000, -659973, -330017, 0, 250000, 500000, 750000, 1000000,
]);
pub(crate) static GAINS_16: [f32; 16] = millionths(&[
    -1049988, -900024, -750000, -599976, -450012, -299988, -150024, 0, 150024, 299988, 450012,
    599976, 750000, 900024, 1049988, 1200012,
]);
pub(crate) static GAINS_32: [f32; 32] = millionths(&[
    37476, 75012, 112488, 150024, 187500, 224976, 262512, 299988, 337524, 375000, 412476, 450012,
    487488, 525024, 562500, 599976, 637512, 674988, 712524, 750000, 787476, 825012, 862488, 900024,
    937500, 974976, 1012512, 1049988, 1087524, 1125000, 1162476, 1200012,
]);

/// Quarter-sample interpolation: four filters of seven taps.
pub(crate) static QUARTERS: [[f32; 7]; 4] = [
    millionths(&[0, 0, 0, 1000000, 0, 0, 0]),
    millionths(&[15625, -76904, 288330, 862061, -106445, 18799, -15625]),
    millionths(&[23682, -124268, 601563, 601563, -124268, 23682, -23682]),
    millionths(&[18799, -106445, 862061, 288330, -76904, 15625, -18799]),
];

/// Low-pass before every second sample is dropped.
pub(crate) static HALVING: [f32; 7] =
    millionths(&[-66650, 125000, 316650, 414063, 316650, 125000, -66650]);
