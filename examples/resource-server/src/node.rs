//! `oidc-provider`, an OpenID provider of npm, in a process beside this one.

use std::error::Error;
use std::io::{BufRead as _, BufReader, ErrorKind};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde::Deserialize;

use crate::Provider;

/// The process. It ends when this program does, since its stdin is closed then.
pub(crate) struct Process {
    _child: Child,
}

/// What the script says about itself.
#[derive(Deserialize)]
struct Addresses {
    issuer: String,
    authorization_url: String,
    token_url: String,
}

/// Starts the provider, if `npm ci` has installed it and `PROVIDER=mock` does not say otherwise.
pub(crate) fn start(
    name: &'static str,
    api: &str,
    robot_secret: &str,
) -> Result<Option<(Provider, Process)>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("provider");
    let is_unwanted = std::env::var_os("PROVIDER").is_some_and(|provider| provider == "mock");
    if is_unwanted || !folder.join("node_modules").exists() {
        return Ok(None);
    }
    let spawned = Command::new("node")
        .args(["provider.mjs", api, robot_secret])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match spawned {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        spawned => spawned?,
    };
    let mut line = String::new();
    // Nothing is served yet, so it may block.
    BufReader::new(child.stdout.take().ok_or("node has no stdout")?).read_line(&mut line)?;
    let Addresses { issuer, authorization_url, token_url } = serde_json::from_str(&line)?;
    Ok(Some((Provider { name, issuer, authorization_url, token_url }, Process { _child: child })))
}
