//! What runs in a browser, in a browser: headless Chromium, driven by the scripts in this folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test that is how it fails")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The example `browser`, ended with the test.
struct Server {
    process: Child,
    url: String,
    passwords: Vec<(String, String)>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    fn start() -> Self {
        let mut process = Command::new(std::env::var_os("CARGO").unwrap())
            .args(["run", "--quiet", "-p", "examples", "--bin", "browser"])
            .env("PORT", "0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut server = Self { process, url: String::new(), passwords: Vec::new() };
        for line in lines.map_while(Result::ok) {
            let words: Vec<_> = line.split('"').collect();
            if let [_, "name", _, name, _, "password", _, password, _] = words[..] {
                server.passwords.push((name.to_owned(), password.to_owned()));
            }
            if let Some(url) = line.strip_prefix("listening on ") {
                url.clone_into(&mut server.url);
                return server;
            }
        }
        panic!("the example ended before it listened");
    }

    /// Runs a script with the address, a user and the password.
    fn visit(&self, script: &str, user: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
        assert!(
            folder.join("node_modules").exists(),
            "the driver of the browser is not installed; type: (cd tests/browser && npm ci)"
        );
        let (_, password) = self.passwords.iter().find(|(name, _)| name == user).unwrap();
        let output = Command::new("node")
            .args([script, &self.url, user, password])
            .current_dir(&folder)
            .output()
            .expect("node runs; if it is not there, type: sudo apt-get install -y nodejs npm chromium");
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(output.status.success(), "{script}: {said:?}");
    }
}

/// Seed row 34; rows 102, 107 and 112 as a browser sees them.
#[test]
fn two_tabs_share_one_refresh_and_no_script_sees_its_token() {
    Server::start().visit("two_tabs.mjs", "ada");
}

/// Seed row 14.
#[test]
fn the_scalar_page_lists_and_sends_requests_and_talks_to_no_other_host() {
    Server::start().visit("scalar.mjs", "max");
}
