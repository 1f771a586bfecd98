//! The rows of `docs/REQUIREMENTS.md` and the comments that name them agree.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const TABLE: &str = "docs/REQUIREMENTS.md";

/// A file by its path below the root of the repository.
struct File {
    path: String,
    text: String,
}

/// Reads every file that may name a row, except the table.
fn files(folder: &Path, below: &str, found: &mut Vec<File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{below}{name}");
        if entry.file_type().unwrap().is_dir() {
            if !matches!(&*name, "target" | "node_modules") && !name.starts_with('.') {
                files(&entry.path(), &format!("{path}/"), found);
            }
        } else if path != TABLE
            && (name == "run" || [".rs", ".md", ".toml", "js"].iter().any(|end| name.ends_with(end)))
        {
            found.push(File { path, text: fs::read_to_string(entry.path()).unwrap() });
        }
    }
}

impl File {
    /// The rows that the file names: in the comments of Rust code, anywhere in other files.
    fn rows(&self) -> BTreeSet<usize> {
        if !self.path.ends_with(".rs") {
            return rows_in(&self.text);
        }
        let comments = self.text.lines().map(|line| line.trim_start().strip_prefix("//").unwrap_or("\n"));
        let blocks = comments.map(|line| line.trim_start_matches(['/', '!'])).collect::<String>();
        blocks.lines().flat_map(rows_in).collect()
    }

    /// The rows that its tests name: those of a file of tests, or those behind the head of a module of tests.
    fn tested_rows(&self) -> BTreeSet<usize> {
        let is_tests = |name| matches!(name, "tests" | "tests.rs" | "testing");
        if self.path.split('/').any(is_tests) {
            return self.rows();
        }
        let tests = self.text.split_once("#[cfg(test)]\nmod tests {").map_or("", |(_, tests)| tests);
        File { path: self.path.clone(), text: tests.to_owned() }.rows()
    }
}

/// The numbers in phrases such as "row 48", "rows 5, 6 and 9" and "rows 44 to 47".
fn rows_in(text: &str) -> BTreeSet<usize> {
    let number = |word: &str| word.trim_end_matches(|end: char| !end.is_ascii_digit()).parse::<usize>().ok();
    let mut words = text.split_whitespace();
    let mut rows = BTreeSet::new();
    while let Some(word) = words.next() {
        if !matches!(word.trim_start_matches(['(', '`', '"']), "row" | "Row" | "rows" | "Rows") {
            continue;
        }
        let mut first = None;
        for word in words.clone() {
            match (word, number(word)) {
                ("and", _) => first = None,
                ("to", _) => first = rows.last().copied(),
                (_, Some(row)) => {
                    rows.extend(first.take().unwrap_or(row)..=row);
                    if !(word.ends_with(',') || word.ends_with(|end: char| end.is_ascii_digit())) {
                        break;
                    }
                }
                _ => break,
            }
        }
    }
    rows
}

/// The differences between the table and the files.
fn differences(table: &str, files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    let mut proofs = BTreeMap::new();
    for line in table.lines() {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let Some(row) = cells[0].parse::<usize>().ok() else { continue };
        if cells.len() != 5 || row != proofs.len() + 1 {
            found.push(format!("row {row} has {} cells and place {}", cells.len(), proofs.len() + 1));
        }
        proofs.insert(row, *cells.last().unwrap());
    }
    let named: Vec<_> = files.iter().map(|file| (file, file.rows(), file.tested_rows())).collect();
    for (file, rows, _) in &named {
        let missing = rows.iter().filter(|row| !proofs.contains_key(row));
        found.extend(missing.map(|row| format!("{} names row {row}, which does not exist", file.path)));
        let is_open = |row: &&usize| proofs.get(row).is_some_and(|proof| proof.starts_with("open: "));
        let claimed = rows.iter().filter(|_| file.path.ends_with(".rs")).filter(is_open);
        found.extend(claimed.map(|row| format!("{} claims row {row}, which is open", file.path)));
    }
    for (row, proof) in proofs {
        let proven = proof.split("open: ").next().unwrap();
        let tests: Vec<_> = proven.split('`').skip(1).step_by(2).collect();
        if tests.is_empty() && !proof.starts_with("open: ") {
            found.push(format!("row {row} is neither open nor proven"));
        }
        for test in tests {
            if !named.iter().any(|(file, _, tested)| file.path == test && tested.contains(&row)) {
                found.push(format!("row {row} is proven by {test}, where no test names it"));
            }
        }
    }
    found
}

#[test]
fn every_row_has_the_tests_that_the_table_names() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut found = Vec::new();
    files(root, "", &mut found);
    let differences = differences(&fs::read_to_string(root.join(TABLE)).unwrap(), &found);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn wrong_rows_are_found() {
    let table = |first: &str, second: &str| {
        format!("| # | a |\n| 1 | a | b | c | {first} |\n| 2 | a | b | c | {second} |")
    };
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let tests = [file("tests/a.rs", "/// Row 1.\nfn test() {}"), file("README.md", "rows 1\nand 2")];
    let check = |table: String, files: &[File]| differences(&table, files).join("; ");

    let good = || table("`tests/a.rs`; open: the rest", "open: not built yet");
    assert_eq!(check(good(), &tests), "");
    assert_eq!(check(good(), &[]), "row 1 is proven by tests/a.rs, where no test names it");
    let untested = file("src/a.rs", "/// Row 1.\nfn row() {}\n#[cfg(test)]\nmod tests {\n}");
    assert_eq!(
        check(table("`src/a.rs`", "open: no"), &[untested]),
        "row 1 is proven by src/a.rs, where no test names it"
    );
    let unknown = [file("tests/a.rs", "/// Row 1.\n"), file("b.toml", "# rows 1, 2 and 4\n")];
    assert_eq!(check(good(), &unknown), "b.toml names row 4, which does not exist");
    let claimed = [file("tests/a.rs", "//! Rows 1\n//! to 2: both.\n")];
    assert_eq!(check(good(), &claimed), "tests/a.rs claims row 2, which is open");
    assert_eq!(check(table("", "open: no"), &[]), "row 1 is neither open nor proven");
    assert_eq!(check(good().replace("| 2 |", "| 3 |"), &tests[..1]), "row 3 has 5 cells and place 2");
}

#[test]
fn rows_are_read_from_sentences() {
    for (text, rows) in [
        ("Row 48: a sentence of 3 words, and 5 more", &[48][..]),
        ("as rows 5, 6 and 9, without 7", &[5, 6, 9]),
        ("(rows 44 to 47, 51, and 146) 7", &[44, 45, 46, 47, 51, 146]),
        ("`row 36` is enough; rows 2 and 3. 4 is not", &[2, 3, 36]),
        ("the row of 12, rows", &[]),
    ] {
        assert_eq!(rows_in(text).into_iter().collect::<Vec<_>>(), rows, "{text}");
    }
}
