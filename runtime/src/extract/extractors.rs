//! The extractors of the signed-in user: sessions, derived claims, and `Option` of these, with the access that each declares.

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;

use super::authorize::{Asker, authorize, required};
use super::examine::Examined;
use super::remembered::just_remembered;
use crate::access::{Access, DeclaredWhere, DeclaresAccess, Rule};
use crate::auth::{Auth, ProvidesClaims, RefreshSession, Session};
use crate::claims::SessionClaims;
use crate::rejection::{AuthRejection, Denial};

async fn optional<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
) -> Result<Option<Session<C>>, AuthRejection> {
    authorize(parts, auth, &Access::Optional, Asker::Argument).await
}

impl<C, S> FromRequestParts<S> for Session<C>
where
    C: SessionClaims,
    S: ProvidesClaims<C>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AuthRejection> {
        required(parts, state.provided(), &Self::ACCESS).await
    }
}

impl<C, S> OptionalFromRequestParts<S> for Session<C>
where
    C: SessionClaims,
    S: ProvidesClaims<C>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, AuthRejection> {
        optional(parts, state.provided()).await
    }
}

/// The body of the extractor that `#[derive(SessionClaims)]` generates.
#[doc(hidden)]
pub async fn claims_from_parts<C, S>(parts: &mut Parts, state: &S) -> Result<C, AuthRejection>
where
    C: SessionClaims,
    S: ProvidesClaims<C>,
{
    Ok(required(parts, state.provided(), &Access::Authenticated).await?.into_claims())
}

/// The body of the optional extractor that `#[derive(SessionClaims)]` generates.
#[doc(hidden)]
pub async fn optional_claims_from_parts<C, S>(
    parts: &mut Parts,
    state: &S,
) -> Result<Option<C>, AuthRejection>
where
    C: SessionClaims,
    S: ProvidesClaims<C>,
{
    Ok(optional(parts, state.provided()).await?.map(Session::into_claims))
}

#[diagnostic::do_not_recommend]
impl<C: SessionClaims> DeclaresAccess for Session<C> {
    const ACCESS: Access = Access::Authenticated;
    const DECLARED: DeclaredWhere = DeclaredWhere::Argument;
    type Demands = Self;
}

#[diagnostic::do_not_recommend]
impl<T: DeclaresAccess> DeclaresAccess for Option<T> {
    const ACCESS: Access = Access::Optional;
    const DECLARED: DeclaredWhere = T::DECLARED;
    type Demands = T::Demands;
}

impl<C, S> FromRequestParts<S> for RefreshSession<C>
where
    C: SessionClaims,
    S: ProvidesClaims<C>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AuthRejection> {
        let auth = state.provided();
        required(parts, auth, &Self::ACCESS).await?;
        match just_remembered(&parts.extensions) {
            Some(Examined(both)) => Ok(both.clone()),
            None => Err(AuthRejection::new(Denial::MissingRefreshToken, auth.realm())),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<C: SessionClaims> DeclaresAccess for RefreshSession<C> {
    const ACCESS: Access = Access::Require(Rule::BothTokens);
    const DECLARED: DeclaredWhere = DeclaredWhere::Argument;
    type Demands = Session<C>;
}
