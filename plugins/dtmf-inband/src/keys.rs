//! Keys and their two frequencies. Source: ITU-T Q.23.

/// Of the rows. Unit: Hz.
pub const ROWS: [u32; 4] = [697, 770, 852, 941];
/// Of the columns. Unit: Hz.
pub const COLUMNS: [u32; 4] = [1_209, 1_336, 1_477, 1_633];
/// Keys, row by row.
const KEYS: [[char; 4]; 4] = [
    ['1', '2', '3', 'A'],
    ['4', '5', '6', 'B'],
    ['7', '8', '9', 'C'],
    ['*', '0', '#', 'D'],
];

/// The key at a row and column. Range: 0 to 3 each.
pub(crate) const fn at(row: usize, column: usize) -> char {
    KEYS[row][column]
}

/// The lower and the higher frequency of `key`; `None` for what is on no keypad. Unit: Hz.
pub fn frequencies(key: char) -> Option<[u32; 2]> {
    KEYS.iter().zip(ROWS).find_map(|(keys, row)| {
        let column = keys.iter().position(|&k| k == key)?;
        Some([row, COLUMNS[column]])
    })
}
