//! Outside programs, each run to its end. They may contact no host except the server under test.

use std::ffi::OsStr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// Nothing listens there, so a tool that contacts its maker fails.
const CLOSED_PORT: &str = "http://127.0.0.1:9";

/// A folder with the document, the client and the tools from npm; removed when the value is dropped.
pub(crate) struct Workshop {
    folder: TempDir,
}

/// The output of a tool, and whether it succeeded.
pub(crate) struct Said {
    pub(crate) content: bool,
    pub(crate) text: String,
}

impl Workshop {
    pub(crate) fn with(document: &Value) -> Self {
        let modules = here().join("node_modules");
        assert!(
            modules.join(".bin/redocly").exists(),
            "the validators are not installed; type: (cd tests/document && npm ci --ignore-scripts)"
        );
        let folder = tempfile::tempdir().unwrap();
        symlink(modules, folder.path().join("node_modules")).unwrap();
        for name in ["client.ts", "package.json", "tsconfig.json"] {
            std::fs::copy(here().join(name), folder.path().join(name)).unwrap();
        }
        std::fs::write(folder.path().join("openapi.json"), document.to_string()).unwrap();
        Self { folder }
    }

    /// Runs Redocly. Its configuration stays where it is, since other tools would read it from the folder.
    pub(crate) fn redocly(&self) -> Said {
        let config = here().join("redocly.yaml");
        self.npm("redocly", &["lint", "openapi.json", "--config", config.to_str().unwrap()])
    }

    /// Runs a tool from npm.
    pub(crate) fn npm(&self, tool: &str, arguments: &[&str]) -> Said {
        self.run(here().join("node_modules/.bin").join(tool), arguments)
    }

    /// Runs a program that `tsc` has made.
    pub(crate) fn node(&self, arguments: &[&str]) -> Said {
        self.run("node", arguments)
    }

    pub(crate) fn schemathesis(&self, arguments: &[&str]) -> Said {
        self.python("schemathesis.cli", arguments)
    }

    /// Runs openapi-spec-validator.
    pub(crate) fn rules(&self) -> Said {
        self.python("openapi_spec_validator", &["--schema", "3.1", "openapi.json"])
    }

    /// Runs a module of Python.
    fn python(&self, module: &str, arguments: &[&str]) -> Said {
        let environment = here().join("../../target/document-venv");
        assert!(
            environment.join("bin").join("openapi-spec-validator").exists(),
            "the validators of Python are not installed; type: python3 -m venv target/document-venv && \
             target/document-venv/bin/pip install -r tests/document/requirements.txt"
        );
        let arguments: Vec<_> = ["-m", module].iter().chain(arguments).copied().collect();
        self.run(environment.join("bin/python"), &arguments)
    }

    fn run(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Said {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(self.folder.path())
            .env("REDOCLY_TELEMETRY", "off")
            .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")
            .envs(["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"].map(|name| (name, CLOSED_PORT)))
            .envs(["no_proxy", "NO_PROXY"].map(|name| (name, "127.0.0.1")))
            .output()
            .expect("node runs; if it is not there, type: sudo apt-get install -y nodejs npm");
        let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        Said { content: output.status.success(), text: text.concat() }
    }
}

impl Said {
    /// Panics with the output of the tool unless it succeeded.
    #[track_caller]
    pub(crate) fn content(self) -> String {
        assert!(self.content, "{}", self.text);
        self.text
    }

    /// Panics unless the tool failed and its output has these words.
    #[track_caller]
    pub(crate) fn complains(self, words: &str) {
        assert!(!self.content, "it found nothing: {}", self.text);
        assert!(self.text.contains(words), "{words} is not in: {}", self.text);
    }
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("document")
}
