//! The hidden first extractor of a handler with an access attribute.

use std::convert::Infallible;
use std::marker::PhantomData;

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use super::session;
use crate::access::{Access, Decision, DeclaresAccess, Policy, decide};
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
pub struct Public<P>(PhantomData<fn() -> P>);

#[diagnostic::do_not_recommend]
impl<P: Policy> DeclaresAccess for Public<P> {
    const ACCESS: Access = P::ACCESS;
    type Demands = ();
}

impl<S: Sync, P: Policy> FromRequestParts<S> for Public<P> {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(PhantomData))
    }
}
