//! Just enough of ELF to see a section and a symbol without running anything.
//!
//! Source: System V ABI, chapters 4 and 5, 64-bit little-endian. Every offset is checked; a file may
//! claim anything.

use std::ops::Range;

/// What a library shows of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// `e_machine`.
    pub machine: u16,
    /// Where the wanted section's bytes are in the file.
    pub section: Option<Range<usize>>,
    /// Whether the wanted symbol is defined in the dynamic symbol table.
    pub symbol: bool,
}

/// Why a file is not a library that can be looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotElf {
    /// It does not start as ELF does.
    Magic,
    /// 32-bit or big-endian.
    Class,
    /// An object file or program, not a shared library.
    Type,
    /// It ends before what it announces.
    Short,
}

/// Most sections looked at.
const MOST_SECTIONS: usize = 4096;
/// `e_type` of a shared library.
const DYNAMIC: u16 = 3;
/// `sh_type` of the dynamic symbol table.
const DYNAMIC_SYMBOLS: u32 = 11;
/// `sh_type` of a section without bytes in the file.
const NO_BITS: u32 = 8;
/// `p_type` of a segment that is loaded.
const LOADED: u32 = 1;
/// Unit: bytes.
const PAGE: usize = 4096;
/// Unit: bytes.
const HEADER: usize = 64;
/// Unit: bytes.
const SYMBOL: usize = 24;

/// One section header, as far as it is used.
#[derive(Clone, Copy)]
struct Section {
    name: usize,
    kind: u32,
    start: usize,
    length: usize,
    link: usize,
}

/// So many bytes show what a file is. Unit: bytes.
pub(crate) const HEAD: usize = HEADER;

/// Whether a file that starts so is a shared library of 64 bits.
pub(crate) fn is_library(file: &[u8]) -> Result<(), NotElf> {
    if file.get(..4) != Some(b"\x7fELF") {
        return Err(NotElf::Magic);
    }
    if file.get(4..6) != Some(&[2, 1]) {
        return Err(NotElf::Class);
    }
    if half(file, 16).ok_or(NotElf::Short)? != DYNAMIC {
        return Err(NotElf::Type);
    }
    Ok(())
}

/// Looks for one section and one dynamic symbol.
pub fn look(file: &[u8], section: &str, symbol: &str) -> Result<Shown, NotElf> {
    is_library(file)?;
    let machine = half(file, 18).ok_or(NotElf::Short)?;
    let sections = sections(file).ok_or(NotElf::Short)?;
    let names = half(file, 62)
        .and_then(|index| sections.get(usize::from(index)))
        .and_then(|names| bytes(file, names))
        .ok_or(NotElf::Short)?;
    let found = sections
        .iter()
        .find(|s| text(names, s.name) == Some(section.as_bytes()));
    Ok(Shown {
        machine,
        section: match found {
            Some(found) => {
                bytes(file, found).ok_or(NotElf::Short)?;
                Some(found.start..found.start + found.length)
            }
            None => None,
        },
        symbol: defines(file, &sections, symbol).unwrap_or(false),
    })
}

/// Names of the dynamic symbols that a library needs from elsewhere, sorted.
pub fn undefined(file: &[u8]) -> Vec<String> {
    let names = || {
        let sections = sections(file)?;
        let table = sections.iter().find(|s| s.kind == DYNAMIC_SYMBOLS)?;
        let names = bytes(file, sections.get(table.link)?)?;
        let symbols = bytes(file, table)?.chunks_exact(SYMBOL);
        let needed = symbols.filter(|entry| half(entry, 6) == Some(0));
        let needed = needed.filter_map(|entry| text(names, word(entry, 0)? as usize));
        let needed = needed.filter(|name| !name.is_empty());
        Some(
            needed
                .map(|name| String::from_utf8_lossy(name).into_owned())
                .collect::<Vec<_>>(),
        )
    };
    let mut names = names().unwrap_or_default();
    names.sort_unstable();
    names.dedup();
    names
}

/// `None` when the table does not lie in the file.
fn sections(file: &[u8]) -> Option<Vec<Section>> {
    let table = size(file, 40)?;
    let each = usize::from(half(file, 58)?);
    let count = usize::from(half(file, 60)?);
    if each < HEADER || count > MOST_SECTIONS {
        return None;
    }
    (0..count)
        .map(|n| {
            let at = table.checked_add(n.checked_mul(each)?)?;
            Some(Section {
                name: word(file, at)? as usize,
                kind: word(file, at.checked_add(4)?)?,
                start: size(file, at.checked_add(24)?)?,
                length: size(file, at.checked_add(32)?)?,
                link: word(file, at.checked_add(40)?)? as usize,
            })
        })
        .collect()
}

/// Whether a dynamic symbol of this name has an address in this file.
fn defines(file: &[u8], sections: &[Section], symbol: &str) -> Option<bool> {
    let table = sections.iter().find(|s| s.kind == DYNAMIC_SYMBOLS)?;
    let names = bytes(file, sections.get(table.link)?)?;
    let symbols = bytes(file, table)?.chunks_exact(SYMBOL);
    Some(symbols.into_iter().any(|entry| {
        let name = word(entry, 0).and_then(|at| text(names, at as usize));
        name == Some(symbol.as_bytes()) && half(entry, 6) != Some(0)
    }))
}

/// Memory that the library's segments take once it is loaded, in whole pages; 0 for what is no library.
/// Unit: bytes.
pub fn loaded_bytes(file: &[u8]) -> u64 {
    let segments = || {
        let table = size(file, 32)?;
        let (each, count) = (half(file, 54)?, half(file, 56)?);
        let start = move |n: u16| table.checked_add(usize::from(n) * usize::from(each));
        Some((0..count).filter_map(move |n| segment(file, start(n)?)))
    };
    segments().map_or(0, Iterator::sum)
}

/// Pages of one segment, if it is loaded. Unit: bytes.
fn segment(file: &[u8], at: usize) -> Option<u64> {
    if word(file, at)? != LOADED {
        return None;
    }
    let start = size(file, at.checked_add(16)?)?;
    let end = start.checked_add(size(file, at.checked_add(40)?)?)?;
    let pages = end.div_ceil(PAGE) - start / PAGE;
    Some(pages as u64 * PAGE as u64)
}

fn bytes<'a>(file: &'a [u8], section: &Section) -> Option<&'a [u8]> {
    if section.kind == NO_BITS {
        return None;
    }
    file.get(section.start..section.start.checked_add(section.length)?)
}

/// Up to the terminating zero.
fn text(names: &[u8], at: usize) -> Option<&[u8]> {
    names.get(at..)?.split(|&b| b == 0).next()
}

fn half(file: &[u8], at: usize) -> Option<u16> {
    file.get(at..)?
        .first_chunk()
        .map(|b| u16::from_le_bytes(*b))
}

fn word(file: &[u8], at: usize) -> Option<u32> {
    file.get(at..)?
        .first_chunk()
        .map(|b| u32::from_le_bytes(*b))
}

fn size(file: &[u8], at: usize) -> Option<usize> {
    let number = file
        .get(at..)?
        .first_chunk()
        .map(|b| u64::from_le_bytes(*b))?;
    usize::try_from(number).ok()
}

/// Name of an `e_machine`, for people.
pub fn machine_name(machine: u16) -> String {
    match machine {
        3 => "x86".into(),
        40 => "arm".into(),
        62 => "x86_64".into(),
        183 => "aarch64".into(),
        243 => "riscv64".into(),
        other => format!("machine {other}"),
    }
}
