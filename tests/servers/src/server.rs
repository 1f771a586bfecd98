//! A server and the script that looks after it.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::give_up;

/// Another process may take the port between our check and the start of the server.
const PORTS_TO_TRY: u32 = 5;

/// Writes the configuration of a server in this folder, at this port.
type Configure<'c> = &'c dyn Fn(&Path, u16) -> String;

/// A running server, ended with this value or with the process.
#[derive(Debug)]
pub(crate) struct Server {
    supervisor: Mutex<Supervisor>,
    folder: PathBuf,
    port: u16,
}

impl Server {
    /// Starts the server of this kind, whose programs are in `programs`, on a free port.
    pub(crate) fn start(kind: &str, programs: &Path) -> Self {
        Self::start_from(kind, programs, None, None)
    }

    /// As [`start`](Self::start), with a file `config` that is written for the folder and the port.
    pub(crate) fn start_with(kind: &str, programs: &Path, configure: Configure<'_>) -> Self {
        Self::start_from(kind, programs, None, Some(configure))
    }

    /// As [`start`](Self::start), as the standby of the server at the port `primary`.
    pub(crate) fn start_standby(kind: &str, programs: &Path, primary: u16) -> Self {
        Self::start_from(kind, programs, Some(primary), None)
    }

    fn start_from(
        kind: &str,
        programs: &Path,
        primary: Option<u16>,
        configure: Option<Configure<'_>>,
    ) -> Self {
        let mut supervisor = Supervisor::spawn(kind, programs, primary);
        let folder = PathBuf::from(supervisor.answer());
        if supervisor.answer() != "prepared" {
            give_up(&format!("no data for a {kind} server for the tests:\n{}", log(&folder)));
        }
        for _ in 0..PORTS_TO_TRY {
            let port = if kind == "redis-cluster" { free_port_below_another() } else { free_port() };
            if let Some(configure) = configure
                && let Err(error) = fs::write(folder.join("config"), configure(&folder, port))
            {
                give_up(&format!("no configuration for a {kind} server for the tests: {error}"));
            }
            if supervisor.ask(&format!("start {port}")) == "ready" {
                return Self { supervisor: Mutex::new(supervisor), folder, port };
            }
        }
        give_up(&format!("no {kind} server for the tests; it says:\n{}", log(&folder)))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn stop(&self) {
        self.expect("stop", "stopped");
    }

    pub(crate) fn start_again(&self) {
        self.expect(&format!("start {}", self.port), "ready");
    }

    pub(crate) fn pause(&self) {
        self.expect("pause", "paused");
    }

    pub(crate) fn resume(&self) {
        self.expect("resume", "resumed");
    }

    fn expect(&self, command: &str, expected: &str) {
        let answer = self.supervisor.lock().unwrap_or_else(PoisonError::into_inner).ask(command);
        if answer != expected {
            give_up(&format!("`{command}` failed; the server says:\n{}", log(&self.folder)));
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    listener.unwrap_or_else(|error| give_up(&format!("no free port: {error}"))).port()
}

/// A port such that the one 10,000 above it is free as well.
fn free_port_below_another() -> u16 {
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    let mut ports = std::iter::repeat_with(free_port).take(1000);
    let found = ports.find(|port| port.checked_add(10_000).is_some_and(is_free));
    found.unwrap_or_else(|| give_up("no two free ports that are 10,000 apart"))
}

fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_else(|error| error.to_string())
}

#[derive(Debug)]
struct Supervisor {
    process: Child,
    /// Closing it is the order to end everything.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Supervisor {
    fn spawn(kind: &str, programs: &Path, primary: Option<u16>) -> Self {
        let spawned = Command::new("sh")
            .args(["-c", include_str!("supervisor.sh"), "supervisor", kind])
            .arg(programs)
            .arg(primary.map_or_else(String::new, |port| port.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for the tests; the script has to live on to remove the folder.
            .process_group(0)
            .spawn();
        let mut process = spawned.unwrap_or_else(|error| give_up(&format!("`sh` does not start: {error}")));
        let (Some(commands), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            give_up("`sh` has no pipes")
        };
        Self { process, commands: Some(commands), answers: BufReader::new(answers) }
    }

    fn ask(&mut self, command: &str) -> String {
        let written = self.commands.as_mut().map(|commands| writeln!(commands, "{command}"));
        if !matches!(written, Some(Ok(()))) {
            give_up("the script that looks after the server is gone");
        }
        self.answer()
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(_) => line.trim_end().to_owned(),
            Err(error) => give_up(&format!("no answer from the script that looks after the server: {error}")),
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.commands.take());
        let _ = self.process.wait();
    }
}
