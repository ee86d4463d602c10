//! Patterns for paths: `*` and `?` within a directory, `**` across them.

/// Does the whole path fit?
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    fits(&pattern.split('/').collect::<Vec<_>>(), &path.split('/').collect::<Vec<_>>())
}

fn fits(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        // `drivers/**` is everything below, and not the name of a file of its own.
        (Some((&"**", [])), _) => !path.is_empty(),
        (Some((&"**", rest)), _) => (0..=path.len()).any(|skipped| fits(rest, &path[skipped..])),
        (Some((first, rest)), Some((name, below))) => fits_name(first.as_bytes(), name.as_bytes()) && fits(rest, below),
        _ => false,
    }
}

fn fits_name(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=name.len()).any(|skipped| fits_name(rest, &name[skipped..])),
        (Some((b'?', rest)), Some((_, below))) => fits_name(rest, below),
        (Some((first, rest)), Some((byte, below))) => first == byte && fits_name(rest, below),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stay_within_a_directory_and_double_ones_do_not() {
        for (pattern, path, fits) in [
            ("drivers/tee/*.c", "drivers/tee/tee_shm.c", true),
            ("drivers/*.c", "drivers/tee/tee_shm.c", false),
            ("drivers/**", "drivers/tee/tee_shm.c", true),
            ("drivers/**/tee_???.c", "drivers/tee/tee_shm.c", true),
            ("**/tee_shm.c", "tee_shm.c", true),
            ("drivers/**", "drivers", false),
            ("drivers", "drivers/tee/tee_shm.c", false),
            ("fs/direct-io.c", "fs/direct-io.c", true),
        ] {
            assert_eq!(matches(pattern, path), fits, "{pattern} {path}");
        }
    }
}
