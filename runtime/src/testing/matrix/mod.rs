//! The access matrix as a committed file that a test compares with the routes.

mod callers;
mod demand;
mod difference;
mod pattern;
mod removed;
mod table;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;
use std::{env, fmt, fs, io};

use self::difference::Changes;
use crate::matrix::AccessMatrix;

/// Fails a test when an access matrix is not the one in a committed file, and says for each route who may call it that could not before.
///
/// The file is Markdown, as [`AccessMatrix::to_markdown`] writes it; its name is relative to the `Cargo.toml` of the crate that the test is
/// in. Write it for the first time, and accept a change, with an environment variable:
///
/// ```text
/// UPDATE_ACCESS_MATRIX=1 cargo test
/// ```
///
/// Nothing is written without it, nor where `CI` is set. Commit the file: a reviewer of its changes reads who may call what from then on,
/// one route on each line.
///
/// ```no_run
/// use countersign::{Auth, AuthRouter, SessionClaims, authenticated, routes};
/// use countersign::assert_access_matrix;
///
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: u64 }
/// #[authenticated]
/// #[utoipa::path(get, path = "/me")]
/// async fn me(user: User) -> String {
///     user.id.to_string()
/// }
///
/// fn router() -> AuthRouter<Auth<User>> {
///     AuthRouter::new().routes(routes!(me))
/// }
///
/// # let _ = stringify! {
/// #[test]
/// # };
/// fn the_access_matrix_is_the_committed_one() {
///     assert_access_matrix!(router().access_matrix(), "access.md");
/// }
/// # the_access_matrix_is_the_committed_one();
/// ```
///
/// # How to read a failure
///
/// ```text
/// the access matrix is not the one in `access.md`
///
/// changes: 2, of which let more people in: 1
///
/// wider: GET /members
///   was: role `admin`
///   now: role `member`
///
/// narrower: DELETE /posts/{id}
///   was: role `editor`
///   now: role `editor` and a sign-in at most 10m old
///
/// to accept this: UPDATE_ACCESS_MATRIX=1 cargo test -p blog
/// ```
///
/// | | |
/// |---|---|
/// | `wider` | all who could call it still can, and others too |
/// | `narrower` | some can no longer, and no others can |
/// | `different` | some can no longer, and others can now; also where there are too many conditions to say |
/// | `new route (wider)`, `removed route (narrower)` | |
/// | `wider: ... (answered by ...)` | the route was removed, and a broader one answers its requests now; the other kinds likewise |
/// | `removed route (same callers)` | the route that answers now is for the same people |
/// | `possibly wider: ... (may be answered by ...)` | the route was removed, and its requests may reach a router that does not list its routes, or the row to which that router passes them on |
/// | `same callers in other words` | the rule reads differently and means the same |
/// | `renamed reason` | a public route has another reason |
/// | `declared elsewhere` | for example by the handler's first argument, where an attribute was |
/// | `document` | the route came into the OpenAPI document, or left it |
///
/// Both rules are evaluated for every user that they could tell apart. Roles that imply others count: a role of the rule that is newly
/// implied by another one makes every route with that rule wider. Two checks are the same if they have the same name.
///
/// For a removed route, the comparison looks for the row that answers its requests now, in axum's order: the same path for another method
/// (`GET` for `HEAD`, a service, the handler for `other` methods), then literals before parameters before `{*path}` before fallbacks.
///
/// # Panics
///
/// When the file is missing, differs or cannot be read, and the variable is not set. Also when the file is damaged, for example by the
/// conflict markers of a merge.
#[macro_export]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
macro_rules! assert_access_matrix {
    ($matrix:expr, $file:expr $(,)?) => {
        $crate::testing::__assert_access_matrix(
            &$matrix,
            $file,
            ::core::env!("CARGO_MANIFEST_DIR"),
            ::core::env!("CARGO_PKG_NAME"),
        )
    };
}

/// The function behind [`assert_access_matrix!`](crate::assert_access_matrix).
#[doc(hidden)]
#[track_caller]
#[expect(clippy::panic, reason = "so an assertion fails")]
pub fn __assert_access_matrix(matrix: &AccessMatrix, file: &str, folder: &str, package: &str) {
    let path = Path::new(folder).join(file);
    let text = matrix.to_markdown();
    let settings = Settings::read(|name| env::var_os(name));
    let failure = match settings.judge(&fs::read_to_string(&path), &text) {
        Outcome::Same => return,
        Outcome::Write => match fs::write(&path, &text) {
            Ok(()) => return,
            Err(error) => panic!("the access matrix could not be written to {}: {error}", path.display()),
        },
        Outcome::Fail(failure) => failure,
    };
    let hint = if settings.in_ci { "; where `CI` is set, nothing is written" } else { "" };
    panic!(
        "the access matrix is not the one in `{file}`\n\n{failure}\nto accept this: {UPDATE}=1 cargo test -p {package}{hint}\n"
    );
}

const UPDATE: &str = "UPDATE_ACCESS_MATRIX";

/// The settings in the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Settings {
    update: bool,
    in_ci: bool,
}

enum Outcome {
    Same,
    Write,
    Fail(Failure),
}

impl Settings {
    fn read(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        Self {
            update: variable(UPDATE).is_some_and(|value| value == "1"),
            in_ci: variable("CI").is_some_and(|value| !value.is_empty()),
        }
    }

    fn judge(self, committed: &io::Result<String>, text: &str) -> Outcome {
        // A checkout may have changed the ends of lines.
        let committed = committed.as_ref().map(|committed| committed.replace("\r\n", "\n"));
        match committed {
            Ok(committed) if committed == text => Outcome::Same,
            _ if self.update && !self.in_ci => Outcome::Write,
            Ok(committed) => Outcome::Fail(Failure::between(&committed, text)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Outcome::Fail(Failure::Missing(text.to_owned()))
            }
            Err(error) => Outcome::Fail(Failure::Unreadable(error.to_string())),
        }
    }
}

/// Why a matrix is not the committed one.
enum Failure {
    /// There is no file. Holds the text that it would have.
    Missing(String),
    Unreadable(String),
    Damaged(String),
    Changed(Changes),
}

impl Failure {
    fn between(committed: &str, text: &str) -> Self {
        match (table::read(committed), table::read(text)) {
            (Ok(before), Ok(now)) => Self::Changed(Changes::between(before, now)),
            (Err(damage), _) => Self::Damaged(damage.to_string()),
            (_, Err(ours)) => Self::Unreadable(format!("the matrix of the router: {ours}")),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(text) => writeln!(f, "the file does not exist; it would be\n\n{text}"),
            Self::Unreadable(why) => writeln!(f, "the file cannot be read: {why}"),
            Self::Damaged(why) => writeln!(f, "the file is damaged, so it cannot be compared: {why}"),
            Self::Changed(Changes(changes)) if changes.is_empty() => {
                f.write_str("every route is the same; only blanks or the order of lines differ\n")
            }
            Self::Changed(changes) => changes.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
