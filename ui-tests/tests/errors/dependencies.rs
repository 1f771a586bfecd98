//! Mistakes in `Cargo.toml`, which rustc sees as another set of libraries.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use crate::compiler;

/// Two handlers, so that what is said once is known to be.
const PROGRAM: &str = "\
use countersign::{Auth, AuthRouter, SessionClaims, authenticated, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[authenticated]
#[utoipa::path(get, path = \"/me\")]
async fn me(user: User) -> String {
    user.id.to_string()
}

#[authenticated(live)]
#[utoipa::path(get, path = \"/live\")]
async fn live() {}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().routes(routes!(me, live)).with_state(auth)
}

fn main() {}
";

fn sentences(program: &str, change: impl Fn(&str, &str) -> Option<(String, String)>) -> Vec<String> {
    let errors =
        compiler::messages_with(program, change).into_iter().filter(|message| message["level"] == "error");
    errors.map(|error| error["message"].as_str().unwrap().lines().next().unwrap().to_owned()).collect()
}

/// The other version is an empty library; cargo's list of its sources, which is beside it, tells the version.
#[test]
fn another_version_of_utoipa_is_one_error() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("utoipa-5");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("lib.rs"), "").unwrap();
    fs::write(folder.join("utoipa-5.d"), "utoipa-5.d: /registry/utoipa-5.4.0/src/lib.rs\n").unwrap();
    let library = folder.join("libutoipa-5.rmeta");
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut rustc = Command::new(rustc);
    rustc.args(["--crate-type=lib", "--crate-name=utoipa", "--emit=metadata", "-Cmetadata=5", "-o"]);
    assert!(rustc.arg(&library).arg(folder.join("lib.rs")).status().unwrap().success());

    let said = sentences(PROGRAM, |name, _| {
        (name == "utoipa").then(|| (name.to_owned(), library.to_str().unwrap().to_owned()))
    });
    assert_eq!(said, ["this crate needs utoipa 6, and the package has another version"]);
}

#[test]
fn another_name_of_this_crate_is_said_once_for_each_macro() {
    let program = PROGRAM.replace("use countersign::", "use cs::");
    let renamed =
        |name: &str, file: &str| (name == "countersign").then(|| ("cs".to_owned(), file.to_owned()));
    let said = sentences(&program, renamed);
    assert_eq!(said, ["this package has `countersign` as `cs`: write `crate = cs`"; 3]);
    let written = program
        .replace("#[derive(SessionClaims, Clone)]", "#[derive(SessionClaims, Clone)]\n#[claims(crate = cs)]")
        .replace("#[authenticated]", "#[authenticated(crate = cs)]")
        .replace("(live)", "(live, crate = cs)");
    assert_eq!(sentences(&written, renamed), [""; 0]);
}
