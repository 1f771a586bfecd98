//! Who may call what: every route of an [`AuthRouter`](crate::AuthRouter) with its access, in one table.

mod html;
mod json;
mod markdown;

use std::fmt;
use std::panic::Location;

use crate::access::{Access, Rule};
use crate::claims::role::RoleTable;

#[cfg(any(test, feature = "test-util"))]
pub(crate) use markdown::head;

/// Stands for every method.
pub(crate) const EVERY_METHOD: &str = "*";
/// Stands for the methods that no route of the path has. HTTP would take it for one of them.
pub(crate) const OTHER_METHODS: &str = "other";
/// The path of a fallback.
pub(crate) const FALLBACK: &str = "/{*fallback}";
/// Ends the path of a service that has everything below a prefix.
pub(crate) const EVERYTHING_BELOW: &str = "/{*path}";
/// Stands between the routes that nobody can list and where they are.
pub(crate) const BELOW: &str = ", below ";

/// Every route of an [`AuthRouter`](crate::AuthRouter) with who may call it. [`AuthRouter::access_matrix`](crate::AuthRouter::access_matrix) makes one.
///
/// A reviewer reads it instead of every handler: as a value ([`rows`](Self::rows)), as Markdown, JSON (also through serde) and as
/// an HTML page. What it says is what the server enforces; both come from the same constants. It is ordered by path and method, so that two
/// of them can be compared line by line, which `testing::assert_access_matrix!` does in a test.
///
/// Roles that are private stand in it. It is made for those who write and review the application, not for its callers.
///
/// ```
/// use countersign::{AuthRouter, SessionClaims, authenticated, public, routes};
/// # use countersign::Auth;
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: u64,
/// }
///
/// #[authenticated]
/// #[utoipa::path(get, path = "/me")]
/// async fn me(user: User) -> String {
///     user.id.to_string()
/// }
///
/// #[public(reason = "health probe")]
/// #[utoipa::path(get, path = "/health")]
/// async fn health() {}
///
/// # let _: fn(Auth<User>) -> AuthRouter<()> = |auth| AuthRouter::new().routes(routes!(me)).with_state(auth);
/// let matrix = AuthRouter::<Auth<User>>::new().routes(routes!(me, health)).access_matrix();
/// let [health, me] = matrix.rows() else { panic!() };
/// assert_eq!((health.method(), health.path(), health.reason()), ("GET", "/health", Some("health probe")));
/// assert_eq!(me.access().to_string(), "any signed-in user");
/// assert!(matrix.to_markdown().contains("| GET     | `/health`"));
/// ```
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

    /// A table in Markdown, for a file beside the code. Its columns have fixed widths: one route that changes is one line that changes.
    ///
    /// What cannot be seen (line ends, characters that turn the direction of text) is written as a number, and what Markdown or HTML would
    /// take for its own is escaped.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        markdown::page(self)
    }

    /// An array with an object for each route, indented, with a newline at its end. `Serialize` makes the same of it:
    ///
    /// ```json
    /// [
    ///   {
    ///     "method": "GET",
    ///     "path": "/members",
    ///     "access": "rule",
    ///     "rule": "role `member`",
    ///     "reason": null,
    ///     "roles_sufficing": { "member": ["member", "admin"] },
    ///     "declared": "attribute",
    ///     "documented": true
    ///   }
    /// ]
    /// ```
    ///
    /// `access` is `public`, `optional`, `authenticated` or `rule`; `rule` and `reason` are `null` where there is none; `roles_sufficing` has
    /// every role that the rule names; `declared` is what [`DeclaredWhere`] displays.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::text(self)
    }

    /// A page for a browser or a printer that needs nothing else: no script, no request, its style inside.
    ///
    /// What is open to anybody, and what nobody declared an access for, is marked and counted at the top.
    #[must_use]
    pub fn to_html(&self) -> String {
        html::page(self)
    }
}

/// As [`AccessMatrix::to_markdown`].
impl fmt::Display for AccessMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_markdown())
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
    pub(crate) roles: RoleTable,
    /// Where it was added.
    pub(crate) place: &'static Location<'static>,
}

impl AccessRow {
    /// The method, `*` for any, or `other` for those that no route of the path has.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path with its placeholders, as axum writes them.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What the route demands. It displays as words.
    pub fn access(&self) -> Access {
        self.access
    }

    /// Why the route is open, if it is.
    pub fn reason(&self) -> Option<&'static str> {
        match self.access {
            Access::Public { reason } => Some(reason),
            _ => None,
        }
    }

    /// Each role that the rule names, in the order of its words, with the roles whose holders hold it: itself, and those that imply it.
    pub fn roles_sufficing(&self) -> Vec<(&'static str, Vec<&'static str>)> {
        let mut named = Vec::new();
        if let Access::Require(rule) = &self.access {
            name_roles(rule, &mut named);
        }
        let implying = |name| {
            let others = self.roles.implies.iter().filter(move |(_, implied)| implied.contains(&name));
            others.map(|(role, _)| *role).filter(move |role| *role != name)
        };
        named.into_iter().map(|name| (name, std::iter::once(name).chain(implying(name)).collect())).collect()
    }

    /// Of these, the roles that others imply, with the others.
    fn roles_implied(&self) -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
        self.roles_sufficing().into_iter().filter_map(|(role, mut others)| {
            others.retain(|other| *other != role);
            (!others.is_empty()).then_some((role, others))
        })
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

fn name_roles(rule: &Rule, names: &mut Vec<&'static str>) {
    match rule {
        Rule::Role(name) if !names.contains(name) => names.push(name),
        Rule::Not(rule) => name_roles(rule, names),
        Rule::Any(rules) | Rule::All(rules) => rules.iter().for_each(|rule| name_roles(rule, names)),
        _ => {}
    }
}

/// Where the access of a route is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeclaredWhere {
    /// In an access attribute above the handler.
    Attribute,
    /// By the handler's first argument: the claims, a session or a proof.
    Argument,
    /// By an extractor for which the application implements [`DeclaresAccess`](crate::DeclaresAccess) itself. That it enforces what it
    /// declares is the application's word.
    Application,
    /// By this crate, for an endpoint of its own.
    Endpoint,
    /// By the router that the route is in.
    Router,
    /// Nowhere: the router was told to take it as it is.
    Nowhere,
}

impl DeclaredWhere {
    /// What follows "declared by" in a sentence.
    fn by(self) -> &'static str {
        match self {
            Self::Attribute => "its attribute",
            Self::Argument => "its first argument",
            Self::Application => "argument by hand",
            Self::Endpoint => "Countersign",
            Self::Router => "its router",
            Self::Nowhere => "nobody (unguarded)",
        }
    }
}

impl fmt::Display for DeclaredWhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attribute => "attribute",
            Self::Argument => "argument",
            Self::Application => "application",
            Self::Endpoint => "endpoint",
            Self::Router => "router",
            Self::Nowhere => "unguarded",
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
