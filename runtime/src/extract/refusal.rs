//! A refusal on its way to the client, and its event.

use std::net::IpAddr;

use axum::extract::MatchedPath;
use http::HeaderValue;
use http::request::Parts;

use crate::access::Access;
use crate::auth::{Auth, CookieRules, RequestLabel, Session};
use crate::claims::SessionClaims;
use crate::claims::role::RoleTable;
use crate::events::{AuthEventKind, AuthOutcome};
use crate::rejection::{AuthRejection, Denial};

/// The length of `UPDATEREDIRECTREF`, the longest registered method (RFC 4437).
const LONGEST_METHOD: usize = 17;

/// A refusal with its reason for the log, and the session of the request if that was verified.
pub(crate) struct Refusal<C> {
    pub(crate) denial: Denial,
    pub(crate) reason: &'static str,
    pub(crate) session: Option<Session<C>>,
    /// The access cookie is to blame. The answer takes it away, so that the next request is an honest one.
    pub(crate) bad_cookie: bool,
}

impl<C> From<Denial> for Refusal<C> {
    fn from(denial: Denial) -> Self {
        Self { denial, reason: denial.code(), session: None, bad_cookie: false }
    }
}

impl<C: SessionClaims> Refusal<C> {
    /// The refusal of a request with this session.
    pub(crate) fn of(session: &Session<C>, denial: Denial) -> Self {
        Self { session: Some(session.clone()), ..denial.into() }
    }
}

/// The `Auth` for further work on this request: its events name the request.
pub(crate) fn for_request<C: SessionClaims>(parts: &Parts, auth: &Auth<C>) -> Auth<C> {
    let (method, route) = (method_of(parts), route_of(parts));
    auth.labelled(RequestLabel {
        method: method.map(str::to_owned),
        route: route.map(str::to_owned),
        address: address_of(parts),
    })
}

/// The address at the other end of the connection, as the server or a layer has left it.
pub(crate) fn address_of(parts: &Parts) -> Option<IpAddr> {
    #[cfg(feature = "connect-info")]
    {
        use std::net::SocketAddr;

        use axum::extract::connect_info::{ConnectInfo, MockConnectInfo};

        let connected = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address);
        let mocked =
            || parts.extensions.get::<MockConnectInfo<SocketAddr>>().map(|MockConnectInfo(address)| address);
        connected.or_else(mocked).map(|address| address.ip().to_canonical())
    }
    #[cfg(not(feature = "connect-info"))]
    {
        let _ = parts;
        None
    }
}

/// The request's method, unless it is longer than any registered one: the client could fill the log with it.
fn method_of(parts: &Parts) -> Option<&str> {
    Some(parts.method.as_str()).filter(|name| name.len() <= LONGEST_METHOD)
}

fn route_of(parts: &Parts) -> Option<&str> {
    parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str)
}

/// The `Set-Cookie` header that takes the access cookie away.
pub(super) fn expired_access<C: SessionClaims>(auth: &Auth<C>) -> Option<HeaderValue> {
    auth.transports().cookies.as_ref().and_then(CookieRules::expired_access)
}

/// Emits the event of a refusal and returns its response.
pub(crate) fn refuse<C: SessionClaims>(
    parts: &Parts,
    auth: &Auth<C>,
    access: Option<Access>,
    refusal: &Refusal<C>,
) -> AuthRejection {
    let outcome =
        if refusal.denial.status().is_server_error() { AuthOutcome::Failed } else { AuthOutcome::Refused };
    let mut event = auth.event(AuthEventKind::Denial, outcome).because(refusal.reason);
    event.method = method_of(parts);
    event.route = route_of(parts);
    event.address = address_of(parts);
    event.policy = access;
    let user = refusal.session.as_ref().map(|session| session.claims().subject().to_string());
    event.user = user.as_deref();
    event.session = refusal.session.as_ref().and_then(Session::id);
    event.issuer =
        refusal.session.as_ref().filter(|session| session.issuer().is_some()).map(Session::issuer_name);
    event.actor = refusal.session.as_ref().and_then(Session::actor);
    auth.emit(&event);
    let rejection =
        AuthRejection::new(refusal.denial, auth.realm()).without(RoleTable::of::<C::Role>().private);
    if refusal.bad_cookie { rejection.setting(expired_access(auth)) } else { rejection }
}
