//! Compiles one case. Cargo checks the dependencies of this crate once and says where their metadata is; after that each case costs one start
//! of rustc, and nothing of it is kept.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, process};

use serde_json::Value;

use crate::text;

/// The root of the workspace: rustc runs there, as under cargo, so that it names the files of the runtime relative to it.
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What a case may use: the dependencies in `Cargo.toml`.
const DEPENDENCIES: [&str; 6] = ["axum", "axum_core", "countersign", "serde", "tokio", "utoipa"];

/// The name under which rustc shows a program that is in no file.
pub(crate) const PROGRAM: &str = "<anon>";

/// The release whose texts are committed.
const RELEASE: &str = "rustc 1.95.";

/// What the compiler says to a case.
pub(crate) struct Verdict {
    pub(crate) is_refused: bool,
    pub(crate) text: String,
}

static ARGUMENTS: LazyLock<Vec<String>> = LazyLock::new(arguments);

/// Whether this compiler is the one whose texts are committed; on another one the words around ours may differ.
pub(crate) fn is_of_the_texts() -> bool {
    static IS: LazyLock<bool> = LazyLock::new(|| {
        let version = Command::new(rustc()).arg("--version").output().unwrap();
        version.stdout.starts_with(RELEASE.as_bytes())
    });
    *IS
}

/// Compiles `path`, which is relative to this crate.
pub(crate) fn compile(path: &Path) -> Verdict {
    let run = Command::new(rustc())
        .current_dir(WORKSPACE)
        .args(&*ARGUMENTS)
        .arg(Path::new("ui-tests").join(path))
        .output()
        .unwrap();
    let messages = messages(&run.stderr);
    let root = fs::canonicalize(WORKSPACE).unwrap();
    let texts = messages
        .iter()
        .filter(|message| message["level"] != "failure-note" && !is_summary(message))
        .map(|message| text::committed(message["rendered"].as_str().unwrap(), root.to_str().unwrap()))
        .filter(|text| !text.is_empty());
    Verdict { is_refused: !run.status.success(), text: texts.collect::<Vec<_>>().join("\n") }
}

/// Compiles a program that is in no file of the repository, and returns the compiler's messages, which call it [`PROGRAM`]. It is written
/// into a file, since attributes read the file that they are in.
pub(crate) fn messages_of(program: &str) -> Vec<Value> {
    messages_with(program, |_, _| None)
}

/// The same with other libraries: `change` takes the name and the file of each, and may return others.
pub(crate) fn messages_with(
    program: &str,
    change: impl Fn(&str, &str) -> Option<(String, String)>,
) -> Vec<Value> {
    let changed = ARGUMENTS.iter().map(|argument| {
        let (name, library) = argument.split_once('=').filter(|(_, file)| file.contains("/lib"))?;
        change(name, library).map(|(name, library)| format!("{name}={library}"))
    });
    let arguments: Vec<_> = ARGUMENTS
        .iter()
        .zip(changed)
        .map(|(argument, changed)| changed.unwrap_or_else(|| argument.clone()))
        .collect();
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let file = format!("{}/program-{}-{number}.rs", env!("CARGO_TARGET_TMPDIR"), process::id());
    fs::write(&file, program).unwrap();
    let run = Command::new(rustc()).current_dir(WORKSPACE).args(&arguments).arg(&file).output().unwrap();
    fs::remove_file(&file).unwrap();
    let said = String::from_utf8_lossy(&run.stderr).replace(&file, PROGRAM);
    let mut messages = messages(said.as_bytes());
    messages.retain(|message| !is_summary(message));
    messages
}

/// "aborting due to 2 previous errors": a count and no message, with the place of none.
fn is_summary(message: &Value) -> bool {
    message["message"].as_str().is_some_and(|text| text.starts_with("aborting due to "))
}

fn rustc() -> std::ffi::OsString {
    env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}

fn arguments() -> Vec<String> {
    let artifacts = artifacts();
    let fixed = [
        "--edition=2024",
        "--crate-name=case",
        "--crate-type=bin",
        "--emit=metadata",
        "--error-format=json",
        "--diagnostic-width=140",
        // Types in full: where they are cut depends on the length of paths.
        "--verbose",
        // A case is there to be compiled, and its `main` calls nothing.
        "--allow=dead_code",
        "--out-dir",
        env!("CARGO_TARGET_TMPDIR"),
    ];
    let mut arguments: Vec<_> = fixed.map(str::to_owned).into();
    for dependency in DEPENDENCIES {
        let found: Vec<_> = artifacts.iter().filter(|(name, _)| name == dependency).collect();
        let [(_, file)] = found[..] else { panic!("{dependency} is in the build {} times", found.len()) };
        arguments.extend(["--extern".to_owned(), format!("{dependency}={}", file.display())]);
    }
    let mut folders: Vec<_> = artifacts.iter().filter_map(|(_, file)| file.parent()).collect();
    folders.sort_unstable();
    folders.dedup();
    for folder in folders {
        arguments.extend(["-L".to_owned(), format!("dependency={}", folder.display())]);
    }
    arguments
}

/// The libraries that this crate's own library is checked against, by name.
fn artifacts() -> Vec<(String, PathBuf)> {
    let run = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(WORKSPACE)
        .args(["check", "--quiet", "--package=ui-tests", "--lib", "--message-format=json"])
        .arg("--target-dir")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let messages = messages(&run.stdout);
    let of = |reason: &'static str| messages.iter().filter(move |message| message["reason"] == reason);
    let said: String =
        of("compiler-message").filter_map(|message| message["message"]["rendered"].as_str()).collect();
    assert!(run.status.success(), "{said}");
    of("compiler-artifact")
        .filter_map(|message| {
            let files = message["filenames"].as_array()?.iter().filter_map(Value::as_str);
            // Of a library that is there to be linked too, the metadata; of the macros, the library.
            let file = files.min_by_key(|file| !file.ends_with(".rmeta"))?;
            Some((message["target"]["name"].as_str()?.replace('-', "_"), PathBuf::from(file)))
        })
        .collect()
}

/// The lines that are JSON.
fn messages(output: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(output).lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
