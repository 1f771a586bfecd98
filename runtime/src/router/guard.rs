//! One access around every route so far.

use std::panic::Location;

use super::AuthRouter;
use super::services::{Gate, ServiceAccess};
use crate::access::{Access, DeclaredWhere, Rule};
use crate::diagnostics::rules::is_never;
use crate::layer::{all_of, any_of};
use crate::matrix::{AccessRow, Declaration, Methods};

impl<S: Clone + Send + Sync + 'static> AuthRouter<S> {
    /// Demands this access of every route so far, in addition to the route's own.
    ///
    /// It is a layer, and more: [`access_matrix`](Self::access_matrix) and the OpenAPI document say what both demand together. It decides
    /// before the routes do. It also guards the fallbacks so far, and the methods that a route does not have. Paths that nothing answers stay
    /// 404; where there is a fallback, or a router of axum that may have one, they ask for the access as well.
    ///
    /// Layers that are added later run around it; layers that were added before run inside.
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
    /// When the guard contradicts a route inside: the route is public, or no caller can meet both. The message names both places. Also when
    /// there is no route yet, or when the guard is [`Unguarded`](crate::Unguarded) and a route is not public.
    #[must_use]
    #[track_caller]
    pub fn guard<A: ServiceAccess>(mut self, access: A) -> Self {
        let added_at = Location::caller();
        let gate = access.gate();
        assert!(
            self.listing.all().next().is_some(),
            "`AuthRouter::guard` guards the routes so far, and there are none; add routes before it"
        );
        for row in self.listing.all_mut() {
            let both = combined(&gate, row, added_at);
            row.guarded(gate.declaration, both);
        }
        #[cfg(feature = "openapi")]
        self.document.changed();
        self.router = if self.listing.may_have_fallback() {
            self.router.layer(gate.layer)
        } else {
            self.router.route_layer(gate.layer)
        };
        self
    }
}

/// The access of the guard and the route together.
#[track_caller]
#[expect(clippy::panic, reason = "runs while the application is put together")]
fn combined<L>(gate: &Gate<L>, row: &AccessRow, guarded_at: &Location<'_>) -> Access {
    let (guard, Declaration { access, declared, roles, .. }) = (gate.declaration, row.declaration);
    let rule = match (guard.access, access) {
        (Access::Public { .. }, Access::Public { .. }) => return access,
        (Access::Public { reason }, inner) => panic!(
            "`AuthRouter::guard` at {guarded_at} lets everybody pass ({reason}), and {} {}, which no guard takes away; remove the guard",
            named(row),
            demand(&inner)
        ),
        (outer, Access::Public { reason }) => {
            let cure = match declared {
                DeclaredWhere::Nowhere => "give it an access instead of a reason",
                _ => "declare another access than public for it",
            };
            panic!(
                "`AuthRouter::guard` at {guarded_at} {} for every route, and {} is public ({reason}); add that to the router after the \
                 guard, or {cure}",
                demand(&outer),
                named(row)
            )
        }
        (Access::Optional, other) | (other, Access::Optional) => return other,
        (Access::Authenticated, other) | (other, Access::Authenticated) if !other.considers_machines() => {
            return other;
        }
        // A machine has to pass both, and each refuses it unless it considers machines.
        (Access::Authenticated, Access::Require(rule)) | (Access::Require(rule), Access::Authenticated) => {
            for_users(&rule)
        }
        (Access::Authenticated, Access::Authenticated) => return access,
        (Access::Require(outer), Access::Require(inner)) => {
            match (guard.access.considers_machines(), access.considers_machines()) {
                (true, false) => both(for_users(&outer), inner),
                (false, true) => both(outer, for_users(&inner)),
                (true, true) | (false, false) => both(outer, inner),
            }
        }
    };
    let roles = if roles.names.is_some() { roles } else { guard.roles };
    assert!(
        !is_never(&rule, roles),
        "`AuthRouter::guard` at {guarded_at} {} for every route, and {} {}: no caller meets both; add that to the router after the \
         guard, or change one of them",
        demand(&guard.access),
        named(row),
        demand(&access)
    );
    Access::Require(rule)
}

