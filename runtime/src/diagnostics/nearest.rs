//! The nearest name for a misspelt one, in constants.
//!
//! The rule is that of the macros (`macros/src/suggest.rs`), and both test the same table of names. They share no code, because a
//! constant has neither iterators nor `Vec`.

/// The longest name that is compared; longer ones are near to no other.
const LONGEST: usize = 64;

/// The candidate that `name` was probably meant to be, if any is near: the first of those with the fewest edits.
///
/// The case of ASCII letters is ignored. A candidate is near if the edits are at most a third of the letters of the longer name
/// (rounded down); one edit is always allowed.
pub(crate) const fn nearest<'a>(name: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let Some(name) = Letters::of(name) else { return None };
    let mut nearest = None;
    let mut fewest = usize::MAX;
    let mut index = 0;
    while index < candidates.len() {
        if let Some(candidate) = Letters::of(candidates[index]) {
            let longer = if name.count > candidate.count { name.count } else { candidate.count };
            let edits = distance(&name, &candidate);
            if edits < fewest && (edits <= 1 || edits <= longer / 3) {
                fewest = edits;
                nearest = Some(candidates[index]);
            }
        }
        index += 1;
    }
    nearest
}

/// The letters of a name as numbers, without their case.
struct Letters {
    numbers: [u32; LONGEST],
    count: usize,
}

impl Letters {
    /// `None` for a name that is too long.
    const fn of(name: &str) -> Option<Self> {
        let bytes = name.as_bytes();
        let mut letters = Self { numbers: [0; LONGEST], count: 0 };
        let mut index = 0;
        while index < bytes.len() {
            let byte = bytes[index].to_ascii_lowercase();
            // A letter outside ASCII is several bytes, of which all but the first begin with the bits 10. Put together they make a
            // number that no other letter has.
            if byte & 0b1100_0000 == 0b1000_0000 && letters.count > 0 {
                let last = letters.count - 1;
                letters.numbers[last] = letters.numbers[last] << 8 | byte as u32;
            } else if letters.count < LONGEST {
                letters.numbers[letters.count] = byte as u32;
                letters.count += 1;
            } else {
                return None;
            }
            index += 1;
        }
        Some(letters)
    }
}

/// The edits from one name to another: a letter inserted, removed or replaced, or two neighbours swapped.
///
/// This is the optimal string alignment distance. Row `i` and column `j` of its table hold the edits between the first `i` letters of
/// one name and the first `j` of the other. A cell depends on the two rows above it alone, so three rows are kept.
const fn distance(from: &Letters, to: &Letters) -> usize {
    let mut second_last = [0; LONGEST + 1];
    let mut last = [0; LONGEST + 1];
    let mut column = 0;
    while column <= to.count {
        last[column] = column;
        column += 1;
    }
    let mut line = 0;
    while line < from.count {
        let mut row = [0; LONGEST + 1];
        row[0] = line + 1;
        let mut column = 0;
        while column < to.count {
            let (one, other) = (from.numbers[line], to.numbers[column]);
            let replaced = last[column] + (one != other) as usize;
            let mut edits = least(replaced, least(last[column + 1], row[column]) + 1);
            let are_swapped =
                line > 0 && column > 0 && one == to.numbers[column - 1] && from.numbers[line - 1] == other;
            if are_swapped {
                edits = least(edits, second_last[column - 1] + 1);
            }
            row[column + 1] = edits;
            column += 1;
        }
        second_last = last;
        last = row;
        line += 1;
    }
    last[to.count]
}

const fn least(one: usize, other: usize) -> usize {
    if one < other { one } else { other }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `macros/src/suggest.rs`: names, and whether the second is suggested for the first.
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
    fn a_name_is_suggested_as_the_macros_suggest_it() {
        for (name, candidate, is_near) in PAIRS {
            assert_eq!(nearest(name, &[candidate]), is_near.then_some(candidate), "{name} {candidate}");
        }
    }

    #[test]
    fn the_first_of_the_nearest_is_suggested() {
        assert_eq!(nearest("memebr", &["remember", "member", "membre"]), Some("member"));
        assert_eq!(nearest("cat", &["cut", "car"]), Some("cut"));
        assert_eq!(nearest("x", &[]), None);
    }

    #[test]
    fn a_long_name_is_near_to_none() {
        let (longest, longer) = ("x".repeat(LONGEST), "x".repeat(LONGEST + 1));
        assert_eq!(nearest(&longest, &["y", &longest]), Some(&*longest));
        assert_eq!(nearest(&longer, &[&longer]), None);
        assert_eq!(nearest(&longest, &[&longer]), None);
    }
}
