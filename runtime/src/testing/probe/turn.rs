//! The order of a probe's requests: test data is read before it is changed, and changed before it is deleted.

use http::Method;

use super::cases::{Case, Expected};

/// When a request is sent, earliest first. Within one turn the routes follow the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// RFC 9110 section 9.2.1 calls these methods safe.
    Reads,
    Writes,
    Deletes,
}

impl Turn {
    pub(super) fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE => Self::Reads,
            Method::DELETE => Self::Deletes,
            _ => Self::Writes,
        }
    }
}

/// How likely a request is to run a handler, least first.
pub(super) fn effect(case: &Case) -> u8 {
    match case.expected {
        Expected::Refused(_) | Expected::NotServed => 0,
        Expected::Decided(_) => 1,
        Expected::Passed | Expected::Open => 2,
    }
}
