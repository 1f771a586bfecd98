//! Mistakes in a complete program. `cases/programs/base.rs` is the program, and each other file there holds mistakes about one topic, as edits of it:
//!
//! ```text
//! # A role in `implies` that does not exist
//! -    #[role(implies(Member))]
//! +    #[role(implies(Membr))]
//! error: unknown role `Membr` in #[role(implies(...))]
//! caret: Membr
//! ```
//!
//! The edit is a hunk of a unified diff, and a line `...` parts two hunks. The lines that it removes or repeats have to be in the program exactly
//! once. Then come the first line of the only error, and the text above its caret, which is in a line that the edit shows. A line `compiles` in
//! their place says that the edit is no mistake.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use serde_json::Value;

use crate::compiler;

const FOLDER: &str = "cases/programs";

/// One edit of the program, and the error that the user reads.
struct Mistake {
    name: String,
    hunks: Vec<Hunk>,
    expected: Expected,
}

/// Consecutive lines of the program, before and after.
#[derive(Default)]
struct Hunk {
    old: Vec<String>,
    new: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Expected {
    Compiles,
    Error { message: String, caret: String },
}

/// The topics: the names of the files with mistakes.
pub(crate) fn topics() -> Vec<String> {
    let files = fs::read_dir(FOLDER).unwrap().map(|file| file.unwrap().path());
    let topics = files.filter(|path| path.extension().is_some_and(|end| end == "diff"));
    topics.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

/// What is wrong with the mistakes of a topic. `MISTAKE=words` compiles only those whose name contains the words.
pub(crate) fn complaints(topic: &str) -> Vec<String> {
    let path = Path::new(FOLDER).join(topic).with_extension("diff");
    let mistakes = parse(&fs::read_to_string(&path).unwrap());
    assert!(!mistakes.is_empty(), "{} holds no mistake", path.display());
    let wanted = env::var("MISTAKE").unwrap_or_default();
    let wanted = mistakes.iter().filter(|mistake| mistake.name.contains(&wanted));
    wanted.filter_map(|mistake| Some(format!("{topic}: {}: {}", mistake.name, complaint(mistake)?))).collect()
}

/// The program without an edit.
pub(crate) fn base() -> String {
    fs::read_to_string(Path::new(FOLDER).join("base.rs")).unwrap().replace('\r', "")
}

/// The errors and warnings that the compiler finds in a program.
pub(crate) fn messages(program: &str) -> Vec<Value> {
    let mut messages = compiler::messages_of(program);
    messages.retain(|message| message["level"] == "error" || message["level"] == "warning");
    messages
}

fn complaint(mistake: &Mistake) -> Option<String> {
    let (program, shown) = match edited(&base(), &mistake.hunks) {
        Ok(edited) => edited,
        Err(complaint) => return Some(complaint),
    };
    let mut errors = messages(&program);
    errors.retain(|message| message["level"] == "error");
    let found = match &errors[..] {
        [] => Ok(Expected::Compiles),
        [error] => error_of(error, &shown),
        errors => Err(format!("{} errors", errors.len())),
    };
    let complaint = match found {
        Ok(found) if found == mistake.expected => return None,
        Ok(found) if !compiler::is_of_the_texts() && found != Expected::Compiles => return None,
        Ok(found) => format!("{found:?}\n  and not {:?}", mistake.expected),
        Err(complaint) => complaint,
    };
    let rendered = errors.iter().filter_map(|error| error["rendered"].as_str());
    Some(rendered.fold(complaint, |mut text, error| {
        let _ = write!(text, "\n{error}");
        text
    }))
}

/// The first line of an error and the text above its caret; the caret has to be in one of the lines `shown`.
fn error_of(error: &Value, shown: &[bool]) -> Result<Expected, String> {
    let spans = error["spans"].as_array().into_iter().flatten();
    let mut carets = spans.filter(|span| span["is_primary"] == true);
    let (Some(caret), None) = (carets.next(), carets.next()) else { return Err("not one caret".to_owned()) };
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    if caret["file_name"] != compiler::PROGRAM || !shown[number(&caret["line_start"]) - 1] {
        return Err(format!("the caret is in line {}, which the edit does not show", caret["line_start"]));
    }
    let text = caret["text"].as_array().into_iter().flatten().map(|line| {
        let letters = line["text"].as_str().unwrap().chars();
        let (start, end) = (number(&line["highlight_start"]) - 1, number(&line["highlight_end"]) - 1);
        letters.take(end).skip(start).collect::<String>().trim().to_owned()
    });
    let message = error["message"].as_str().unwrap().lines().next().unwrap_or_default().to_owned();
    Ok(Expected::Error { message, caret: text.collect::<Vec<_>>().join(" ") })
}

/// The program after the edits, and for each of its lines whether an edit shows it.
fn edited(program: &str, hunks: &[Hunk]) -> Result<(String, Vec<bool>), String> {
    let mut lines: Vec<_> = program.lines().map(|line| (line.to_owned(), false)).collect();
    for Hunk { old, new } in hunks {
        let is_here = |start: &usize| lines[*start..].iter().map(|(line, _)| line).take(old.len()).eq(old);
        let places: Vec<_> = (0..lines.len()).filter(is_here).collect();
        let [place] = places[..] else {
            return Err(format!(
                "these lines are in the program {} times:\n{}",
                places.len(),
                old.join("\n")
            ));
        };
        lines.splice(place..place + old.len(), new.iter().map(|line| (line.clone(), true)));
    }
    let (lines, shown): (Vec<_>, _) = lines.into_iter().unzip();
    Ok((lines.join("\n") + "\n", shown))
}

fn parse(text: &str) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).peekable();
    while let Some(line) = lines.next() {
        let name =
            line.strip_prefix("# ").unwrap_or_else(|| panic!("{line:?} is not `# ` and a name")).to_owned();
        let mut hunks = vec![Hunk::default()];
        let expected = loop {
            let line = lines.next().unwrap_or_else(|| panic!("{name} has no end"));
            let hunk = hunks.last_mut().unwrap();
            if line == "..." {
                hunks.push(Hunk::default());
            } else if let Some(line) = line.strip_prefix('-') {
                hunk.old.push(line.to_owned());
            } else if let Some(line) = line.strip_prefix('+') {
                hunk.new.push(line.to_owned());
            } else if let Some(line) = line.strip_prefix(' ') {
                hunk.old.push(line.to_owned());
                hunk.new.push(line.to_owned());
            } else if line == "compiles" {
                break Expected::Compiles;
            } else if let Some(message) = line.strip_prefix("error: ") {
                let caret = lines.next().and_then(|line| line.strip_prefix("caret: "));
                let caret = caret.unwrap_or_else(|| panic!("{name} has no caret behind its error"));
                break Expected::Error { message: message.to_owned(), caret: caret.to_owned() };
            } else {
                panic!("{name}: {line:?} is no line of an edit");
            }
        };
        assert!(hunks.iter().all(|hunk| !hunk.old.is_empty()), "{name}: a hunk without a place");
        assert!(hunks.iter().any(|hunk| hunk.old != hunk.new), "{name} changes nothing");
        mistakes.push(Mistake { name, hunks, expected });
    }
    mistakes
}

