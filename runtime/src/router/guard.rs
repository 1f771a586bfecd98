//! One access around every route so far.

use std::panic::Location;

use utoipa::openapi::path::Operation;
use utoipa::openapi::{PathItem, Paths};

use super::AuthRouter;
use super::services::{Gate, ServiceAccess};
use crate::access::{Access, Rule};
use crate::diagnostics::rules::is_never;
use crate::layer::all_of;
use crate::matrix::{AccessRow, DeclaredWhere, EVERY_METHOD, OTHER_METHODS};
use crate::openapi;

impl<S: Clone + Send + Sync + 'static> AuthRouter<S> {
    /// Demands this access of every route so far, beside what each one demands itself.
    ///
    /// It is a layer, and more: [`access_matrix`](Self::access_matrix) and the OpenAPI document say what both demand together. It decides
    /// before the routes do. Methods that a route does not have are guarded too, and so are the fallbacks so far. Paths that nothing
    /// answers stay 404; where there is a fallback, or a router of axum that may have one, they ask for the access as well.
    ///
    /// Layers that are added later run around it, and those that were added before run inside.
    ///
    /// ```
    /// # use countersign::{Auth, AuthRouter, SessionClaims, authenticated, require_role, routes};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64, #[claims(roles)] roles: Vec<String> }
    /// # #[authenticated] #[utoipa::path(get, path = "/reports")] async fn reports() {}
    /// # #[require_role("auditor")] #[utoipa::path(get, path = "/audit")] async fn audit() {}
    /// fn router(auth: Auth<User>) -> AuthRouter {
    ///     // `/admin/audit` asks for both roles, and the document says so.
    ///     let admin = AuthRouter::new().routes(routes!(reports, audit)).guard(auth.layer().role("admin").live());
    ///     AuthRouter::new().nest("/admin", admin).with_state(auth)
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// When a guard contradicts a route inside: the route is public, or nobody can meet both. The message names both places. Also when
    /// there is no route yet, or when it is [`Unguarded`](crate::Unguarded) and a route is not public.
    #[must_use]
    #[track_caller]
    pub fn guard<A: ServiceAccess>(mut self, access: A) -> Self {
        let place = Location::caller();
        let gate = access.gate();
        assert!(
            !self.rows.is_empty() || !self.fallbacks.is_empty(),
            "`AuthRouter::guard` guards the routes so far, and there are none; add routes before it"
        );
        for row in self.rows.iter_mut().chain(&mut self.fallbacks) {
            let combined = combined(&gate, row, place);
            row.access = combined;
            if row.roles.names.is_none() {
                row.roles = gate.roles;
            }
            if row.documented {
                redeclare(&mut self.computed, row);
            }
        }
        self.router = if self.opaque || !self.fallbacks.is_empty() {
            self.router.layer(gate.layer)
        } else {
            self.router.route_layer(gate.layer)
        };
        self.with_computed()
    }
}

/// What the guard and the route demand together.
#[track_caller]
#[expect(clippy::panic, reason = "runs while the application is put together")]
fn combined<L>(gate: &Gate<L>, row: &AccessRow, place: &Location<'_>) -> Access {
    let rule = match (gate.access, row.access) {
        (Access::Public { .. }, Access::Public { .. }) => return row.access,
        (Access::Public { reason }, inner) => panic!(
            "`AuthRouter::guard` at {place} lets everybody pass ({reason}), and {} {}, which no guard takes away; remove the guard",
            named(row),
            demand(&inner)
        ),
        (outer, Access::Public { reason }) => {
            let cure = match row.declared {
                DeclaredWhere::Nowhere => "give it an access instead of a reason",
                _ => "make it something else than public",
            };
            panic!(
                "`AuthRouter::guard` at {place} {} for every route, and {} is public ({reason}); add that to the router after the \
                 guard, or {cure}",
                demand(&outer),
                named(row)
            )
        }
        (Access::Optional, other) | (other, Access::Optional) => return other,
        (Access::Authenticated, other) | (other, Access::Authenticated) => return other,
        (Access::Require(outer), Access::Require(inner)) => both(outer, inner),
    };
    let roles = if row.roles.names.is_some() { &row.roles } else { &gate.roles };
    assert!(
        !is_never(&rule, *roles),
        "`AuthRouter::guard` at {place} {} for every route, and {} {}: nobody meets both; add that to the router after the guard, or \
         change one of them",
        demand(&gate.access),
        named(row),
        demand(&row.access)
    );
    Access::Require(rule)
}

