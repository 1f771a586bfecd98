//! Where a row of the matrix answers: which methods, at which paths.
//!
//! The router, the probe and the comparison decide by these two types. Their `Display` is what a reader sees; only a committed file is
//! read back from it.

use std::fmt;

use http::Method;

/// The methods that a row answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Methods {
    One(Method),
    /// Every method, as a service has it.
    Every,
    /// The methods that no other row of the same place has.
    Other,
}

impl Methods {
    /// HTTP would take `other` for a method like any other; no server has one of that name.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::One(method) => method.as_str(),
            Self::Every => "*",
            Self::Other => "other",
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes. `None` for what HTTP does not allow as a method.
    #[cfg(any(test, feature = "test-util"))]
    pub(crate) fn read(text: &str) -> Option<Self> {
        match text {
            "*" => Some(Self::Every),
            "other" => Some(Self::Other),
            method => Method::from_bytes(method.as_bytes()).ok().map(Self::One),
        }
    }
}

/// The path at which axum serves `path` when it is nested at `prefix`.
pub(crate) fn nested(prefix: &str, path: &str) -> String {
    match path {
        _ if prefix.ends_with('/') => format!("{prefix}{}", path.trim_start_matches('/')),
        "" | "/" => prefix.to_owned(),
        _ if path.starts_with('/') => format!("{prefix}{path}"),
        _ => format!("{prefix}/{path}"),
    }
}

/// The paths at which a row answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RoutePlace {
    /// One path with its placeholders, as axum writes them.
    Path(String),
    /// A prefix and everything below it: a service, or a nested router of axum.
    Prefix(String),
    /// Whatever no route answers, below a prefix; below an empty one, everywhere.
    Fallback { below: String },
    /// The routes of a merged router of axum, which does not list them, below a prefix.
    Unlisted { below: String },
}

const EVERYTHING_BELOW: &str = "/{*path}";
const FALLBACK: &str = "/{*fallback}";
const UNLISTED: &str = "routes of a router that keeps them to itself";
const BELOW: &str = ", below ";

impl RoutePlace {
    /// The fallback of a router that is not nested.
    pub(crate) const FALLBACK: Self = Self::Fallback { below: String::new() };

    /// The routes of a merged router that is not nested.
    pub(crate) const UNLISTED: Self = Self::Unlisted { below: String::new() };

    /// The same place in a router whose paths `moved` changes.
    pub(crate) fn map(&self, moved: impl FnOnce(&str) -> String) -> Self {
        match self {
            Self::Path(path) => Self::Path(moved(path)),
            Self::Prefix(prefix) => Self::Prefix(moved(prefix)),
            Self::Fallback { below } => Self::Fallback { below: moved(below) },
            Self::Unlisted { below } => Self::Unlisted { below: moved(below) },
        }
    }

    /// Reads what `Display` writes. A handler may have a path that looks like a prefix or a fallback, so the reader has to say whether
    /// the place has a row for every method, which a handler never has.
    #[cfg(any(test, feature = "test-util"))]
    pub(crate) fn read(text: &str, has_every_method: bool) -> Self {
        let before = |end| text.strip_suffix(end).filter(|_| has_every_method).map(str::to_owned);
        if !text.starts_with('/') {
            let below = text.split_once(BELOW).map_or("", |(_, below)| below);
            return Self::Unlisted { below: below.to_owned() };
        }
        match (before(FALLBACK), before(EVERYTHING_BELOW)) {
            (Some(below), _) => Self::Fallback { below },
            (None, Some(prefix)) => Self::Prefix(prefix),
            (None, None) => Self::Path(text.to_owned()),
        }
    }
}

impl fmt::Display for RoutePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let below = |prefix: &str, rest| format!("{}{rest}", prefix.trim_end_matches('/'));
        match self {
            Self::Path(path) => f.write_str(path),
            Self::Prefix(prefix) => f.write_str(&below(prefix, EVERYTHING_BELOW)),
            Self::Fallback { below: prefix } => f.write_str(&below(prefix, FALLBACK)),
            Self::Unlisted { below } if below.is_empty() => f.write_str(UNLISTED),
            Self::Unlisted { below } => write!(f, "{UNLISTED}{BELOW}{below}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_from_what_it_prints() {
        let path = |path: &str| RoutePlace::Path(path.to_owned());
        let prefix = |prefix: &str| RoutePlace::Prefix(prefix.to_owned());
        let fallback = |below: &str| RoutePlace::Fallback { below: below.to_owned() };
        let unlisted = |below: &str| RoutePlace::Unlisted { below: below.to_owned() };
        for (place, has_every_method, printed) in [
            (path("/"), false, "/"),
            (path("/posts/{id}"), false, "/posts/{id}"),
            (path("/files/{*path}"), false, "/files/{*path}"),
            (path("/{*fallback}"), false, "/{*fallback}"),
            (path("/metrics"), true, "/metrics"),
            (prefix("/files"), true, "/files/{*path}"),
            (fallback(""), true, "/{*fallback}"),
            (fallback("/api/v1"), true, "/api/v1/{*fallback}"),
            (unlisted(""), true, "routes of a router that keeps them to itself"),
            (unlisted("/api/"), true, "routes of a router that keeps them to itself, below /api/"),
        ] {
            assert_eq!(place.to_string(), printed);
            assert_eq!(RoutePlace::read(printed, has_every_method), place, "{printed}");
        }
    }

    #[test]
    fn methods_read_back_from_what_they_print() {
        for methods in [Methods::One(Method::GET), Methods::Every, Methods::Other] {
            assert_eq!(Methods::read(methods.as_str()), Some(methods));
        }
        assert_eq!(Methods::read("GET POST"), None);
    }
}
