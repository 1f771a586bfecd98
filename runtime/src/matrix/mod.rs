//! Who may call what: every route of an [`AuthRouter`](crate::AuthRouter) with its access, in one table.
//!
//! A row is where it answers ([`Methods`] and [`RoutePlace`]) and what is declared for it ([`Declaration`]). The router makes the rows,
//! the probe and the comparison read them, and the three formats print them.

mod html;
mod json;
mod markdown;
mod place;

use std::any::Any;
use std::fmt;
use std::panic::Location;

pub use crate::access::DeclaredWhere;
use crate::access::{AcceptedIssuers, Access, DeclaredAt, Rule};
use crate::claims::role::RoleTable;

#[cfg(any(test, feature = "test-util"))]
pub(crate) use markdown::head;
pub(crate) use place::{Methods, RoutePlace, nested};

/// Every route of an [`AuthRouter`](crate::AuthRouter) with who may call it. [`AuthRouter::access_matrix`](crate::AuthRouter::access_matrix) makes one.
///
/// A reviewer reads it instead of every handler: as a value ([`rows`](Self::rows)), as Markdown, JSON (also through serde) and as
/// an HTML page. It says what the server enforces; both come from the same constants. It is ordered by path and method, so that two
/// matrices can be compared line by line, which `testing::assert_access_matrix!` does in a test.
///
/// It names private roles too: it is for those who write and review the application, not for its callers.
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
        rows.sort_by(|one, other| (one.path(), one.method()).cmp(&(other.path(), other.method())));
        Self { rows }
    }

    /// The routes, by path and method.
    pub fn rows(&self) -> &[AccessRow] {
        &self.rows
    }

    /// Whether the `Auth` of a row trusts other issuers.
    fn has_issuers(&self) -> bool {
        self.rows.iter().any(|row| row.issuers().is_some())
    }

    /// A table in Markdown, for a file beside the code. Its columns have fixed widths: one route that changes is one line that changes.
    ///
    /// Invisible characters (line ends, characters that turn the direction of text) are written as numbers, and the characters of
    /// Markdown and HTML are escaped.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        markdown::page(self)
    }

    /// An array with an object for each route, indented, with a newline at its end. `Serialize` writes the same array:
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
    ///     "own": "role `member`",
    ///     "guards": [],
    ///     "documented": true
    ///   }
    /// ]
    /// ```
    ///
    /// `access` is `public`, `optional`, `authenticated` or `rule`; `rule` and `reason` are `null` where there is none; `roles_sufficing` has
    /// every role that the rule names; `declared` is the `Display` of [`DeclaredWhere`]; `own` is the demand of the route itself, and `guards` has
    /// those of the guards around it, which together are the rule. Where the `Auth` trusts issuers, a row has `issuers` too: the
    /// names of those whose tokens may be let in, `own` for the sessions of this server.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::text(self)
    }

    /// A page for a browser or a printer that needs nothing else: no script, no request, its style inside.
    ///
    /// Routes that are open to anybody, and routes without a declared access, are marked, and counted at the top.
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

/// Who may call a route, where that is declared, and the roles that the users of its state can have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declaration {
    pub(crate) access: Access,
    pub(crate) declared: DeclaredWhere,
    /// The line of the attribute, if one declares the access.
    #[cfg_attr(not(any(test, feature = "test-util")), expect(dead_code, reason = "the probe reports it"))]
    pub(crate) declared_at: DeclaredAt,
    pub(crate) roles: RoleTable,
    pub(crate) issuers: IssuersOf,
    /// The argument of the handler that is of no use without sessions of this server.
    pub(crate) session_argument: Option<&'static str>,
}

impl Declaration {
    /// One of which nothing else is known.
    pub(crate) fn new(access: Access, declared: DeclaredWhere, roles: RoleTable) -> Self {
        Self {
            access,
            declared,
            declared_at: None,
            roles,
            issuers: IssuersOf::Unknown,
            session_argument: None,
        }
    }
}

