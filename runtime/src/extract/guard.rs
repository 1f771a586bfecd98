//! The hidden first extractor of a handler with an access attribute.

use std::convert::Infallible;
use std::marker::PhantomData;

use axum_core::extract::FromRequestParts;
use http::StatusCode;
use http::request::Parts;

use super::session;
use crate::access::{Access, Decision, DeclaresAccess, Policy, Rule, decide};
use crate::auth::AuthState;
use crate::rejection::{AuthRejection, Denial};

/// Lets a request through when it satisfies `P`; runs before every other extractor, so before the body is read.
///
/// The verified session stays in the request's extensions for the extractors that follow.
pub struct Guard<P>(PhantomData<fn() -> P>);

#[diagnostic::do_not_recommend]
impl<P: Policy> DeclaresAccess for Guard<P> {
    const ACCESS: Access = P::ACCESS;
    type Demands = Self;
}

impl<S, P> FromRequestParts<S> for Guard<P>
where
    S: AuthState,
    P: Policy,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AuthRejection> {
        let auth = state.auth();
        if matches!(P::ACCESS, Access::Public { .. }) {
            return Ok(Self(PhantomData));
        }
        let session = session::from_parts(parts, auth)?;
        let denial = match decide(&P::ACCESS, session.as_ref().map(|session| session.claims())) {
            Decision::Granted => return Ok(Self(PhantomData)),
            Decision::Unauthenticated => Denial::MissingCredentials,
            Decision::Forbidden => {
                Denial::InsufficientScope { required: auth.discloses_requirements().then_some(P::ACCESS) }
            }
        };
        Err(AuthRejection::new(denial, auth.realm()))
    }
}

/// Says that a handler is public. Unlike [`Guard`] it asks nothing of the router's state.
///
/// A policy that says anything else does not compile with it.
pub struct Public<P>(PhantomData<fn() -> P>);

#[diagnostic::do_not_recommend]
impl<P: Policy> DeclaresAccess for Public<P> {
    const ACCESS: Access = public(P::ACCESS);
    type Demands = ();
}

impl<S: Sync, P: Policy> FromRequestParts<S> for Public<P> {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        const { public(P::ACCESS) };
        Ok(Self(PhantomData))
    }
}

/// The access itself, in a constant that does not compile unless it is a public one.
const fn public(access: Access) -> Access {
    assert!(matches!(access, Access::Public { .. }), "`Public` is for policies whose access is public");
    access
}

/// Stands where a mistaken attribute leaves a handler without a policy: it lets nobody in and asks nothing of the
/// router's state, so that the mistake stays one error.
pub struct Nobody(());

#[diagnostic::do_not_recommend]
impl DeclaresAccess for Nobody {
    const ACCESS: Access = Access::Require(Rule::Any(&[]));
    type Demands = ();
}

impl<S: Sync> FromRequestParts<S> for Nobody {
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        Err(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Access = Access::Public { reason: "probe" };

    #[test]
    fn a_public_access_passes() {
        assert_eq!(public(OPEN), OPEN);
    }

    #[test]
    #[should_panic = "`Public` is for policies whose access is public"]
    fn a_public_extractor_refuses_a_policy_that_is_not() {
        public(Access::Require(Rule::Any(&[])));
    }

    #[tokio::test]
    async fn a_mistaken_handler_lets_nobody_in() {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        let refused = Nobody::from_request_parts(&mut parts, &()).await;
        assert_eq!(refused.err(), Some(StatusCode::INTERNAL_SERVER_ERROR));
    }
}
