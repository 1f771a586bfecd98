//! An example as a process, driven over real HTTP as its user does with curl.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use axum::http::{HeaderMap, Method, Request};
use serde_json::{Value, json};

/// A server, ended with the test.
pub(crate) struct Process {
    child: Child,
    pub(crate) url: String,
    passwords: Vec<(String, String)>,
    lines: mpsc::Receiver<String>,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server's answer; a body that is not JSON is a string.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// `cargo run <arguments>`, or the program itself where `tests/run` has built it: it says in `PROGRAMS` in which folder. Cargo would build the
/// program's dependencies again, with the features of its package alone.
fn program(arguments: &[&str]) -> Command {
    if let Some(folder) = std::env::var_os("PROGRAMS") {
        return Command::new(Path::new(&folder).join(arguments.last().unwrap()));
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap());
    cargo.args(["run", "--quiet"]).args(arguments);
    cargo
}

impl Process {
    /// Builds and starts `cargo run <arguments>` on a free port and reads the lines that it prints for its user.
    pub(crate) fn start<V: AsRef<OsStr>>(arguments: &[&str], environment: &[(&str, V)]) -> Self {
        Self::start_for(2, arguments, environment)
    }

    /// As [`start`](Self::start), for a program with this number of demo users.
    pub(crate) fn start_for<V: AsRef<OsStr>>(
        users: usize,
        arguments: &[&str],
        environment: &[(&str, V)],
    ) -> Self {
        let mut child = program(arguments)
            .env("PORT", "0")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        // Reads on after the receiver is gone: a closed pipe would end the server.
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let mut process = Self { child, url: String::new(), passwords: Vec::new(), lines };
        while process.passwords.len() < users {
            let line = process.line();
            process.read_sign_in(&line);
        }
        process
    }

    /// The next line that the program tells its user.
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(Duration::from_secs(600)).expect("the example says more").trim().to_owned()
    }

    /// `curl ... <url>/login ... --json '<name and password>'`, also within `PAIR=$(...)`
    fn read_sign_in(&mut self, line: &str) {
        let Some((url, rest)) = line.split_once("/login ") else { return };
        let Some((_, url)) = url.rsplit_once(' ') else { return };
        let Some((_, rest)) = rest.split_once("--json '") else { return };
        let (body, _) = rest.split_once('\'').unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        url.clone_into(&mut self.url);
        self.passwords.push((text(&body, "name"), text(&body, "password")));
    }

    /// A request as curl sends it: without following redirects.
    pub(crate) fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Reply {
        send(&format!("{}{path}", self.url), method, headers, body)
    }

    /// A request with an access token.
    pub(crate) fn call(&self, method: Method, path: &str, token: &str) -> (u16, Value) {
        let reply = self.send(method, path, &[("authorization", &format!("Bearer {token}"))], None);
        (reply.status, reply.body)
    }

    pub(crate) fn get(&self, path: &str, token: Option<&str>) -> (u16, Value) {
        if let Some(token) = token {
            return self.call(Method::GET, path, token);
        }
        let reply = self.send(Method::GET, path, &[], None);
        (reply.status, reply.body)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let reply = self.send(Method::POST, path, &[], Some(body));
        (reply.status, reply.body)
    }

    /// The body with which a demo user signs in.
    pub(crate) fn credentials(&self, name: &str) -> Value {
        let (_, password) = self.passwords.iter().find(|(user, _)| user == name).unwrap();
        json!({ "name": name, "password": password })
    }

    /// Signs a demo user in: the access token and the refresh token.
    pub(crate) fn login(&self, name: &str) -> (String, String) {
        let (status, pair) = self.post("/login", &self.credentials(name));
        assert_eq!(status, 200, "{pair}");
        (text(&pair, "access_token"), text(&pair, "refresh_token"))
    }
}

/// A request to any address, as curl sends it: without following redirects.
pub(crate) fn send(url: &str, method: Method, headers: &[(&str, &str)], body: Option<&Value>) -> Reply {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent("curl/8.5.0")
        .build()
        .into();
    let request = Request::builder().method(method).uri(url);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = match body {
        Some(body) => {
            let request = request.header("content-type", "application/json");
            agent.run(request.body(body.to_string()).unwrap())
        }
        None => agent.run(request.body(()).unwrap()),
    };
    let (parts, mut body) = answer.unwrap().into_parts();
    let body = body.read_to_string().unwrap();
    let body = serde_json::from_str(&body).unwrap_or(Value::String(body));
    Reply { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// The text of a member.
pub(crate) fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}")).to_owned()
}