/// The issuers whose tokens the `Auth` of a route accepts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum IssuersOf {
    /// Those of the `Auth` in the router's state, which is not known yet.
    State(fn(&dyn Any) -> Option<&'static AcceptedIssuers>),
    Known(&'static AcceptedIssuers),
    /// No state tells.
    Unknown,
}

/// One route.
#[derive(Clone, Debug)]
pub struct AccessRow {
    methods: Methods,
    place: RoutePlace,
    /// The printed form of `place`.
    path: String,
    documented: bool,
    /// The demand of the route and of every guard around it.
    pub(crate) declaration: Declaration,
    /// The demand of the route itself.
    own: Access,
    /// The demands of the guards around the route, the innermost first.
    guards: Vec<Access>,
    /// Where the application adds the route.
    pub(crate) added_at: &'static Location<'static>,
}

impl AccessRow {
    /// A row that is not in the document.
    pub(crate) fn new(
        methods: Methods,
        place: RoutePlace,
        declaration: Declaration,
        added_at: &'static Location<'static>,
    ) -> Self {
        let own = declaration.access;
        let path = place.to_string();
        Self { methods, path, place, documented: false, declaration, own, guards: Vec::new(), added_at }
    }

    /// The same row, in the document.
    #[cfg(any(test, feature = "openapi"))]
    pub(crate) fn documented(self) -> Self {
        Self { documented: true, ..self }
    }

    /// The same row in a router whose paths `moved` changes.
    pub(crate) fn moved(self, moved: impl FnOnce(&str) -> String) -> Self {
        let place = self.place.map(moved);
        Self { path: place.to_string(), place, ..self }
    }

    /// Adds the demand of a guard; `both` is what it and the row demand together.
    pub(crate) fn guarded(&mut self, guard: Declaration, both: Access) {
        // A guard that lets everybody pass says nothing, but a reason that a table would have to escape.
        self.guards.extend(Some(guard.access).filter(|access| !matches!(access, Access::Public { .. })));
        self.declaration.access = both;
        if self.declaration.roles.names.is_none() {
            self.declaration.roles = guard.roles;
        }
        if let IssuersOf::Unknown = self.declaration.issuers {
            self.declaration.issuers = guard.issuers;
        }
    }

    pub(crate) fn methods(&self) -> &Methods {
        &self.methods
    }

    pub(crate) fn place(&self) -> &RoutePlace {
        &self.place
    }

    /// The method, `*` for any, or `other` for those that no route of the path has.
    pub fn method(&self) -> &str {
        self.methods.as_str()
    }

    /// The path with its placeholders, as axum writes them. It ends in `{*path}` for a service that has everything below a prefix, and in
    /// `{*fallback}` for a fallback. The routes of a router that does not list them are a few words instead of a path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The demand of the route and of every guard around it. It displays as words.
    pub fn access(&self) -> Access {
        self.declaration.access
    }

    /// The demand of the route itself, which [`declared`](Self::declared) says where to find.
    pub fn own_access(&self) -> Access {
        self.own
    }

    /// The demands of every [`AuthRouter::guard`](crate::AuthRouter::guard) around the route, the innermost first.
    pub fn guards(&self) -> &[Access] {
        &self.guards
    }

    /// Why the route is open, if it is.
    pub fn reason(&self) -> Option<&'static str> {
        match self.declaration.access {
            Access::Public { reason } => Some(reason),
            _ => None,
        }
    }

    /// Each role that the rule names, in the order of the rule, with the roles that suffice for it: itself, and those that imply it.
    pub fn roles_sufficing(&self) -> Vec<(&'static str, Vec<&'static str>)> {
        let mut named = Vec::new();
        if let Access::Require(rule) = &self.declaration.access {
            name_roles(rule, &mut named);
        }
        let implying = |name| {
            let others =
                self.declaration.roles.implies.iter().filter(move |(_, implied)| implied.contains(&name));
            others.map(|(role, _)| *role).filter(move |role| *role != name)
        };
        named.into_iter().map(|name| (name, std::iter::once(name).chain(implying(name)).collect())).collect()
    }

    /// As [`roles_sufficing`](Self::roles_sufficing), without the roles themselves, and without those that no other role implies.
    fn roles_implied(&self) -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
        self.roles_sufficing().into_iter().filter_map(|(role, mut others)| {
            others.retain(|other| *other != role);
            (!others.is_empty()).then_some((role, others))
        })
    }

    /// The issuers whose tokens may be let in, by their names in rules; `own` is this server. None is a public route, which reads no token.
    ///
    /// `None` where the [`Auth`](crate::Auth) trusts no issuer, and where no state has told it yet: ask after
    /// [`with_state`](crate::AuthRouter::with_state).
    pub fn issuers(&self) -> Option<Vec<&str>> {
        match self.declaration.issuers {
            IssuersOf::Known(accepted) if accepted.trusts_others() => {
                Some(accepted.letting_in(&self.declaration.access).collect())
            }
            IssuersOf::Known(_) | IssuersOf::State(_) | IssuersOf::Unknown => None,
        }
    }

    /// Where the access is declared.
    pub fn declared(&self) -> DeclaredWhere {
        self.declaration.declared
    }

    /// Whether the route is in the OpenAPI document.
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

/// The kind of access in one word, for JSON and the style sheet.
fn access_name(access: &Access) -> &'static str {
    match access {
        Access::Public { .. } => "public",
        Access::Optional => "optional",
        Access::Authenticated => "authenticated",
        Access::Require(_) => "rule",
    }
}

/// Completes "declared by …". With guards it says which part of the rule came from where.
fn declared_by(row: &AccessRow) -> String {
    let declared = match row.declared() {
        DeclaredWhere::Attribute => "its attribute",
        DeclaredWhere::Argument => "its first argument",
        DeclaredWhere::Application => "a hand-written extractor",
        DeclaredWhere::Endpoint => "Countersign",
        DeclaredWhere::Router => "its router",
        DeclaredWhere::Document => "its document",
        DeclaredWhere::Nowhere => "none (unguarded)",
    };
    match row.guards() {
        [] => declared.to_owned(),
        guards => {
            let guards: Vec<_> = guards.iter().map(|guard| format!("a guard ({guard})")).collect();
            format!("{declared} ({}), {}", row.own_access(), guards.join(", "))
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