#[cfg(test)]
mod tests {
    use super::{Expected, edited, parse};

    const EDIT: &str = "\
# A name
 a
-b
+B
...
 c
+d
error: sentence
caret: B
";

    #[test]
    fn an_edit_is_applied_and_shown() {
        let [mistake] = &parse(EDIT)[..] else { panic!() };
        assert_eq!(mistake.name, "A name");
        assert_eq!(
            mistake.expected,
            Expected::Error { message: "sentence".to_owned(), caret: "B".to_owned() }
        );
        let (program, shown) = edited("x\na\nb\nc\ny\n", &mistake.hunks).unwrap();
        assert_eq!(program, "x\na\nB\nc\nd\ny\n");
        assert_eq!(shown, [false, true, true, true, true, false]);
    }

    #[test]
    fn an_edit_has_one_place() {
        let [mistake] = &parse(EDIT)[..] else { panic!() };
        for (program, count) in [("a\nc\n", 0), ("a\nb\na\nb\nc\n", 2), ("", 0)] {
            let complaint = edited(program, &mistake.hunks).unwrap_err();
            assert!(
                complaint.starts_with(&format!("these lines are in the program {count} times")),
                "{complaint}"
            );
        }
    }

    #[test]
    #[should_panic = "changes nothing"]
    fn an_edit_that_changes_nothing_is_refused() {
        parse("# A\n a\ncompiles\n");
    }
}
