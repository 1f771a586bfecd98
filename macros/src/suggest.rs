//! The nearest valid name for a misspelt one.

/// The candidate that `name` was probably meant to be, if any is near: the first of those with the fewest edits.
///
/// The rule: letter case is ignored; inserting, removing or replacing a letter, or swapping two neighbours, is one edit;
/// a candidate is near if it takes at most a third of the longer name's letters (rounded down) in edits, and one edit is
/// always allowed. The runtime's constant version follows the same rule.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = name.to_ascii_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (distance(&folded, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= tolerance(name, candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A third of the longer name, which is what rustc allows, but at least one edit.
fn tolerance(name: &str, candidate: &str) -> usize {
    (name.chars().count().max(candidate.chars().count()) / 3).max(1)
}

/// Edits between two names, where swapping two neighbours is one edit (the optimal string alignment distance).
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=to.len()).collect()];
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(a != b);
            let mut least = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `runtime/src/diagnostics/nearest.rs`: names, and whether the second is suggested for the first.
    const PAIRS: [(&str, &str, bool); 24] = [
        ("isuer", "issuer", true),
        ("admln", "admin", true),
        ("admin", "admin", true),
        ("Admin", "admin", true),
        ("ADMIN", "admin", true),
        ("NIMDA", "admin", false),
        ("amdin", "admin", true),
        ("admni", "admin", true),
        ("owner", "admin", false),
        ("op", "ops", true),
        ("go", "do", true),
        ("go", "at", false),
        ("ab", "ba", true),
        ("abc", "cab", false),
        ("editor", "auditor", true),
        ("edit", "auditor", false),
        ("suport_laed", "support-lead", true),
        ("sport_laed", "support-leads", false),
        ("muller", "müller", true),
        ("üü", "uu", false),
        ("ÄB", "äb", true),
        ("ÄÖ", "äö", false),
        ("", "a", true),
        ("", "ab", false),
    ];

    #[test]
    fn a_name_is_suggested_as_the_runtime_suggests_it() {
        for (name, candidate, is_near) in PAIRS {
            assert_eq!(nearest(name, [candidate]), is_near.then_some(candidate), "{name} {candidate}");
        }
    }

    #[test]
    fn the_nearest_name_is_suggested() {
        let keys = ["issuer", "audience", "roles", "crate"];
        assert_eq!(nearest("isuer", keys), Some("issuer"));
        assert_eq!(nearest("crat", keys), Some("crate"));
        assert_eq!(nearest("Roles", keys), Some("roles"));
        assert_eq!(nearest("rolse", keys), Some("roles"));
    }

    #[test]
    fn nothing_is_suggested_when_nothing_is_near() {
        assert_eq!(nearest("lifetime", ["issuer", "roles"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
