//! Every case under `cases/` is one mistake and does not compile; beside it stands what the user reads.
//!
//! The texts are those of Rust 1.95. On another compiler the wording around ours may differ, so there the suite checks
//! only that each case is refused, and says so. Accept new texts with `TRYBUILD=overwrite cargo test -p ui-tests`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "in a test that is how it fails, and how it speaks")]

use std::fs;
use std::path::{Path, PathBuf};

const TEXTS_ARE_COMPARED: bool = rustversion::cfg!(stable(1.95));

fn refuses(folder: &str) {
    let trybuild = trybuild::TestCases::new();
    if TEXTS_ARE_COMPARED {
        trybuild.compile_fail(format!("cases/{folder}/*.rs"));
    } else {
        println!(
            "NOT COMPARED: the texts in cases/{folder} are those of Rust 1.95; this only checks that each case fails"
        );
        trybuild.compile_fail(without_texts(folder).join("*.rs"));
    }
}

/// A copy of the cases without the expected texts: trybuild then asks only that they do not compile.
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
    public
    refresh
    require_role
    role
    router
    session_claims
}
