//! Crates that a program has in another version than the runtime takes. Their types differ, and rustc would report each of them.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{env, fs};

use proc_macro2::Span;

use crate::errors::{Errors, Message};

/// The crates that a program and the runtime share, in the versions that the runtime takes.
const SHARED: [(&str, &str); 2] = [("axum", "0.8"), ("utoipa", "6")];

/// A crate in another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Other {
    pub(crate) name: &'static str,
    needed: &'static str,
}

impl Other {
    /// Reports the version, once in a program.
    pub(crate) fn report(self, errors: &Errors) {
        static SAID: AtomicBool = AtomicBool::new(false);
        if SAID.swap(true, Ordering::Relaxed) {
            return;
        }
        let Self { name, needed } = self;
        let message =
            Message::new(format!("this crate needs {name} {needed}, and the package has another version"));
        errors
            .push_at(Span::call_site(), message.help(format!("write `{name} = \"{needed}\"` in Cargo.toml")));
    }
}

/// The crates that this program has in another version, as far as that is known.
pub(crate) fn others() -> &'static [Other] {
    static FOUND: OnceLock<Vec<Other>> = OnceLock::new();
    FOUND.get_or_init(|| {
        if proc_macro::is_available() {
            found(env::args(), |file| fs::read_to_string(file).ok())
        } else {
            Vec::new()
        }
    })
}

/// rustc, in which macros run, is told the file of each dependency: `--extern utoipa=/.../libutoipa-0a1b.rmeta`. Beside it, cargo keeps the names of
/// the sources in `utoipa-0a1b.d`, and the folder of a package has its version: `/utoipa-6.0.0/src/lib.rs`. Where any of this is not so,
/// the version is not known.
fn found(arguments: impl Iterator<Item = String>, read: impl Fn(&Path) -> Option<String>) -> Vec<Other> {
    let files: Vec<String> =
        arguments.filter_map(|argument| Some(argument.split_once('=')?.1.to_owned())).collect();
    let is_other = |(name, needed): &(&str, &str)| {
        let versions: Vec<_> =
            files.iter().filter_map(|file| version(Path::new(file), name, &read)).collect();
        !versions.is_empty() && !versions.iter().any(|version| version == needed)
    };
    SHARED.into_iter().filter(is_other).map(|(name, needed)| Other { name, needed }).collect()
}

/// The part of the version that has to be equal, if the file is the library of this name.
fn version(library: &Path, name: &str, read: impl Fn(&Path) -> Option<String>) -> Option<String> {
    let stem = library.file_stem()?.to_str()?.strip_prefix("lib")?;
    stem.strip_prefix(name)?.strip_prefix('-')?;
    let sources = read(&library.with_file_name(format!("{stem}.d")))?.replace('\\', "/");
    let folder = format!("/{name}-");
    sources.split(&folder).skip(1).find_map(|rest| {
        let mut numbers = rest.split('/').next()?.split('.');
        let (major, minor) = (numbers.next()?, numbers.next()?);
        numbers.next()?;
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let compatible = if major == "0" { format!("0.{minor}") } else { major.to_owned() };
        (is_number(major) && is_number(minor)).then_some(compatible)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(files: &[(&str, &str)]) -> Vec<&'static str> {
        let arguments = files
            .iter()
            .flat_map(|(library, _)| ["--extern".to_owned(), format!("x=/deps/lib{library}.rmeta")]);
        let read = |path: &Path| {
            let file = files.iter().find(|(library, _)| path == Path::new(&format!("/deps/{library}.d")))?;
            Some(format!("/deps/{}.d: {}\n", file.0, file.1))
        };
        found(arguments, read).into_iter().map(|other| other.name).collect()
    }

    #[test]
    fn another_version_is_known_from_the_sources() {
        let (six, five) = ("/registry/utoipa-6.0.0/src/lib.rs", "/registry/utoipa-5.4.0/src/lib.rs");
        assert_eq!(names(&[("utoipa-0a1b", five)]), ["utoipa"]);
        assert_eq!(names(&[("utoipa-0a1b", r"C:\registry\utoipa-5.4.0\src\lib.rs")]), ["utoipa"]);
        assert_eq!(
            names(&[("axum-1", "/registry/axum-0.7.9/src/lib.rs"), ("utoipa-2", five)]),
            ["axum", "utoipa"]
        );
        for right in [
            vec![("utoipa-0a1b", six)],
            vec![("axum-0", "/registry/axum-0.8.9/src/lib.rs")],
            // Both are there under two names.
            vec![("utoipa-1", five), ("utoipa-2", six)],
            vec![("utoipa_gen-1", "/registry/utoipa-gen-5.4.0/src/lib.rs")],
            vec![("utoipa-1", "/projects/utoipa/src/lib.rs")],
            vec![("utoipa-1", "/projects/utoipa-next/src/lib.rs")],
            vec![],
        ] {
            assert_eq!(names(&right), [""; 0], "{right:?}");
        }
    }
}
