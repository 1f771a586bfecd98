//! `docs/ERRORS.md` shows every mistake under `cases/`, what the compiler says, and what to do. It is made of these files and nothing else,
//! so it cannot drift; `UPDATE_EXPECT=1 cargo test -p ui-tests --test errors_page` writes it.
//!
//! The cure is in the compiler's words where they are ours. Where a case has none of these, its file ends with a line `// cure: ...`. It
//! is the last line, because a line above the mistake would move all numbers in the text beside it.

#![allow(clippy::unwrap_used, reason = "in a test that is how it fails")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/ERRORS.md");

const INTRODUCTION: &str = "\
# Compile errors

Every mistake that the tests know, with what the compiler says to it and what to do. This page is generated from `ui-tests/cases`; the texts are
those of Rust 1.95.

";

/// How rustc begins what our constants say.
const PANICKED: &str = "evaluation panicked: ";

/// One mistake.
struct Case {
    folder: String,
    name: String,
    source: String,
    text: String,
}

impl Case {
    fn read(path: &Path) -> Self {
        let part = |part: Option<&std::ffi::OsStr>| part.unwrap().to_str().unwrap().to_owned();
        let text = |path: &Path| fs::read_to_string(path).unwrap().replace('\r', "");
        Self {
            folder: part(path.parent().and_then(Path::file_name)),
            name: part(path.file_stem()),
            source: text(path),
            text: text(&path.with_extension("stderr")),
        }
    }

    /// The mistake in words: those of the file's first line, or of its name.
    fn heading(&self) -> String {
        if let Some(words) = self.source.lines().next().and_then(|line| line.strip_prefix("//! ")) {
            return words.trim_end_matches('.').to_owned();
        }
        let words = self.name.replace('_', " ");
        let (first, rest) = words.split_at(1);
        first.to_uppercase() + rest
    }

    fn anchor(&self) -> String {
        format!("{}-{}", self.folder, self.name)
    }

    /// The lines at which the carets of its errors stand.
    fn guilty_lines(&self) -> Vec<&str> {
        let mut numbers: Vec<usize> = errors(&self.text).filter_map(|error| error.line).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().filter_map(|number| self.source.lines().nth(number - 1)).map(str::trim).collect()
    }

    fn causes(&self) -> Vec<String> {
        let mut causes: Vec<String> = errors(&self.text).map(|error| error.cause).collect();
        causes.dedup();
        causes
    }

    fn cures(&self) -> Vec<String> {
        let written =
            self.source.lines().filter_map(|line| line.strip_prefix("// cure: ")).map(str::to_owned);
        let mut cures: Vec<String> = Vec::new();
        for cure in written.chain(errors(&self.text).flat_map(|error| error.advice)) {
            if !cures.contains(&cure) {
                cures.push(cure);
            }
        }
        cures
    }

    fn write(&self, page: &mut String) {
        let fence = if self.text.contains("```") { "````" } else { "```" };
        let _ = writeln!(page, "### <a id=\"{}\"></a>{}\n", self.anchor(), markdown(&self.heading()));
        let _ = writeln!(page, "```rust\n{}\n```\n", self.guilty_lines().join("\n"));
        for (word, sentences) in [("Cause", self.causes()), ("Cure", self.cures())] {
            for sentence in sentences {
                let _ = writeln!(page, "- {word}: {}", markdown(&sentence));
            }
        }
        page.push('\n');
        let _ = writeln!(page, "{fence}text\n{}\n{fence}\n", self.text.trim_end());
    }
}

/// One error in a compiler's text.
struct Error {
    cause: String,
    /// Ours: `help:` and `note:` below the first line, and the notes of our traits.
    advice: Vec<String>,
    line: Option<usize>,
}

