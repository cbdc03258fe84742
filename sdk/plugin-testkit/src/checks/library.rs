//! The file, its manifest, its entry and its tables.

use crate::subject::{Held, Subject, must, skip};
use plugin_host::Kind;

pub(crate) fn readable(subject: &Subject) -> Held {
    subject.manifest().map(|_| ())
}

pub(crate) fn loads(subject: &Subject) -> Held {
    subject.entry().map(|_| ())
}

pub(crate) fn named(subject: &Subject) -> Held {
    let m = subject.manifest()?;
    let small =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'_');
    must!(m.id.len() <= 64 && m.id.bytes().all(small), "id {:?}", m.id);
    must!(!m.name.trim().is_empty(), "its name is empty");
    let parts: Vec<&str> = m
        .version
        .split(['-', '+'])
        .next()
        .unwrap_or("")
        .split('.')
        .collect();
    let numbers = parts.iter().all(|part| part.parse::<u32>().is_ok());
    must!(
        numbers && (2..=3).contains(&parts.len()),
        "version {:?}",
        m.version
    );
    must!(!m.licence.trim().is_empty(), "it has no licence");
    Ok(())
}

pub(crate) fn kind_known(subject: &Subject) -> Held {
    let m = subject.manifest()?;
    let known = Kind::ALL.iter().any(|kind| kind.name() == m.kind);
    must!(known, "kind {:?} is unknown", m.kind);
    let table = format!("offhook.{}/1", m.kind);
    must!(
        m.tables.contains(&table),
        "tables {:?} without {table:?}",
        m.tables
    );
    Ok(())
}

pub(crate) fn config(subject: &Subject) -> Held {
    let m = subject.manifest()?;
    if m.config.is_null() {
        return skip("it has no options");
    }
    // Types, ranges and defaults are the loader's to refuse.
    for (name, rule) in m.schema()?.rules() {
        must!(!rule.help.is_empty(), "{name}: no help");
    }
    Ok(())
}

pub(crate) fn permissions(subject: &Subject) -> Held {
    let unknown = plugin_host::away::unknown_permissions(&subject.manifest()?.permissions);
    must!(unknown.is_empty(), "{}", unknown.join("; "));
    Ok(())
}

pub(crate) fn same_manifest(subject: &Subject) -> Held {
    let entry = subject.entry()?;
    let theirs = plugin_host::Manifest::parse(entry.manifest.as_bytes())?;
    must!(theirs == subject.manifest()?, "the two manifests differ");
    Ok(())
}

pub(crate) fn same_words(subject: &Subject) -> Held {
    let (m, e) = (subject.manifest()?, subject.entry()?);
    for (what, one, other) in [
        ("name", &m.name, &e.name),
        ("version", &m.version, &e.version),
        ("licence", &m.licence, &e.licence),
        ("vendor", &m.vendor, &e.vendor),
    ] {
        must!(
            one == other,
            "{what}: the manifest says {one:?}, the entry {other:?}"
        );
    }
    Ok(())
}

pub(crate) fn layout(subject: &Subject) -> Held {
    let raw = subject.raw()?;
    must!(raw.reserved == 0, "reserved is {}", raw.reserved);
    let (major, minor) = (raw.abi_major, raw.abi_minor);
    let says = format!("{major}.{minor}");
    let abi = subject.manifest()?.abi;
    must!(says == abi, "the entry is of {says}, the manifest of {abi}");
    Ok(())
}

pub(crate) fn unknown_table(subject: &Subject) -> Held {
    let kind = subject.manifest()?.kind;
    let mine = format!("offhook.{kind}/1");
    let later = format!("offhook.{kind}/2");
    for id in [
        "",
        "offhook.",
        "offhook.unheard-of/1",
        &later,
        mine.get(..mine.len() - 1).unwrap_or(""),
    ] {
        must!(subject.table(id)?.is_null(), "answers a table to {id:?}");
    }
    Ok(())
}

pub(crate) fn same_table(subject: &Subject) -> Held {
    let id = format!("offhook.{}/1", subject.manifest()?.kind);
    let first = subject.table(&id)?;
    must!(!first.is_null(), "there is no table {id}");
    must!(subject.table(&id)? == first, "table {id} has moved");
    Ok(())
}

pub(crate) fn whole_table(subject: &Subject) -> Held {
    let entry = subject.started()?;
    let kind = subject.manifest()?.kind;
    let there = match kind.as_str() {
        "codec" => entry.codec()?.is_some(),
        "audio" => entry.audio()?.is_some(),
        "dtmf" => entry.dtmf()?.is_some(),
        "recorder" => entry.recorder()?.is_some(),
        "filter" => entry.filter()?.is_some(),
        "nat" => entry.nat()?.is_some(),
        "security" => entry.security()?.is_some(),
        "ui" => entry.ui()?.is_some(),
        "directory" => entry.directory()?.is_some(),
        "tone" => entry.tone()?.is_some(),
        _ => return skip("its kind is unknown"),
    };
    must!(
        there,
        "it says it is of kind {kind:?} and has no table of it"
    );
    Ok(())
}

/// A struct cut short, and canaries behind it.
pub(crate) fn older_host(subject: &Subject) -> Held {
    subject.started()?;
    let kind = subject.manifest()?.kind;
    let table = subject.table(&format!("offhook.{kind}/1"))?;
    let mut room = [0xA5A5_A5A5_A5A5_A5A5_u64; 64];
    let shorter: u32 = if kind == "codec" { 48 } else { 8 };
    let at = room.as_mut_ptr();
    // SAFETY: the table was checked by `whole_table`'s rules when it was started; the room is larger than
    // every release of the struct, and its first field says how much of it may be written.
    let status = unsafe {
        at.cast::<u32>().write(shorter);
        match kind.as_str() {
            "codec" => (*table.cast::<plugin_abi::CodecTable>())
                .describe
                .map(|describe| describe(0, at.cast())),
            _ => (*table.cast::<plugin_abi::DtmfTable>())
                .describe
                .map(|describe| describe(at.cast())),
        }
    };
    let status = status.ok_or("describe is null".to_owned())?;
    let beyond = room.get(shorter as usize / 8..).unwrap_or_default();
    let clean = beyond.iter().all(|&word| word == 0xA5A5_A5A5_A5A5_A5A5);
    must!(
        clean,
        "describe() wrote beyond the {shorter} B that out->size says ({})",
        status.0
    );
    Ok(())
}
