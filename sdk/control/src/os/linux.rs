//! Linux tells a process about itself under `/proc/self`.

/// The user this process acts for (its effective user id). `None`: `/proc` is not there.
pub(crate) fn user_id() -> Option<u32> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_user_owns_what_it_makes() {
        use std::os::unix::fs::MetadataExt as _;
        let file = std::env::temp_dir().join(format!("offhook-uid-{}", std::process::id()));
        std::fs::write(&file, "").unwrap();
        let owner = std::fs::metadata(&file).unwrap().uid();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(super::user_id(), Some(owner));
    }
}
