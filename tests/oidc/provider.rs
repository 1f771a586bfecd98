//! The provider in `provider.mjs` as a process.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// A provider of its own for each test, ended with the test.
pub(crate) struct Provider {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    errors: File,
    pub(crate) issuer: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Provider {
    pub(crate) fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc");
        assert!(
            folder.join("node_modules").exists(),
            "the provider is not installed; type: (cd tests/oidc && npm ci --ignore-scripts)"
        );
        let errors = tempfile::tempfile().unwrap();
        let mut child = Command::new("node")
            .arg("provider.mjs")
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors.try_clone().unwrap())
            .spawn()
            .expect("node runs; if it is not there, type: sudo apt-get install -y nodejs npm");
        let commands = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut provider = Self { child, commands, answers, errors, issuer: String::new() };
        let started = provider.answer();
        started["issuer"].as_str().unwrap().clone_into(&mut provider.issuer);
        provider
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap_or_else(|_| {
            let mut errors = String::new();
            self.errors.rewind().unwrap();
            self.errors.read_to_string(&mut errors).unwrap();
            panic!("the provider ended: {errors}")
        });
        assert_eq!(answer["error"], Value::Null, "the provider failed");
        answer
    }

    fn command(&mut self, command: &Value) -> Value {
        writeln!(self.commands, "{command}").unwrap();
        self.answer()
    }

    /// The tokens of a user who signs in with the authorization code flow, for this host as the resource.
    pub(crate) fn sign_in(&mut self, user: &str, resource: &str) -> Value {
        let resource = format!("https://{resource}");
        self.command(&json!({ "command": "sign_in", "user": user, "resource": resource }))
    }

    /// The access token of a user who signs in.
    pub(crate) fn token(&mut self, user: &str, resource: &str) -> String {
        access_token(&self.sign_in(user, resource))
    }

    /// The access token that a client gets for itself.
    pub(crate) fn machine_token(&mut self) -> String {
        let resource = "https://es256.api.test";
        access_token(&self.command(&json!({ "command": "client_credentials", "resource": resource })))
    }

    /// Signs with new keys from now on, and withdraws the old ones, or keeps them for the tokens that they signed.
    pub(crate) fn rotate(&mut self, keeps_old_keys: bool) {
        self.command(&json!({ "command": "rotate", "keep": keeps_old_keys }));
    }

    /// Refuses connections from now on.
    pub(crate) fn go_down(&mut self) {
        self.command(&json!({ "command": "down" }));
    }

    pub(crate) fn come_up(&mut self) {
        self.command(&json!({ "command": "up" }));
    }
}

fn access_token(tokens: &Value) -> String {
    tokens["access_token"].as_str().unwrap().to_owned()
}
