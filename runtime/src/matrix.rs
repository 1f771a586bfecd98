//! Who may call what: every route of an [`AuthRouter`](crate::AuthRouter) with its access, in one table.

use std::fmt;
use std::panic::Location;

use crate::access::Access;
use crate::role::Roles;

/// Every route of an [`AuthRouter`](crate::AuthRouter) with who may call it. [`AuthRouter::access_matrix`](crate::AuthRouter::access_matrix) makes one.
#[derive(Clone, Debug, Default)]
pub struct AccessMatrix {
    rows: Vec<AccessRow>,
}

impl AccessMatrix {
    pub(crate) fn new(mut rows: Vec<AccessRow>) -> Self {
        rows.sort_by(|one, other| (&one.path, &one.method).cmp(&(&other.path, &other.method)));
        Self { rows }
    }

    /// The routes, by path and method.
    pub fn rows(&self) -> &[AccessRow] {
        &self.rows
    }
}

/// One route.
#[derive(Clone, Debug)]
pub struct AccessRow {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) access: Access,
    pub(crate) declared: DeclaredWhere,
    pub(crate) documented: bool,
    pub(crate) roles: Roles,
    /// Where it was added.
    pub(crate) place: &'static Location<'static>,
}

impl AccessRow {
    /// The method, or `*` for any.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path with its placeholders, as axum writes them.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What the route demands.
    pub fn access(&self) -> Access {
        self.access
    }

    /// Where that is declared.
    pub fn declared(&self) -> DeclaredWhere {
        self.declared
    }

    /// Whether the route stands in the OpenAPI document.
    pub fn is_documented(&self) -> bool {
        self.documented
    }
}

/// Where the access of a route is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeclaredWhere {
    /// In an access attribute above the handler.
    Attribute,
    /// By the handler's first argument: the claims, a session, or an extractor of the application.
    Argument,
    /// By this crate, for an endpoint of its own.
    Endpoint,
    /// By the router that the route is in.
    Router,
    /// Nowhere: the router was told to take it as it is.
    Nowhere,
}

impl fmt::Display for DeclaredWhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attribute => "attribute",
            Self::Argument => "argument",
            Self::Endpoint => "endpoint",
            Self::Router => "router",
            Self::Nowhere => "unguarded",
        })
    }
}