fn errors(text: &str) -> impl Iterator<Item = Error> {
    let starts =
        text.lines().enumerate().filter(|(_, line)| first_line(line).is_some()).map(|(index, _)| index);
    let starts: Vec<_> = starts.collect();
    let lines: Vec<_> = text.lines().collect();
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    let errors = starts.iter().zip(ends).map(|(start, end)| error(&lines[*start..end])).collect::<Vec<_>>();
    errors.into_iter()
}

/// What an error says first, without its number.
fn first_line(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("error")?;
    let message = match rest.strip_prefix('[') {
        Some(numbered) => numbered.split_once("]: ")?.1,
        None => rest.strip_prefix(": ")?,
    };
    Some(message.strip_prefix(PANICKED).unwrap_or(message))
}

fn error(lines: &[&str]) -> Error {
    let place = lines.iter().position(|line| line.trim_start().starts_with("--> ")).unwrap_or(lines.len());
    let (message, rest) = lines.split_at(place);
    let mut parts = vec![first_line(message[0]).unwrap().to_owned()];
    for line in &message[1..] {
        let line = line.trim();
        match line.strip_prefix("help: ").or_else(|| line.strip_prefix("note: ")) {
            Some(advice) => parts.push(advice.to_owned()),
            None => *parts.last_mut().unwrap() += &format!(" {line}"),
        }
    }
    let cause = parts.remove(0);
    // A constant that panics has one line for both.
    let (cause, cure) = match cause.split_once("; ").filter(|_| message[0].contains(PANICKED)) {
        Some((cause, cure)) => (cause.to_owned(), Some(cure.to_owned())),
        None => (cause, None),
    };
    parts.extend(cure);
    let notes = rest.iter().filter_map(|line| line.trim_start().strip_prefix("= note: "));
    parts.extend(notes.filter(|note| !is_of_the_compiler(note)).map(str::to_owned));
    let line = rest
        .first()
        .filter(|place| place.contains("--> cases/"))
        .and_then(|place| place.rsplit(':').nth(1)?.parse().ok());
    Error { cause, advice: parts, line }
}

/// Whether a note is one that rustc or axum writes. None of these tells a user of ours what to do.
fn is_of_the_compiler(note: &str) -> bool {
    let beginnings = [
        "this error originates in",
        "required for ",
        "required by ",
        "the following ",
        "the trait ",
        "the full name ",
        "expected ",
        "consider ",
        "`#[warn(",
        "`#[deny(",
        "Function argument is not a valid axum extractor",
    ];
    beginnings.iter().any(|beginning| note.starts_with(beginning)) || note.contains("redundant requirement")
}

/// Text outside of backticks may not open a tag.
fn markdown(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let parts =
        parts.map(|(index, part)| if index % 2 == 0 { part.replace('<', "\\<") } else { part.to_owned() });
    parts.collect::<Vec<_>>().join("`")
}

/// What a folder's cases are about.
fn title(folder: &str) -> String {
    match folder {
        "auth_state" | "role" | "session_claims" => format!("`#[derive({})]`", camel_case(folder)),
        "authenticated" | "public" | "require" | "require_role" | "require_scope" | "check" => {
            format!("`#[{folder}]`")
        }
        "rule" | "fallback" => format!("`{folder}!`"),
        "refresh" => "`typed_refresh_handler!`".to_owned(),
        "endpoints" => "`auth.routes()`".to_owned(),
        "router" => "`routes!` and `AuthRouter`".to_owned(),
        "proof" => "`Proof`".to_owned(),
        _ => folder.replace('_', " "),
    }
}

fn camel_case(name: &str) -> String {
    name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

/// By folder and name.
fn cases() -> BTreeMap<String, Vec<Case>> {
    let mut cases: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    for folder in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/cases")).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "rs")
                && path.with_extension("stderr").exists()
            {
                let case = Case::read(&path);
                cases.entry(case.folder.clone()).or_default().push(case);
            }
        }
    }
    cases.values_mut().for_each(|cases| cases.sort_by(|one, other| one.name.cmp(&other.name)));
    cases
}

