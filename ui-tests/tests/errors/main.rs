//! Every case under `cases/` is one mistake and does not compile; beside it is the text that the user reads.
//!
//! The texts are those of Rust 1.95. On another compiler the wording around ours may differ, so there the suite checks
//! only that each case is refused, and says so. `UPDATE_EXPECT=1 cargo test -p ui-tests` accepts new texts and writes `docs/errors` from them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test that is how it fails")]

mod compiler;
mod dependencies;
mod pages;
mod programs;
mod text;

use std::io::{Write as _, stderr};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};
use std::{env, fs};

/// Whether new texts are accepted. `TRYBUILD=overwrite` is how other crates say it.
fn accepts() -> bool {
    let is = |name, wanted| env::var_os(name).is_some_and(|value| value == wanted);
    is("UPDATE_EXPECT", "1") || is("TRYBUILD", "overwrite")
}

/// The files with the cases of a folder, relative to this crate.
fn cases(folder: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(Path::new("cases").join(folder)).unwrap().map(|file| file.unwrap().path());
    let mut cases: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "rs")).collect();
    cases.sort_unstable();
    cases
}

fn complaint(case: &Path) -> Option<String> {
    let verdict = compiler::compile(case);
    let file = case.with_extension("stderr");
    if !verdict.is_refused {
        return Some(format!("{} compiles, which it should not\n{}", case.display(), verdict.text));
    }
    let committed = fs::read_to_string(&file).unwrap_or_default().replace('\r', "");
    if !compiler::is_of_the_texts() || committed == verdict.text {
        return None;
    }
    if accepts() {
        fs::write(file, verdict.text).unwrap();
        return None;
    }
    let now = verdict.text;
    Some(format!("{} reads\n\n{now}\nand {} says\n\n{committed}", case.display(), file.display()))
}

/// A folder of `cases/`, and what is wrong with it.
type Folder = (&'static str, OnceLock<Vec<String>>);

/// What is wrong with the cases of a folder. They are compiled once, whichever test asks first.
fn complaints(folder: &str) -> &'static [String] {
    let (_, found) = FOLDERS.iter().find(|(name, _)| *name == folder).unwrap();
    found.get_or_init(|| cases(folder).iter().filter_map(|case| complaint(case)).collect())
}

fn refuses(folder: &str) {
    if !compiler::is_of_the_texts() {
        // Past the test harness, which keeps the output of a test that passes.
        let notice = format!("cases/{folder}: only that each case fails; the texts are those of Rust 1.95\n");
        stderr().write_all(notice.as_bytes()).unwrap();
    }
    let complaints = complaints(folder).join("\n");
    assert!(
        complaints.is_empty(),
        "{complaints}\nUPDATE_EXPECT=1 cargo test -p ui-tests accepts new texts\n"
    );
}

macro_rules! folders {
    ($($folder:ident)*) => {
        static FOLDERS: LazyLock<Vec<Folder>> =
            LazyLock::new(|| vec![$((stringify!($folder), OnceLock::new())),*]);

        $(
            #[test]
            fn $folder() {
                refuses(stringify!($folder));
            }
        )*
    };
}

folders! {
    auth_state
    authenticated
    check
    endpoints
    proof
    public
    require
    require_role
    require_scope
    role
    router
    rule
    session_claims
}

// One test for each file of mistakes in a complete program.
macro_rules! programs {
    ($($topic:ident)*) => {
        const TOPICS: &[&str] = &[$(stringify!($topic)),*];

        mod program {
            $(
                #[test]
                fn $topic() {
                    let complaints = crate::programs::complaints(stringify!($topic));
                    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
                }
            )*
        }
    };
}

programs! {
    attributes
    auth_state
    checks
    endpoints
    has_role
    named_rules
    places
    role
    roles_in_rules
    router
    session_claims
    signatures
}

#[test]
fn every_topic_is_run() {
    for topic in programs::topics() {
        assert!(TOPICS.contains(&&*topic), "cases/programs/{topic}.diff is not in the list above");
    }
}

#[test]
fn the_program_without_a_mistake_compiles_without_a_warning() {
    let messages = programs::messages(&programs::base());
    assert!(messages.is_empty(), "{messages:#?}");
}

/// A folder that no test compiles would be a folder of dead cases.
#[test]
fn every_folder_is_run() {
    for folder in fs::read_dir("cases").unwrap() {
        let name = folder.unwrap().file_name();
        let is_run =
            name == "pass" || name == "programs" || FOLDERS.iter().any(|(folder, _)| name == *folder);
        assert!(is_run, "cases/{} is not in the list above", name.display());
    }
}

/// A case without a text would pass whatever the user reads, and a text without a case shows what no compiler says.
#[test]
fn every_case_has_its_text() {
    for (folder, _) in &*FOLDERS {
        if accepts() {
            complaints(folder);
        }
        for file in fs::read_dir(Path::new("cases").join(folder)).unwrap() {
            let path = file.unwrap().path();
            assert!(path.with_extension("rs").exists(), "{} has no case", path.display());
            assert!(path.with_extension("stderr").exists(), "{} has no text", path.display());
        }
    }
}

/// Rows 44 to 47, 51, 146 and 174 of the security requirements: what does not compile, and what is said of it.
#[test]
fn what_the_requirements_refuse_has_a_case() {
    for (row, case, said) in [
        (44, "router/undeclared_without_extractors", "this handler does not declare who may call it"),
        (44, "router/fallback_undeclared", "this handler does not declare who may call it"),
        (44, "router/access_forgotten", "this method takes 3 arguments but 2"),
        (45, "require_role/role_typo_known_from_signature", "(its roles are `member`, `admin`)"),
        (45, "session_claims/has_role_by_name", "`has_role` takes a role of `Level`"),
        (45, "require_role/role_typo_known_from_state", "the roles of `Level` are `("),
        (46, "public/without_reason", "#[public] does not say why anyone may call this handler"),
        (46, "public/reason_empty", "the reason in #[public(...)] is empty"),
        (47, "require/and_public", "#[require] and #[public] contradict each other"),
        (51, "role/circle", "in a circle"),
        (146, "require/security_by_hand", "writes `security(...)` into #[utoipa::path] itself"),
        (146, "public/security_by_hand", "writes `security(...)` into #[utoipa::path] itself"),
        (174, "require/issuer_and_live", "only a token from this server has a session here"),
        (174, "require/machine_and_session_through_named_rule", "a machine has no session of this server"),
    ] {
        let text = fs::read_to_string(Path::new("cases").join(case).with_extension("stderr"));
        let text = text.unwrap_or_else(|error| format!("{error}"));
        assert!(text.contains(said), "row {row}, cases/{case}: {text}");
    }
}

/// The README shows a mistake and what rustc says to it; this is what rustc says.
#[test]
fn readme_shows_a_real_error() {
    let readme = include_str!("../../../README.md");
    let text = include_str!("../../cases/require_role/role_typo_known_from_signature.stderr");
    let shown = text.lines().take_while(|line| !line.contains("= note")).filter(|line| !line.contains("-->"));
    for line in shown.filter(|line| line.trim() != "|") {
        assert!(readme.contains(line), "{line}");
    }
}