/// Both rules in one `All`, into which the parts of an `All` are taken, each once.
pub(super) fn both(outer: Rule, inner: Rule) -> Rule {
    let mut rules = Vec::new();
    for rule in [outer, inner] {
        let parts = match &rule {
            // An empty `All` never holds. Its parts, which are none, would leave nothing that says so; it stays a part itself.
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

/// The rule for users alone, which never holds if it is for machines.
fn for_users(rule: &Rule) -> Rule {
    without_machines(rule).unwrap_or(Rule::Any(&[]))
}

fn without_machines(rule: &Rule) -> Option<Rule> {
    match rule {
        Rule::Machine => None,
        Rule::Any(rules @ [_, ..]) => {
            let rules: Vec<_> = rules.iter().filter_map(without_machines).collect();
            (!rules.is_empty()).then(|| any_of(rules))
        }
        Rule::All(rules @ [_, ..]) => rules.iter().map(without_machines).collect::<Option<_>>().map(all_of),
        rule => Some(*rule),
    }
}

/// The demand of an access, as a predicate: "… demands a signed-in user".
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
    let (path, added_at) = (row.path(), row.added_at);
    match row.methods() {
        Methods::Every => format!("`{path}`, added at {added_at},"),
        Methods::Other => format!("the handler for other methods of `{path}`, added at {added_at},"),
        Methods::One(method) => format!("{method} {path}, added at {added_at},"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::role::RoleTable;
    use crate::matrix::RoutePlace;

    const ADMIN: Rule = Rule::Role("admin");
    const MEMBER: Rule = Rule::Role("member");

    fn contradicts(rule: Rule) -> bool {
        is_never(
            &rule,
            RoleTable { names: None, implies: &[("admin", &["member"])], private: &[], ..RoleTable::NONE },
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
    fn a_rule_that_a_caller_may_meet_is_no_contradiction() {
        assert!(!contradicts(Rule::All(&[Rule::Not(&ADMIN), Rule::Role("member")])));
        assert!(!contradicts(Rule::All(&[Rule::Scope("admin"), Rule::Not(&ADMIN)])));
        assert!(!contradicts(Rule::Any(&[ADMIN, Rule::Not(&ADMIN)])));
    }

    fn together(outer: Access, inner: Access) -> Access {
        let declaration = |access| Declaration::new(access, DeclaredWhere::Router, RoleTable::NONE);
        let place = RoutePlace::Path("/reports".to_owned());
        let row = AccessRow::new(Methods::Every, place, declaration(inner), Location::caller());
        let gate = Gate {
            layer: (),
            declaration: declaration(outer),
            #[cfg(feature = "openapi")]
            token_places: None,
        };
        combined(&gate, &row, Location::caller())
    }

    /// Row 173: each of the two refuses the machines that it does not consider.
    #[test]
    fn a_machine_has_to_pass_the_guard_and_the_route() {
        const EITHER: Rule = Rule::Any(&[ADMIN, Rule::All(&[Rule::Machine, MEMBER])]);
        let [either, admin] = [EITHER, ADMIN].map(Access::Require);
        for (one, other, both) in [
            (Access::Authenticated, either, ADMIN),
            (Access::Require(Rule::Live), either, Rule::All(&[Rule::Live, ADMIN])),
            (admin, either, ADMIN),
            (Access::Optional, either, EITHER),
            (either, either, EITHER),
        ] {
            assert_eq!(together(one, other), Access::Require(both), "{one} around {other}");
            let turned = together(other, one);
            assert!(turned.considers_machines() == Access::Require(both).considers_machines(), "{turned}");
        }
        let machines = Access::Require(Rule::All(&[Rule::Machine, MEMBER]));
        assert!(together(machines, either).considers_machines());
        assert_eq!(
            together(Access::Authenticated, Access::Require(Rule::Any(&[]))),
            Access::Require(Rule::Any(&[]))
        );
    }

    #[test]
    #[should_panic = "demands a signed-in user for every route, and `/reports`, added at "]
    fn a_guard_for_users_around_a_route_for_machines_is_a_contradiction() {
        together(Access::Authenticated, Access::Require(Rule::Machine));
    }

    #[test]
    #[should_panic = "demands a token of a machine for every route, and `/reports`, added at "]
    fn a_guard_for_machines_around_a_route_for_users_is_a_contradiction() {
        together(Access::Require(Rule::Machine), Access::Require(ADMIN));
    }

    #[test]
    fn both_rules_are_one_list_without_repetition() {
        assert_eq!(both(ADMIN, ADMIN), ADMIN);
        assert_eq!(both(ADMIN, MEMBER), Rule::All(&[ADMIN, MEMBER]));
        assert_eq!(
            both(Rule::All(&[ADMIN, Rule::Live]), Rule::All(&[MEMBER, Rule::Live])),
            Rule::All(&[ADMIN, Rule::Live, MEMBER])
        );
        // A rule that never holds stays in the list.
        assert_eq!(both(Rule::All(&[]), ADMIN), Rule::All(&[Rule::All(&[]), ADMIN]));
    }
}