fn page() -> String {
    let cases = cases();
    let mut page = INTRODUCTION.to_owned();
    for (folder, cases) in &cases {
        let _ = writeln!(page, "- [{}](#{folder})", title(folder));
        for case in cases {
            let causes = markdown(&case.causes().join("; "));
            let _ = writeln!(page, "  - [{}](#{}): {causes}", markdown(&case.heading()), case.anchor());
        }
    }
    for (folder, cases) in &cases {
        let _ = writeln!(page, "\n## <a id=\"{folder}\"></a>{}\n", title(folder));
        cases.iter().for_each(|case| case.write(&mut page));
    }
    page.trim_end().to_owned() + "\n"
}

#[test]
fn the_page_of_errors_is_the_committed_one() {
    let page = page();
    if env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1") {
        fs::write(PAGE, page).unwrap();
        return;
    }
    let committed = fs::read_to_string(PAGE).unwrap_or_default().replace('\r', "");
    let line = page.lines().zip(committed.lines()).take_while(|(now, then)| now == then).count() + 1;
    assert!(
        page == committed,
        "docs/ERRORS.md is stale from line {line} on; write it with\n\n    UPDATE_EXPECT=1 cargo test -p ui-tests --test errors_page\n"
    );
}

#[test]
fn every_case_says_what_to_do() {
    let mut without = Vec::new();
    for case in cases().values().flatten() {
        assert!(!case.causes().is_empty(), "cases/{}/{}.stderr has no error", case.folder, case.name);
        assert!(!case.guilty_lines().is_empty(), "cases/{}/{}.stderr has no place", case.folder, case.name);
        if case.cures().is_empty() {
            without.push(format!("cases/{}/{}.rs", case.folder, case.name));
        }
    }
    assert!(
        without.is_empty(),
        "no advice of ours in the texts of these; end each file with a line `// cure: what to type`:\n{}",
        without.join("\n")
    );
}

/// Two cases with one anchor would make a link lead to the other.
#[test]
fn every_anchor_is_there_once() {
    let page = page();
    let anchors: Vec<_> =
        page.split("<a id=\"").skip(1).map(|rest| rest.split_once('"').unwrap().0).collect();
    let mut unique = anchors.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), anchors.len());
    for link in page.split("](#").skip(1) {
        let (link, _) = link.split_once(')').unwrap();
        assert!(anchors.contains(&link), "{link}");
    }
}

#[test]
fn the_page_has_no_path_of_a_machine() {
    let page = page();
    for path in [env!("CARGO_MANIFEST_DIR"), "/home/", "/root/", "/tmp/", ".cargo/registry", "rustc/"] {
        assert!(!page.contains(path), "{path}");
    }
}

#[test]
fn advice_is_ours_and_not_the_compilers() {
    let of =
        |text: &str| errors(text).map(|error| (error.cause, error.advice, error.line)).collect::<Vec<_>>();
    assert_eq!(
        of("\
error: unknown key `life` in #[authenticated(...)]
       help: did you mean
       `live`?
       note: the keys are few
 --> cases/a/b.rs:3:17
  |
3 | #[authenticated(life)]

error[E0277]: no
  --> cases/a/b.rs:16:38
   |
   = help: the trait `A` is not implemented for `B`
   = note: put `#[public]` above
   = note: this error originates in the macro `routes`
note: required by a bound in `c`
  --> $WORKSPACE/runtime/src/router.rs

error[E0080]: evaluation panicked: `x` has no role; write `y`
 --> cases/a/b.rs:4:1

error: aborting
"),
        [
            (
                "unknown key `life` in #[authenticated(...)]".to_owned(),
                vec!["did you mean `live`?".to_owned(), "the keys are few".to_owned()],
                Some(3)
            ),
            ("no".to_owned(), vec!["put `#[public]` above".to_owned()], Some(16)),
            ("`x` has no role".to_owned(), vec!["write `y`".to_owned()], Some(4)),
            ("aborting".to_owned(), vec![], None),
        ]
    );
}