/// Both rules, as one list where they are lists themselves.
fn both(outer: Rule, inner: Rule) -> Rule {
    let mut rules = Vec::new();
    for rule in [outer, inner] {
        let parts = match &rule {
            // An empty list never holds, and in a longer list it would be gone.
            Rule::All(parts @ [_, ..]) => parts,
            single => std::slice::from_ref(single),
        };
        for part in parts {
            if !rules.contains(part) {
                rules.push(*part);
            }
        }
    }
    if let [rule] = rules.as_slice() { *rule } else { all_of(rules) }
}

/// What an access demands, as the rest of a sentence.
fn demand(access: &Access) -> String {
    match access {
        Access::Public { reason } => format!("is public ({reason})"),
        Access::Optional => "demands that credentials are good".to_owned(),
        Access::Authenticated => "demands a signed-in user".to_owned(),
        Access::Require(rule) => format!("demands {rule}"),
    }
}

/// A route and where it was added.
fn named(row: &AccessRow) -> String {
    let AccessRow { method, path, place, .. } = row;
    match method.as_str() {
        EVERY_METHOD => format!("`{path}`, added at {place},"),
        OTHER_METHODS => format!("the handler for other methods of `{path}`, added at {place},"),
        method => format!("{method} {path}, added at {place},"),
    }
}

/// Writes the access that a route has now into its operation.
fn redeclare(paths: &mut Paths, row: &AccessRow) {
    let operation = paths.paths.get_mut(&row.path).and_then(|item| operation_of(item, &row.method));
    if let Some(operation) = operation {
        openapi::declare(operation, &row.access, &row.roles);
    }
}

fn operation_of<'a>(item: &'a mut PathItem, method: &str) -> Option<&'a mut Operation> {
    match method {
        "GET" => item.get.as_mut(),
        "PUT" => item.put.as_mut(),
        "POST" => item.post.as_mut(),
        "DELETE" => item.delete.as_mut(),
        "OPTIONS" => item.options.as_mut(),
        "HEAD" => item.head.as_mut(),
        "PATCH" => item.patch.as_mut(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::role::RoleTable;

    const ADMIN: Rule = Rule::Role("admin");
    const MEMBER: Rule = Rule::Role("member");

    fn contradicts(rule: Rule) -> bool {
        is_never(
            &rule,
            RoleTable { names: None, implies: &[("admin", &["member"])], private: &[], scopes: true },
        )
    }

    #[test]
    fn a_role_and_its_absence_never_hold_together() {
        assert!(contradicts(Rule::All(&[ADMIN, Rule::Not(&ADMIN)])));
        assert!(contradicts(Rule::All(&[Rule::Not(&Rule::Role("member")), Rule::All(&[Rule::Live, ADMIN])])));
        assert!(contradicts(Rule::All(&[Rule::Scope("a"), Rule::Not(&Rule::Scope("a"))])));
        assert!(contradicts(Rule::All(&[Rule::Live, Rule::Any(&[])])));
        assert!(contradicts(Rule::All(&[])));
    }

    #[test]
    fn what_somebody_may_meet_is_no_contradiction() {
        assert!(!contradicts(Rule::All(&[Rule::Not(&ADMIN), Rule::Role("member")])));
        assert!(!contradicts(Rule::All(&[Rule::Scope("admin"), Rule::Not(&ADMIN)])));
        assert!(!contradicts(Rule::Any(&[ADMIN, Rule::Not(&ADMIN)])));
    }

    #[test]
    fn both_rules_are_one_list_without_repetition() {
        assert_eq!(both(ADMIN, ADMIN), ADMIN);
        assert_eq!(both(ADMIN, MEMBER), Rule::All(&[ADMIN, MEMBER]));
        assert_eq!(
            both(Rule::All(&[ADMIN, Rule::Live]), Rule::All(&[MEMBER, Rule::Live])),
            Rule::All(&[ADMIN, Rule::Live, MEMBER])
        );
        // Nobody stays nobody.
        assert_eq!(both(Rule::All(&[]), ADMIN), Rule::All(&[Rule::All(&[]), ADMIN]));
    }
}
