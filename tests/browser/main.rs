//! The browser module and the Scalar page in headless Chromium, driven by the scripts in this folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test that is how it fails")]

#[allow(dead_code, reason = "the integration tests use the rest")]
#[path = "../integration/process.rs"]
mod process;

use std::path::Path;
use std::process::Command;

use process::Process;

/// Runs a script against the example `browser`, as this user.
fn visit(script: &str, user: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    assert!(
        folder.join("node_modules").exists(),
        "the driver of the browser is not installed; type: (cd tests/browser && npm ci)"
    );
    let server = Process::start::<&str>(&["-p", "examples", "--bin", "browser"], &[]);
    let credentials = server.credentials(user);
    let output = Command::new("node")
        .args([script, &server.url, user, credentials["password"].as_str().unwrap()])
        .current_dir(&folder)
        .output()
        .expect("node runs; if it is not there, type: sudo apt-get install -y nodejs npm chromium");
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{script}: {said:?}");
}

/// Rows 102, 107 and 112 as a browser sees them.
#[test]
fn two_tabs_share_one_refresh_and_no_script_sees_its_token() {
    visit("two_tabs.mjs", "ada");
}

#[test]
fn the_scalar_page_sends_requests_to_its_own_host_only() {
    visit("scalar.mjs", "max");
}
