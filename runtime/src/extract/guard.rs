//! The hidden first extractor of a handler with an access attribute.

use std::convert::Infallible;
use std::marker::PhantomData;

use axum_core::extract::FromRequestParts;
use http::StatusCode;
use http::request::Parts;

use super::authorize::{Asker, authorize_with};
use super::check::Checks;
use super::proof::Proven;
use crate::access::{Access, DeclaredAt, DeclaredWhere, DeclaresAccess, Policy, Rule};
use crate::auth::AuthState;
use crate::claims::role::RoleTable;
use crate::diagnostics::rules::check_declared;
use crate::rejection::AuthRejection;

/// Admits requests that satisfy the policy `P`. It runs before every other extractor, and so before the body is read.
///
/// The verified session stays in the request's extensions for the following extractors.
pub struct Guard<P>(PhantomData<fn() -> P>);

#[diagnostic::do_not_recommend]
impl<P: Policy> DeclaresAccess for Guard<P> {
    const ACCESS: Access = P::ACCESS;
    const DECLARED: DeclaredWhere = DeclaredWhere::Attribute;
    const DECLARED_AT: DeclaredAt = P::DECLARED_AT;
    type Demands = Self;
}

impl<S, P> FromRequestParts<S> for Guard<P>
where
    S: AuthState,
    P: Policy<Checks: Checks<S>, Proves: Proven>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AuthRejection> {
        const { check_declared(P::ACCESS, RoleTable::of_claims::<S::Claims>()) };
        let auth = state.auth();
        let session = authorize_with::<_, S, P::Checks>(parts, auth, state, &P::ACCESS, Asker::Gate).await?;
        if let Some(session) = &session {
            P::Proves::leave::<P, _>(parts, auth, session);
        }
        Ok(Self(PhantomData))
    }
}

/// Declares that a handler is public. Unlike [`Guard`] it needs nothing from the router's state.
///
/// It does not compile with a policy that is not public.
pub struct Public<P>(PhantomData<fn() -> P>);

#[diagnostic::do_not_recommend]
impl<P: Policy> DeclaresAccess for Public<P> {
    const ACCESS: Access = public(P::ACCESS);
    const DECLARED: DeclaredWhere = DeclaredWhere::Attribute;
    const DECLARED_AT: DeclaredAt = P::DECLARED_AT;
    type Demands = ();
}

impl<S: Sync, P: Policy> FromRequestParts<S> for Public<P> {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        const { public(P::ACCESS) };
        Ok(Self(PhantomData))
    }
}

/// Returns the access, and does not compile if it is not public.
const fn public(access: Access) -> Access {
    assert!(matches!(access, Access::Public { .. }), "`Public` is for policies whose access is public");
    access
}

/// The guard of a handler whose attribute has a mistake and so no policy. It refuses every request and needs nothing from
/// the router's state, so that the mistake is reported as one error.
pub struct DenyAll(());

#[diagnostic::do_not_recommend]
impl DeclaresAccess for DenyAll {
    const ACCESS: Access = Access::Require(Rule::Any(&[]));
    const DECLARED: DeclaredWhere = DeclaredWhere::Attribute;
    type Demands = ();
}

impl<S: Sync> FromRequestParts<S> for DenyAll {
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        Err(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// For direct calls of guarded handlers in tests.
#[cfg(any(test, feature = "test-util"))]
mod granted {
    use super::{Guard, PhantomData, Public};

    impl<P> Guard<P> {
        pub(crate) fn granted() -> Self {
            Self(PhantomData)
        }
    }

    impl<P> Public<P> {
        pub(crate) fn granted() -> Self {
            Self(PhantomData)
        }
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
    async fn a_mistaken_attribute_admits_no_caller() {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        let refused = DenyAll::from_request_parts(&mut parts, &()).await;
        assert_eq!(refused.err(), Some(StatusCode::INTERNAL_SERVER_ERROR));
    }
}

#[cfg(test)]
#[cfg(all(feature = "macros", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod policies {
    use http::HeaderValue;
    use http::header::AUTHORIZATION;

    use super::*;
    use crate::auth::{Auth, Session};
    use crate::rejection::Denial;
    use crate::store::MemoryStore;
    use crate::token::{Algorithm, Key};

    #[derive(crate::SessionClaims, Clone)]
    struct User {
        #[claims(subject)]
        id: u64,
    }

    enum Open {}

    impl Policy for Open {
        const ACCESS: Access = Access::Public { reason: "probe" };
        type Roles = ();
        type Checks = ();
        type Proves = ();
    }

    enum Either {}

    impl Policy for Either {
        const ACCESS: Access = Access::Optional;
        type Roles = ();
        type Checks = ();
        type Proves = ();
    }

    #[test]
    fn extractors_declare_their_access() {
        fn declared<T: DeclaresAccess>() -> Access {
            T::ACCESS
        }
        assert_eq!(declared::<Guard<Open>>(), Open::ACCESS);
        assert_eq!(declared::<Public<Open>>(), Open::ACCESS);
        assert_eq!(declared::<Guard<Either>>(), Access::Optional);
        assert_eq!(declared::<User>(), Access::Authenticated);
        assert_eq!(declared::<Session<User>>(), Access::Authenticated);
        assert_eq!(declared::<Option<User>>(), Access::Optional);
        assert_eq!(declared::<Option<Session<User>>>(), Access::Optional);
        assert_eq!(declared::<DenyAll>(), Access::Require(Rule::Any(&[])));
    }

    /// The guard's answer to a request with these credentials.
    async fn answer<P: Policy<Checks = (), Proves = ()>>(
        credentials: Option<&'static str>,
    ) -> Result<(), Denial> {
        let auth: Auth<User> = Auth::builder()
            .access_key(Key::generate_secret(Algorithm::Hs256).unwrap())
            .refresh_key(Key::generate_secret(Algorithm::Hs256).unwrap())
            .issuer("https://issuer.test")
            .audience("https://api.test")
            .store(MemoryStore::new())
            .claims_source(|id| async move { Ok(Some(User { id })) })
            .build()
            .unwrap();
        let (mut parts, ()) = http::Request::new(()).into_parts();
        parts.headers.extend(credentials.map(|text| (AUTHORIZATION, HeaderValue::from_static(text))));
        let guard = Guard::<P>::from_request_parts(&mut parts, &auth).await;
        guard.map(drop).map_err(|rejection| rejection.denial())
    }

    #[tokio::test]
    async fn a_public_policy_does_not_read_credentials() {
        for credentials in [None, Some("Basic eDp5"), Some("Bearer"), Some("Bearer a.b.c")] {
            assert_eq!(answer::<Open>(credentials).await, Ok(()), "{credentials:?}");
        }
    }

    /// Row 59.
    #[tokio::test]
    async fn an_optional_policy_refuses_bad_credentials() {
        assert_eq!(answer::<Either>(None).await, Ok(()));
        // Rows 66 and 149.
        assert_eq!(answer::<Either>(Some("Bearer")).await, Ok(()));
        assert_eq!(answer::<Either>(Some("Basic eDp5")).await, Ok(()));
        for credentials in ["Bearer  a.b.c", "Bearer a.b.c"] {
            let answer = answer::<Either>(Some(credentials)).await;
            assert_eq!(answer, Err(Denial::InvalidToken), "{credentials}");
        }
    }
}
