//! The file, and when it is written.

use std::collections::HashMap;
use std::panic::catch_unwind;

use super::super::*;
use super::*;

const UPDATING: Settings = Settings { update: true, in_ci: false };
const COMPARING: Settings = Settings { update: false, in_ci: false };
const IN_CI: Settings = Settings { update: true, in_ci: true };

fn settings<const N: usize>(variables: [(&str, &str); N]) -> Settings {
    let variables = HashMap::from(variables);
    Settings::read(|name| variables.get(name).map(OsString::from))
}

fn failure(verdict: Outcome) -> String {
    match verdict {
        Outcome::Fail(failure) => failure.to_string(),
        Outcome::Same => panic!("the same"),
        Outcome::Write => panic!("written"),
    }
}

fn missing() -> io::Result<String> {
    Err(ErrorKind::NotFound.into())
}

#[test]
fn only_1_accepts_a_new_matrix() {
    assert_eq!(settings([]), COMPARING);
    assert_eq!(settings([("UPDATE_ACCESS_MATRIX", "1")]), UPDATING);
    for value in ["", "0", "no", "false", " 1", "11", "true"] {
        assert_eq!(settings([("UPDATE_ACCESS_MATRIX", value)]), COMPARING, "{value:?}");
    }
    assert_eq!(settings([("UPDATE_EXPECT", "1")]), COMPARING);
    assert_eq!(settings([("UPDATE_ACCESS_MATRIX", "1"), ("CI", "true")]), IN_CI);
    assert_eq!(settings([("UPDATE_ACCESS_MATRIX", "1"), ("CI", "")]), UPDATING);
}

#[test]
fn in_ci_nothing_is_written() {
    let text = text(row(Access::Authenticated));
    let other = super::text(row(Access::Optional));
    assert!(matches!(UPDATING.judge(&Ok(other.clone()), &text), Outcome::Write));
    assert!(matches!(UPDATING.judge(&missing(), &text), Outcome::Write));
    assert!(failure(IN_CI.judge(&Ok(other), &text)).contains("narrower: GET /posts"));
    assert!(failure(IN_CI.judge(&missing(), &text)).starts_with("the file does not exist"));
    assert!(matches!(IN_CI.judge(&Ok(text.clone()), &text), Outcome::Same));
}

#[test]
fn the_same_matrix_is_not_written_again() {
    let text = text(row(Access::Authenticated));
    for settings in [UPDATING, COMPARING, IN_CI] {
        assert!(matches!(settings.judge(&Ok(text.clone()), &text), Outcome::Same));
        assert!(matches!(settings.judge(&Ok(text.replace('\n', "\r\n")), &text), Outcome::Same));
    }
}

#[test]
fn what_is_missing_or_cannot_be_read_fails() {
    let text = text(row(Access::Authenticated));
    assert_eq!(
        failure(COMPARING.judge(&missing(), &text)),
        format!("the file does not exist; it would be\n\n{text}\n")
    );
    let denied = Err(ErrorKind::PermissionDenied.into());
    assert!(failure(COMPARING.judge(&denied, &text)).starts_with("the file cannot be read: "));
}

#[test]
fn a_damaged_file_fails_and_says_where() {
    let text = text(row(Access::Require(Rule::Role("admin"))));
    let last = text.lines().last().unwrap();
    for (damaged, line, why) in [
        (String::new(), 1, "does not begin"),
        ("something else\n".to_owned(), 1, "does not begin"),
        (text.replace("| Method", "| Verb"), 5, "does not begin"),
        (text.replace("| ---", "| --"), 6, "does not begin"),
        (format!("{text}<<<<<<< ours\n{last}\n"), 8, "six columns"),
        (format!("{text}\n"), 8, "six columns"),
        (format!("{text}{}\n", last.replace("| yes", "| perhaps")), 8, "a cell is missing"),
        (format!("{text}{}\n", last.replace("| GET", "|    ")), 8, "a cell is missing"),
        (format!("{text}{}\n", last.replace("| GET", "| a b")), 8, "`a b` is not a method"),
        (
            format!("{text}{}\n", last.replace("role `admin`", "role admin")),
            8,
            "expected a name between backticks",
        ),
        (format!("{text}{}\n", last.replace("role `admin`", "")), 8, "expected a condition, found ``"),
        (format!("{text}{}\n", last.replace("`/posts`", "/posts")), 8, "expected a name between backticks"),
        (format!("{text}{}\n", last.replace("`/posts`", "`/posts` x")), 8, "expected the end of the path"),
        (
            format!("{text}{}\n", last.replace("|                              |", "| `a` by |")),
            8,
            "expected ` by `",
        ),
    ] {
        let failure = failure(COMPARING.judge(&Ok(damaged.clone()), &text));
        assert!(failure.contains("the file is damaged"), "{damaged}\n{failure}");
        assert!(
            failure.contains(&format!(": line {line}: ")) && failure.contains(why),
            "{damaged}\n{failure}"
        );
        assert!(matches!(UPDATING.judge(&Ok(damaged), &text), Outcome::Write));
    }
}

#[test]
fn blanks_alone_fail_as_blanks() {
    let text = text(row(Access::Authenticated));
    for changed in [text.trim_end().to_owned(), text.replace("| its attribute", "|  its attribute")] {
        assert!(failure(COMPARING.judge(&Ok(changed), &text)).starts_with("every route is the same"));
    }
}

/// The whole way, with files. `UPDATE_ACCESS_MATRIX` is for this one too, so it stays away from the failing half then.
#[test]
fn the_message_has_the_command_and_the_place_of_the_test() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(row(Access::Authenticated));
    fs::write(folder.path().join("access.md"), &text).unwrap();
    let matrix = AccessMatrix::new(vec![row(Access::Authenticated)]);
    let path = folder.path().to_str().unwrap().to_owned();
    __assert_access_matrix(&matrix, "access.md", &path, "blog");

    if env::var_os(UPDATE).is_some() {
        return;
    }
    let message = catch_unwind(|| __assert_access_matrix(&matrix, "other.md", &path, "blog")).unwrap_err();
    let message = message.downcast_ref::<String>().unwrap();
    assert!(
        message.starts_with("the access matrix is not the one in `other.md`\n\nthe file does not exist; "),
        "{message}"
    );
    assert!(message.contains("\nto accept this: UPDATE_ACCESS_MATRIX=1 cargo test -p blog"), "{message}");
    assert!(!folder.path().join("other.md").exists());
}
