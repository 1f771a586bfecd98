//! Proofs: values that only a decision makes.

use std::fmt;
use std::marker::PhantomData;

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use http::{Method, Uri};

use super::authorize::{Asker, authorize_with};
use super::check::Checks;
use super::remembered::{remember, take};
use super::verify::verified;
use crate::access::{Access, DeclaredWhere, DeclaresAccess, NamedRule, Policy};
use crate::auth::{Auth, AuthState, Session};
use crate::claims::SessionClaims;
use crate::claims::role::RoleTable;
use crate::diagnostics::rules::check_declared;
use crate::rejection::AuthRejection;

/// Proves that the rule `R` holds for the caller of this request.
///
/// A function that takes `&Proof<CanPublish>` can be called only from handlers whose caller may publish: a proof has no constructor and
/// cannot be copied. It has no size.
///
/// As an argument of a handler it decides by itself, so `routes!` accepts a handler with a proof as its first argument. Behind an attribute
/// that names the rule, as in `#[require(CanPublish && fresh("10m"))]`, it takes over the guard's result, and no check runs twice.
///
/// ```
/// use countersign::{NamedRule, Proof};
/// # use countersign::{Auth, AuthRouter, Rule, SessionClaims, routes};
/// # #[derive(countersign::Role, Clone, Copy)]
/// # enum Role { Editor }
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: u64, #[claims(roles)] roles: Vec<Role> }
/// # // What `rule! { pub CanPublish = role("editor"); }` writes.
/// # pub enum CanPublish {}
/// # impl NamedRule for CanPublish {
/// #     const NAME: &'static str = "CanPublish";
/// #     const RULE: Rule = Rule::Role("editor");
/// #     type Roles = ();
/// #     type Checks = ();
/// # }
/// struct Posts;
///
/// impl Posts {
///     /// Makes the newest post of this author public. The proof shows that the caller may.
///     async fn publish(&self, author: u64, _: &Proof<CanPublish>) {
/// #       let _ = author;
///         // ...
///     }
/// }
///
/// /// Publish the newest post
/// #[utoipa::path(post, path = "/newest/publish", responses((status = 200)))]
/// async fn publish(may_publish: Proof<CanPublish>, user: User) {
///     Posts.publish(user.id, &may_publish).await;
/// }
///
/// # fn router(auth: Auth<User>) {
/// let router = AuthRouter::new().routes(routes!(publish));
/// # let _: AuthRouter<()> = router.with_state(auth);
/// # }
/// ```
///
/// Without the argument there is no proof to pass:
///
/// ```compile_fail,E0423
/// # use countersign::{NamedRule, Proof};
/// fn forged<R: NamedRule>() -> Proof<R> {
///     Proof(std::marker::PhantomData)
/// }
/// ```
///
/// ```compile_fail,E0277
/// # use countersign::{NamedRule, Proof};
/// fn invented<R: NamedRule>() -> Proof<R> {
///     made()
/// }
/// # fn made<T: Default>() -> T { T::default() }
/// ```
///
/// ```compile_fail,E0507
/// # use countersign::{NamedRule, Proof};
/// fn copied<R: NamedRule>(proof: &Proof<R>) -> Proof<R> {
///     *proof
/// }
/// ```
///
/// ```compile_fail,E0308
/// # use countersign::{NamedRule, Proof};
/// fn cloned<R: NamedRule>(proof: &Proof<R>) -> Proof<R> {
///     proof.clone()
/// }
/// ```
///
/// ```compile_fail,E0308
/// # use countersign::{NamedRule, Proof};
/// fn of_another_rule<R: NamedRule, Other: NamedRule>(proof: Proof<Other>) -> Proof<R> {
///     proof
/// }
/// ```
///
/// It proves nothing about other requests: use it where it was extracted, and do not keep it. Nor does it name the object that a check has
/// examined: pass on the identifier from the same path, and not another one from the body.
#[must_use = "pass it to the function that requires it"]
pub struct Proof<R>(PhantomData<fn() -> R>);

const _: () = assert!(size_of::<Proof<u64>>() == 0, "a proof has no size");

#[cfg(any(test, feature = "test-util"))]
impl<R> Proof<R> {
    /// For tests of functions that take a proof; see [`granted`](crate::testing::granted).
    pub(crate) fn granted() -> Self {
        Self(PhantomData)
    }
}

impl<R: NamedRule> fmt::Debug for Proof<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proof").field(&format_args!("{}", R::NAME)).finish()
    }
}

impl<R: NamedRule> DeclaresAccess for Proof<R> {
    const ACCESS: Access = Access::Require(R::RULE);
    const DECLARED: DeclaredWhere = DeclaredWhere::Argument;
    type Demands = Self;
}

impl<S, R> FromRequestParts<S> for Proof<R>
where
    S: AuthState,
    R: NamedRule<Checks: Checks<S>>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AuthRejection> {
        const { check_declared(Access::Require(R::RULE), RoleTable::of_claims::<S::Claims>()) };
        let auth = state.auth();
        if !Evidence::<R, S::Claims>::is_with(parts, auth).await {
            let access = Access::Require(R::RULE);
            authorize_with::<_, S, R::Checks>(parts, auth, state, &access, Asker::Argument).await?;
        }
        Ok(Self(PhantomData))
    }
}

/// A guard's result for the rule `R`, which stays in the request's extensions until a [`Proof`] takes it. It is bound to the session, the
/// method and the address for which the rule was decided.
struct Evidence<R, C> {
    session: Session<C>,
    method: Method,
    uri: Uri,
    rule: PhantomData<fn() -> R>,
}

