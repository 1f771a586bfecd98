//! Which rooms this crate has, and what each may import: the only place that says the order.
//!
//! A room is a file or a folder beside this one. It imports rooms above it in the table, so no two can import each other.
//! Tests and links in doc comments may look anywhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Each room after those that it may import.
const ROOMS: &[(&str, &[&str])] = &[
    ("base64url", &[]),
    ("clock", &[]),
    ("dangerous", &[]),
    ("html", &[]),
    ("log", &[]),
    ("claims", &["log"]),
    ("access", &["claims"]),
    ("session", &["base64url", "clock", "log"]),
    ("token", &["base64url", "clock", "log", "claims", "session"]),
    ("store", &["clock", "session", "token"]),
    ("issuers", &["clock", "log", "claims", "access", "token"]),
    ("events", &["clock", "log", "access", "session"]),
    ("diagnostics", &["claims", "access"]),
    (
        "auth",
        &[
            "clock",
            "dangerous",
            "log",
            "claims",
            "access",
            "session",
            "store",
            "token",
            "issuers",
            "events",
            "diagnostics",
        ],
    ),
    ("rejection", &["html", "log", "claims", "access", "auth"]),
    (
        "extract",
        &["clock", "log", "claims", "access", "session", "events", "diagnostics", "auth", "rejection"],
    ),
    ("http", &["clock", "log", "claims", "access", "session", "auth", "rejection", "extract"]),
    ("layer", &["log", "claims", "access", "diagnostics", "auth", "rejection", "extract", "http"]),
    ("matrix", &["html", "claims", "access"]),
    ("openapi", &["log", "claims", "access", "issuers", "auth", "rejection", "extract", "http"]),
    ("scalar", &["html", "log", "openapi"]),
    (
        "router",
        &[
            "log",
            "claims",
            "access",
            "diagnostics",
            "auth",
            "rejection",
            "extract",
            "http",
            "layer",
            "matrix",
            "openapi",
            "scalar",
        ],
    ),
    (
        "testing",
        &[
            "clock", "claims", "access", "session", "store", "token", "issuers", "auth", "extract", "matrix",
            "openapi", "router",
        ],
    ),
    (
        "__private",
        &["claims", "access", "diagnostics", "auth", "rejection", "extract", "http", "openapi", "router"],
    ),
];

#[test]
fn imports_run_one_way() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(sources).unwrap() {
        let path = entry.unwrap().path();
        let room = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if matches!(room.as_str(), "lib" | "layers") {
            continue;
        }
        let row = ROOMS.iter().position(|(name, _)| *name == room);
        let row = row.unwrap_or_else(|| panic!("the room `{room}` is not in the table of src/layers.rs"));
        for file in files_of(path) {
            let text = fs::read_to_string(&file).unwrap();
            // Seen from here, such a path could lead anywhere.
            assert!(
                !text.contains("super::super::"),
                "{}: write `crate::`, see src/layers.rs",
                file.display()
            );
            for imported in imports(&text) {
                if imported == room || is_exported_macro(&imported) {
                    continue;
                }
                let allowed = ROOMS[row].1.contains(&imported.as_str());
                assert!(
                    allowed,
                    "{}: `{room}` may not import `{imported}`, see src/layers.rs",
                    file.display()
                );
                found.insert((room.clone(), imported));
            }
        }
    }
    for (row, (room, allowed)) in ROOMS.iter().enumerate() {
        for imported in *allowed {
            let is_above = ROOMS[..row].iter().any(|(name, _)| name == imported);
            assert!(is_above, "`{imported}` is not above `{room}` in the table");
            assert!(
                found.contains(&((*room).to_owned(), (*imported).to_owned())),
                "`{room}` does not import `{imported}`"
            );
        }
    }
}

/// Whether it is neither a room nor a type that lib.rs exports.
fn is_exported_macro(name: &str) -> bool {
    name.starts_with(|first: char| !first.is_uppercase()) && ROOMS.iter().all(|(room, _)| *room != name)
}

/// The Rust files of a room, without its tests.
fn files_of(path: PathBuf) -> Vec<PathBuf> {
    let name = path.file_stem().unwrap();
    if ["tests", "races", "exhaustive"].iter().any(|tests| name == *tests) {
        return Vec::new();
    }
    if path.is_dir() {
        return fs::read_dir(path).unwrap().flat_map(|entry| files_of(entry.unwrap().path())).collect();
    }
    Vec::from_iter((path.extension().is_some_and(|it| it == "rs")).then_some(path))
}

/// The rooms after `crate::` in a file, without those in comments, in exported macros and in the module of tests at its end.
fn imports(text: &str) -> Vec<String> {
    let mut attributes = String::new();
    let mut rooms = Vec::new();
    for line in text.lines() {
        match line {
            _ if line.starts_with("#[") => attributes.push_str(line),
            _ if line.starts_with("mod ") && attributes.contains("cfg(test)") && line.ends_with('{') => break,
            _ => attributes.clear(),
        }
        let code = if line.trim_start().starts_with("//") { "" } else { line };
        let after = code.match_indices("crate::").filter(|(at, _)| !code[..*at].ends_with('$'));
        let names = after
            .map(|(at, path)| code[at + path.len()..].split(|it: char| !it.is_alphanumeric() && it != '_'));
        rooms.extend(names.filter_map(|mut name| name.next()).map(str::to_owned));
    }
    rooms
}
