//! Lines that an example prints for its user to paste, pasted.

use std::process::Command;

use crate::process::Process;

/// The example `resource-server` with this provider as `acme`, once it listens, and the lines that it has printed.
pub(crate) fn resource_server(provider: &str) -> (Process, Vec<String>) {
    let mut server = Process::start_for(0, &["-p", "resource-server"], &[("PROVIDER", provider)]);
    let mut lines = Vec::new();
    loop {
        let line = server.line();
        if let Some(url) = line.strip_prefix("listening on ") {
            url.clone_into(&mut server.url);
            return (server, lines);
        }
        lines.push(line);
    }
}

/// Runs the assignments and the curl lines in one shell. Each curl line has to get the status that the comment at its end tells. Returns the
/// statuses.
pub(crate) fn paste(lines: &[String]) -> Vec<String> {
    let mut script = String::new();
    let mut expected = Vec::new();
    for line in lines {
        if let Some((command, comment)) =
            line.split_once(" # ").filter(|(command, _)| command.starts_with("curl "))
        {
            script += &format!("{} -sS -o /dev/null -w '%{{http_code}}\\n'\n", command.trim_end());
            expected.push(comment[..3].to_owned());
        } else if line.contains("=$(curl ") {
            script += &format!("{line}\n");
        }
    }
    let output = Command::new("bash").args(["-ec", &script]).output().expect("bash runs");
    let [said, errors] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let statuses: Vec<_> = said.lines().map(str::to_owned).collect();
    assert_eq!(statuses, expected, "{script}{errors}");
    statuses
}