impl<R: NamedRule, C: SessionClaims> Evidence<R, C> {
    /// A rule without checks leaves no evidence: deciding it again is as fast as finding the evidence.
    fn leave(parts: &mut Parts, auth: &Auth<C>, session: &Session<C>) {
        if const { R::RULE.has_check() } {
            let (session, method, uri) = (session.clone(), parts.method.clone(), parts.uri.clone());
            remember(&mut parts.extensions, Self { session, method, uri, rule: PhantomData }, auth.now());
        }
    }

    /// Whether the rule was decided for this very request. The evidence is used up, because a handler may forward its request to another
    /// router, with other headers, path parameters or state.
    async fn is_with(parts: &mut Parts, auth: &Auth<C>) -> bool {
        if const { !R::RULE.has_check() } {
            return false;
        }
        // A request that is refused here is refused again where the rule is decided, with an event and a response.
        let Ok(Some(session)) = verified(parts, auth).await else { return false };
        take::<Self>(&mut parts.extensions, auth.now()).is_some_and(|left| {
            left.session.is_same(&session) && left.method == parts.method && left.uri == parts.uri
        })
    }
}

/// The named rules that hold whenever a policy grants access, as a nested tuple.
///
/// A policy that is written by hand and claims too much does not compile with a guard:
///
/// ```compile_fail,E0080
/// # use axum::{Router, routing::get};
/// # use countersign::__private::Guard;
/// # use countersign::{Access, Auth, NamedRule, Policy, Rule, SessionClaims};
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: u64 }
/// # enum CanPublish {}
/// # impl NamedRule for CanPublish {
/// #     const NAME: &'static str = "CanPublish";
/// #     const RULE: Rule = Rule::Scope("posts:write");
/// #     type Roles = ();
/// #     type Checks = ();
/// # }
/// enum Claimed {}
///
/// impl Policy for Claimed {
///     const ACCESS: Access = Access::Authenticated;
///     type Proves = (CanPublish, ());
/// #   type Roles = ();
/// #   type Checks = ();
/// }
///
/// # fn main() { let _: Router<Auth<User>> = Router::new().route("/", get(handler)); }
/// async fn handler(_: Guard<Claimed>) {}
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of named rules",
    label = "not a list of named rules",
    note = "in a policy written by hand, `type Proves` is `()` or a nested tuple such as `(CanPublish, ())`"
)]
pub trait Proven {
    /// Leaves evidence for the handler's [`Proof`] arguments.
    fn leave<P: Policy, C: SessionClaims>(parts: &mut Parts, auth: &Auth<C>, session: &Session<C>);
}

impl Proven for () {
    fn leave<P: Policy, C: SessionClaims>(_: &mut Parts, _: &Auth<C>, _: &Session<C>) {}
}

impl<R: NamedRule, Rest: Proven> Proven for (R, Rest) {
    fn leave<P: Policy, C: SessionClaims>(parts: &mut Parts, auth: &Auth<C>, session: &Session<C>) {
        const { assert!(P::ACCESS.implies(&R::RULE), "a policy proves a rule that it does not require") };
        Evidence::<R, C>::leave(parts, auth, session);
        Rest::leave::<P, C>(parts, auth, session);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::access::Rule;

    const RULE: Rule = Rule::All(&[Rule::Role("editor"), Rule::Check { name: "owns_post", not_found: true }]);

    enum CanPublish {}

    impl NamedRule for CanPublish {
        const NAME: &'static str = "CanPublish";
        const RULE: Rule = RULE;
        type Roles = ();
        type Checks = ();
    }

    /// The check must be the same, including its answer; other conditions can be stricter.
    #[test]
    fn a_policy_proves_the_rules_that_hold_whenever_it_grants() {
        const CHECK: Rule = Rule::Check { name: "owns_post", not_found: true };
        const OPENLY: Rule = Rule::Check { name: "owns_post", not_found: false };
        const OTHER: Rule = Rule::Check { name: "drafts::owns_post", not_found: true };
        const EDITOR: Rule = Rule::Role("editor");
        for rule in [RULE, Rule::All(&[RULE, Rule::Live]), Rule::All(&[CHECK, Rule::Live, EDITOR])] {
            assert!(Access::Require(rule).implies(&RULE), "{rule}");
        }
        for access in [
            Access::Require(Rule::Any(&[RULE, Rule::Live])),
            Access::Require(EDITOR),
            Access::Require(Rule::All(&[EDITOR, OPENLY])),
            Access::Require(Rule::All(&[EDITOR, OTHER])),
            Access::Require(Rule::All(&[])),
            Access::Authenticated,
            Access::Optional,
            Access::Public { reason: "probe" },
        ] {
            assert!(!access.implies(&RULE), "{access}");
        }
        const HOUR: Rule = Rule::All(&[CHECK, Rule::Fresh(Duration::from_secs(3600)), Rule::Live]);
        const MINUTE: Rule = Rule::All(&[CHECK, Rule::Fresh(Duration::from_secs(60)), Rule::BothTokens]);
        assert!(Access::Require(MINUTE).implies(&HOUR), "a younger sign-in and both tokens");
        assert!(!Access::Require(HOUR).implies(&MINUTE));
    }

    #[test]
    fn a_proof_shows_and_declares_its_rule() {
        assert_eq!(format!("{:?}", Proof::<CanPublish>(PhantomData)), "Proof(CanPublish)");
        assert_eq!(<Proof<CanPublish> as DeclaresAccess>::ACCESS, Access::Require(RULE));
    }
}
