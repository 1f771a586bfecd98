//! `docs/errors` shows every mistake under `cases/`, the compiler's text, and the cure: one page for each macro, one for the mistakes that several
//! macros share, and an index. The pages are made of these files and nothing else, so they cannot drift; `UPDATE_EXPECT=1 cargo test -p ui-tests`
//! writes them.
//!
//! The cure is in the compiler's words where they are ours. A case without such words ends with a line `// cure: ...`. It is the last line,
//! because a line above the mistake would move all numbers in the text beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::{fs, iter};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/errors");

const INTRODUCTION: &str = "\
# Compile errors

Every mistake that the tests know, with the compiler's text, its cause and its cure. To find an error, search this page for its first words; a
mistake that several macros answer alike is listed once, on the page they share. The texts are those of Rust 1.95.

These pages are generated from `ui-tests/cases`: `UPDATE_EXPECT=1 cargo test -p ui-tests` writes them.

";

/// The page of the mistakes that several macros share.
const SHARED: &str = "several";

/// How rustc begins the message of a constant that panics.
const PANICKED: &str = "evaluation panicked: ";

/// One file under `cases/`.
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

    /// The lines that its errors point to.
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

    /// The same for two cases that differ only in the macro and in the names that the user chose.
    fn kind(&self) -> (String, Vec<String>) {
        let sentences = self.causes().into_iter().chain(self.cures());
        (self.name.clone(), sentences.map(|sentence| without_names(&sentence)).collect())
    }
}

/// A sentence without its code, be it in backticks or the name of a macro.
fn without_names(sentence: &str) -> String {
    // Of "the keys are `a`, `b`" the list is dropped, so that its length does not count.
    let outside: Vec<_> = sentence.split('`').step_by(2).filter(|words| *words != ", ").collect();
    let outside = outside.join("`");
    let is_macro = |word: &str| word.starts_with("#[") || word.contains("!(");
    outside.split(' ').map(|word| if is_macro(word) { "#" } else { word }).collect::<Vec<_>>().join(" ")
}

/// A mistake: the cases of one kind, of which the first is shown.
struct Entry {
    cases: Vec<Case>,
}

impl Entry {
    fn page(&self) -> &str {
        if self.cases.len() > 1 { SHARED } else { &self.cases[0].folder }
    }

    fn anchor(&self) -> String {
        let shown = &self.cases[0];
        format!("{}-{}", shown.folder, shown.name)
    }

    /// A line that leads to the entry from the page `from`.
    fn link(&self, from: &str) -> String {
        let page = if self.page() == from { String::new() } else { format!("{}.md", self.page()) };
        let shown = &self.cases[0];
        let causes = markdown(&shown.causes().join("; "));
        format!("[{}]({page}#{}): {causes}", markdown(&shown.heading()), self.anchor())
    }

