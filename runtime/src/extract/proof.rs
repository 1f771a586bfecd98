//! Values that only a decision can make.

use std::fmt;
use std::marker::PhantomData;

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use http::{Method, Uri};

use super::authorize::authorize_with;
use super::check::Checks;
use super::remembered::{remember, take};
use super::verify::verified;
use crate::access::{Access, DeclaredWhere, DeclaresAccess, NamedRule, Policy, Rule};
use crate::auth::{Auth, AuthState, Session};
use crate::claims::SessionClaims;
use crate::claims::role::Roles;
use crate::diagnostics::rules::check_declared;
use crate::rejection::AuthRejection;

/// Shows that the rule `R` was decided, for the caller of this request, and holds.
///
/// A function that demands `&Proof<CanPublish>` is called from nowhere but a handler whose caller may publish. There is no other way
/// to come by one: it has no constructor, cannot be copied, and takes no room.
///
/// As an argument of a handler it decides by itself, so `routes!` takes a handler with it as first argument. Behind an attribute that
/// names the rule, as in `#[require(CanPublish && fresh("10m"))]`, it takes over what the guard has found, and no check runs twice.
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
///     /// Makes the newest post of this author public. Whoever calls it has shown that they may.
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
/// Without the argument there is nothing to pass:
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
/// It says nothing of another request: use it where it was extracted, and do not keep it. It does not name the object that a check has looked
/// at either: pass on the number from the same path, and not another one from the body.
#[must_use = "pass it to what demands it"]
pub struct Proof<R>(PhantomData<fn() -> R>);

const _: () = assert!(size_of::<Proof<u64>>() == 0, "a proof takes no room");

#[cfg(any(test, feature = "test-util"))]
impl<R> Proof<R> {
    /// For tests of what demands it; see [`granted`](crate::testing::granted).
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
        const { check_declared(Access::Require(R::RULE), Roles::of_claims::<S::Claims>()) };
        let auth = state.auth();
        if !Evidence::<R, S::Claims>::is_with(parts, auth) {
            let access = Access::Require(R::RULE);
            authorize_with::<_, S, R::Checks>(parts, auth, state, &access).await?;
        }
        Ok(Self(PhantomData))
    }
}

/// Stays in the request's extensions from a guard to the [`Proof`] that takes it, when a rule was decided that takes time to decide:
/// whose request it was, and what for.
struct Evidence<R, C> {
    session: Session<C>,
    method: Method,
    uri: Uri,
    rule: PhantomData<fn() -> R>,
}

impl<R: NamedRule, C: SessionClaims> Evidence<R, C> {
    /// Nothing is left for a rule without checks: it is decided as fast as its evidence is found.
    fn leave(parts: &mut Parts, auth: &Auth<C>, session: &Session<C>) {
        if const { R::RULE.has_check() } {
            let (session, method, uri) = (session.clone(), parts.method.clone(), parts.uri.clone());
            remember(&mut parts.extensions, Self { session, method, uri, rule: PhantomData }, auth.now());
        }
    }

    /// Whether the rule was decided for this very request. The evidence is used up, since a handler may send its request to another one,
    /// with other headers, other path parameters or another state.
    fn is_with(parts: &mut Parts, auth: &Auth<C>) -> bool {
        if const { !R::RULE.has_check() } {
            return false;
        }
        // Who is refused now is refused again, and told so, where the rule is decided.
        let Ok(Some(session)) = verified(parts, auth) else { return false };
        take::<Self>(&mut parts.extensions, auth.now()).is_some_and(|left| {
            left.session.is_same(&session) && left.method == parts.method && left.uri == parts.uri
        })
    }
}

/// Named rules that hold where a policy grants, as a nested tuple.
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
pub trait Proven {
    /// Leaves evidence for whoever asks for a [`Proof`].
    fn leave<P: Policy, C: SessionClaims>(parts: &mut Parts, auth: &Auth<C>, session: &Session<C>);
}

impl Proven for () {
    fn leave<P: Policy, C: SessionClaims>(_: &mut Parts, _: &Auth<C>, _: &Session<C>) {}
}

impl<R: NamedRule, Rest: Proven> Proven for (R, Rest) {
    fn leave<P: Policy, C: SessionClaims>(parts: &mut Parts, auth: &Auth<C>, session: &Session<C>) {
        const { assert!(demands(P::ACCESS, R::RULE), "a policy proves a rule that it does not demand") };
        Evidence::<R, C>::leave(parts, auth, session);
        Rest::leave::<P, C>(parts, auth, session);
    }
}

/// Whether whoever is granted this access has met the rule.
const fn demands(access: Access, rule: Rule) -> bool {
    matches!(access, Access::Require(demanded) if demanded.has_conjunct(&rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule::All(&[Rule::Role("editor"), Rule::Check { name: "owns_post", not_found: true }]);

    enum CanPublish {}

    impl NamedRule for CanPublish {
        const NAME: &'static str = "CanPublish";
        const RULE: Rule = RULE;
        type Roles = ();
        type Checks = ();
    }

    #[test]
    fn a_policy_proves_what_it_demands_in_any_case_and_nothing_else() {
        assert!(demands(Access::Require(RULE), RULE));
        assert!(demands(Access::Require(Rule::All(&[RULE, Rule::Live])), RULE));
        for access in [
            Access::Require(Rule::Any(&[RULE, Rule::Live])),
            Access::Require(Rule::Role("editor")),
            Access::Require(Rule::All(&[])),
            Access::Authenticated,
            Access::Optional,
            Access::Public { reason: "probe" },
        ] {
            assert!(!demands(access, RULE), "{access}");
        }
    }

    #[test]
    fn a_proof_says_of_what() {
        assert_eq!(format!("{:?}", Proof::<CanPublish>(PhantomData)), "Proof(CanPublish)");
        assert_eq!(<Proof<CanPublish> as DeclaresAccess>::ACCESS, Access::Require(RULE));
    }
}
