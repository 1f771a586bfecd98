//! Every case under `cases/` is one mistake and does not compile; beside it stands what the user reads.
//!
//! The texts are those of Rust 1.95. On another compiler the wording around ours may differ, so there the suite checks
//! only that each case is refused, and says so. Accept new texts with `TRYBUILD=overwrite cargo test -p ui-tests`.

#![allow(clippy::unwrap_used, reason = "in a test that is how it fails")]

use std::io::{Write as _, stderr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use trybuild::TestCases;

const TEXTS_ARE_COMPARED: bool = rustversion::cfg!(stable(1.95));

fn refuses(folder: &str) {
    if TEXTS_ARE_COMPARED {
        TestCases::new().compile_fail(format!("cases/{folder}/*.rs"));
    } else if env::var_os("TRYBUILD").is_some_and(|mode| mode == "overwrite") {
        TestCases::new().compile_fail(without_texts(folder).join("*.rs"));
    } else {
        // Past the test harness, which keeps what a test that passes has printed.
        let notice = format!("cases/{folder}: only that each case fails; the texts are those of Rust 1.95\n");
        stderr().write_all(notice.as_bytes()).unwrap();
        refuses_without_texts(folder);
    }
}

/// Runs the same test again, in the only mode in which trybuild is content with a case that has no text.
fn refuses_without_texts(folder: &str) {
    let test = env::current_exe().unwrap();
    let run = Command::new(test).args([folder, "--exact"]).env("TRYBUILD", "overwrite").output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

/// A copy of the cases without the expected texts, for trybuild to write its own beside.
fn without_texts(folder: &str) -> PathBuf {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let _ = fs::remove_dir_all(&copy);
    fs::create_dir_all(&copy).unwrap();
    for case in fs::read_dir(Path::new("cases").join(folder)).unwrap() {
        let path = case.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
        }
    }
    copy
}

macro_rules! folders {
    ($($folder:ident)*) => {
        $(
            #[test]
            fn $folder() {
                refuses(stringify!($folder));
            }
        )*

        /// A folder that nobody runs would be a folder of dead cases.
        #[test]
        fn every_folder_is_run() {
            let run = [$(stringify!($folder)),* , "pass"];
            for folder in fs::read_dir("cases").unwrap() {
                let name = folder.unwrap().file_name();
                assert!(run.contains(&name.to_str().unwrap()), "cases/{name:?} is not in the list above");
            }
        }

        /// A case without a text would pass whatever the user reads.
        #[test]
        fn every_case_has_its_text() {
            for folder in [$(stringify!($folder)),*] {
                for case in fs::read_dir(Path::new("cases").join(folder)).unwrap() {
                    let path = case.unwrap().path();
                    if path.extension().is_some_and(|extension| extension == "rs") {
                        assert!(path.with_extension("stderr").exists(), "{path:?}");
                    }
                }
            }
        }
    };
}

folders! {
    auth_state
    authenticated
    check
    endpoints
    proof
    public
    refresh
    require
    require_role
    require_scope
    role
    router
    rule
    session_claims
}

/// Rows 44 to 47, 51 and 146 of `docs/REQUIREMENTS.md`: each mistake does not compile, and its message says the remedy.
#[test]
fn what_the_requirements_refuse_has_a_case() {
    for (row, case, said) in [
        (44, "router/undeclared_without_extractors", "this handler does not declare who may call it"),
        (44, "router/fallback_undeclared", "this handler does not declare who may call it"),
        (44, "router/access_forgotten", "does not say who may call"),
        (45, "require_role/role_typo_known_from_signature", "(its roles are `member`, `admin`)"),
        (45, "require_role/role_typo_known_from_state", "the roles of `Level` are `("),
        (46, "public/without_reason", "#[public] does not say why anyone may call this handler"),
        (46, "public/reason_empty", "the reason in #[public(...)] is empty"),
        (47, "require/and_public", "#[require] and #[public] contradict each other"),
        (51, "role/circle", "in a circle"),
        (146, "require/security_by_hand", "writes `security(...)` into #[utoipa::path] itself"),
        (146, "public/security_by_hand", "writes `security(...)` into #[utoipa::path] itself"),
    ] {
        let text = fs::read_to_string(Path::new("cases").join(case).with_extension("stderr"));
        let text = text.unwrap_or_else(|error| format!("{error}"));
        assert!(text.contains(said), "row {row}, cases/{case}: {text}");
    }
}

/// The README shows a mistake and what rustc says to it; this is what rustc says.
#[test]
fn readme_shows_a_real_error() {
    let readme = include_str!("../../README.md");
    let text = include_str!("../cases/require_role/role_typo_known_from_signature.stderr");
    let shown = text.lines().take_while(|line| !line.contains("= note")).filter(|line| !line.contains("-->"));
    for line in shown.filter(|line| line.trim() != "|") {
        assert!(readme.contains(line), "{line}");
    }
}