    fn write(&self, page: &mut String) {
        let shown = &self.cases[0];
        let fence = if shown.text.contains("```") { "````" } else { "```" };
        let _ = writeln!(page, "\n## <a id=\"{}\"></a>{}\n", self.anchor(), markdown(&shown.heading()));
        let _ = writeln!(page, "```rust\n{}\n```\n", shown.guilty_lines().join("\n"));
        if self.cases.len() > 1 {
            let macros = self.cases.iter().map(|case| title(&case.folder)).collect::<Vec<_>>();
            let _ = writeln!(page, "- Macros: {}", macros.join(", "));
        }
        for (word, sentences) in [("Cause", shown.causes()), ("Cure", shown.cures())] {
            for sentence in sentences {
                let _ = writeln!(page, "- {word}: {}", markdown(&sentence));
            }
        }
        let _ = writeln!(page, "\n{fence}text\n{}\n{fence}", shown.text.trim_end());
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

/// The first words of an error, without its number.
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

/// The macro or type that a folder's cases are about.
fn title(folder: &str) -> String {
    match folder {
        "auth_state" | "role" | "session_claims" => format!("`#[derive({})]`", camel_case(folder)),
        "authenticated" | "public" | "require" | "require_role" | "require_scope" | "check" => {
            format!("`#[{folder}]`")
        }
        "rule" | "fallback" => format!("`{folder}!`"),
        "endpoints" => "`typed_refresh_handler!` and `auth.routes()`".to_owned(),
        "router" => "`routes!` and `AuthRouter`".to_owned(),
        "proof" => "`Proof`".to_owned(),
        SHARED => "Several macros".to_owned(),
        _ => folder.replace('_', " "),
    }
}

fn camel_case(name: &str) -> String {
    name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

/// By folder and name.
fn cases() -> Vec<Case> {
    let folders = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/cases")).unwrap();
    let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
    let mut cases: Vec<_> = files
        .map(|file| file.unwrap().path())
        .filter(|path| {
            path.extension().is_some_and(|extension| extension == "rs")
                && path.with_extension("stderr").exists()
        })
        .map(|path| Case::read(&path))
        .collect();
    cases.sort_by(|one, other| (&one.folder, &one.name).cmp(&(&other.folder, &other.name)));
    cases
}

fn entries(cases: Vec<Case>) -> Vec<Entry> {
    let mut kinds = BTreeMap::new();
    let mut entries: Vec<Entry> = Vec::new();
    for case in cases {
        let index = *kinds.entry(case.kind()).or_insert(entries.len());
        match entries.get_mut(index) {
            Some(entry) => entry.cases.push(case),
            None => entries.push(Entry { cases: vec![case] }),
        }
    }
    entries
}

/// The pages by the names of their files.
fn pages() -> BTreeMap<String, String> {
    let entries = entries(cases());
    let folders: BTreeSet<_> =
        entries.iter().flat_map(|entry| &entry.cases).map(|case| &*case.folder).collect();
    let mut index = INTRODUCTION.to_owned();
    let mut pages = BTreeMap::new();
    for page in folders.into_iter().chain(iter::once(SHARED)) {
        let own: Vec<_> = entries.iter().filter(|entry| entry.page() == page).collect();
        let _ = writeln!(index, "- [{}]({page}.md)", title(page));
        let mut text = format!("# {}\n\n", title(page));
        for entry in &own {
            let _ = writeln!(index, "  - {}", entry.link("README"));
            let _ = writeln!(text, "- {}", entry.link(page));
        }
        let shared = entries.iter().filter(|entry| entry.page() != page);
        for entry in shared.filter(|entry| entry.cases.iter().any(|case| case.folder == page)) {
            let _ = writeln!(text, "- {}", entry.link(page));
        }
        own.iter().for_each(|entry| entry.write(&mut text));
        pages.insert(format!("{page}.md"), text);
    }
    pages.insert("README.md".to_owned(), index);
    pages
}

fn committed() -> BTreeMap<String, String> {
    let Ok(folder) = fs::read_dir(FOLDER) else { return BTreeMap::new() };
    let read = |path: &Path| fs::read_to_string(path).unwrap().replace('\r', "");
    let file = |path: &Path| (path.file_name().unwrap().to_str().unwrap().to_owned(), read(path));
    folder.map(|entry| file(&entry.unwrap().path())).collect()
}

fn write(pages: &BTreeMap<String, String>) {
    fs::create_dir_all(FOLDER).unwrap();
    for stale in committed().keys().filter(|name| !pages.contains_key(*name)) {
        fs::remove_file(Path::new(FOLDER).join(stale)).unwrap();
    }
    for (name, text) in pages {
        fs::write(Path::new(FOLDER).join(name), text).unwrap();
    }
}

#[test]
fn the_pages_of_errors_are_the_committed_ones() {
    if super::accepts() {
        // The texts are the other tests' to write, and come first.
        for (folder, _) in &*super::FOLDERS {
            super::complaints(folder);
        }
        write(&pages());
    }
    let (pages, committed) = (pages(), committed());
    let names: BTreeSet<_> = pages.keys().chain(committed.keys()).collect();
    let stale: Vec<_> = names.into_iter().filter(|name| pages.get(*name) != committed.get(*name)).collect();
    assert!(
        stale.is_empty(),
        "stale in docs/errors: {stale:?}; write them with\n\n    UPDATE_EXPECT=1 cargo test -p ui-tests\n"
    );
}

#[test]
fn every_case_says_what_to_do() {
    let mut without = Vec::new();
    for case in cases() {
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

/// Two entries with one anchor would make a link lead to the other.
#[test]
fn every_link_leads_to_one_entry() {
    let pages = pages();
    let mut anchors = BTreeSet::new();
    for (name, page) in &pages {
        for rest in page.split("<a id=\"").skip(1) {
            let (anchor, _) = rest.split_once('"').unwrap();
            assert!(anchors.insert(format!("{name}#{anchor}")), "{name}#{anchor} is there twice");
        }
    }
    for (name, page) in &pages {
        for (link, _) in page.split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let file = if file.is_empty() { name } else { file };
            let is_there = pages.contains_key(file) && anchor.is_empty()
                || anchors.contains(&format!("{file}#{anchor}"));
            assert!(is_there, "{name}: {link}");
        }
    }
}

#[test]
fn every_case_is_in_one_entry() {
    let all = entries(cases());
    assert_eq!(all.iter().map(|entry| entry.cases.len()).sum::<usize>(), cases().len());
    for entry in all {
        let folders: BTreeSet<_> = entry.cases.iter().map(|case| &case.folder).collect();
        assert_eq!(folders.len(), entry.cases.len(), "{}", entry.anchor());
    }
}

#[test]
fn a_mistake_is_one_entry_where_only_names_differ() {
    let kind = |sentence| without_names(sentence);
    assert_eq!(
        kind("unknown key `reson` in #[public(...)] the keys are `reason`, `crate`"),
        kind("unknown key `pth` in typed_refresh_handler!(...) the keys are `path`, `tag`, `crate`")
    );
    assert_ne!(
        kind("#[check] stands twice above one function"),
        kind("#[public] stands twice above one handler")
    );
}

#[test]
fn no_page_has_a_path_of_a_machine() {
    for (name, page) in pages() {
        for path in [env!("CARGO_MANIFEST_DIR"), "/home/", "/root/", "/tmp/", ".cargo/registry", "rustc/"] {
            assert!(!page.contains(path), "{name}: {path}");
        }
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
