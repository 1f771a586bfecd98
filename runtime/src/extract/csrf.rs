//! Protection against cross-site request forgery (CSRF): whether this site sent a request to which the browser added the credentials.

use http::header::{ORIGIN, UPGRADE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method};

use super::navigation::Destination;
use crate::auth::{Auth, Origin, X_CSRF_TOKEN, one_header};
use crate::claims::SessionClaims;
use crate::rejection::Denial;
use crate::session::SessionId;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const WEBSOCKET: &[u8] = b"websocket";

impl<C: SessionClaims> Auth<C> {
    /// The value for the header `X-CSRF-Token` of requests with a cookie as their credential, for pages that the server renders.
    /// Other pages find it in the response that set the cookies. It is valid for this session alone, and for the whole of it.
    ///
    /// A request with an unsafe method that is authenticated by a cookie must show which site sent it, and so must a WebSocket
    /// handshake. Browsers send `Sec-Fetch-Site`; older ones send `Origin`, which must be the request's own host or a
    /// [trusted origin](crate::Cookies::trust_origin). What the browser says decides, whatever the header holds. The header decides if
    /// the client sends neither, or only `Origin: null`, as a native web view does. Requests with tokens in a header need none of this.
    ///
    /// A proxy must pass on the `Host` that the browser sent. If yours cannot, trust the public origin by name.
    pub fn csrf_token(&self, session: &SessionId) -> String {
        self.csrf_token_of(session.as_str())
    }
}

/// Refuses an unsafe request that does not show that this site sent it. This is the only check of a request's sender. Callers decide when
/// it is due: for a credential in a cookie, and for a sign-in that would set one.
///
/// `session` is the session that the cookie names. It is `None` for a sign-in, which has no session yet, and for a cookie whose token is
/// not ours.
pub(crate) fn check<C: SessionClaims>(
    parts: &Parts,
    auth: &Auth<C>,
    session: Option<&str>,
) -> Result<(), Denial> {
    let trusted = auth.transports().cookies.as_ref().map_or(&[][..], |rules| rules.origins());
    let passes = is_safe(parts)
        || match sender(parts, trusted) {
            Sender::Ours => true,
            Sender::Foreign => false,
            Sender::Opaque => session.is_some_and(|session| has_token(parts, auth, Some(session))),
            Sender::Unknown => has_token(parts, auth, session),
        };
    if passes { Ok(()) } else { Err(Denial::CrossSite) }
}

/// Whether the request has the CSRF token of the session. Without a session any value will do: another site cannot send the header
/// without a CORS preflight, whatever its value.
fn has_token<C: SessionClaims>(parts: &Parts, auth: &Auth<C>, session: Option<&str>) -> bool {
    let Ok(Some(token)) = one_header(&parts.headers, &X_CSRF_TOKEN) else { return false };
    match session {
        Some(session) => auth.is_csrf_token(session, token.as_bytes()),
        None => !token.is_empty(),
    }
}

/// Whether the client is a browser that keeps the cookies of an answer to this request.
///
/// A browser names the site of each request, or navigates. It keeps no `SameSite` cookie from an answer to the `fetch` of another site's
/// page, a trusted one as well; pages of one site on several origins keep them. A `fetch` of no page at all is an extension's.
pub(crate) fn keeps_cookies<C: SessionClaims>(parts: &Parts, auth: &Auth<C>) -> bool {
    let Some(rules) = &auth.transports().cookies else { return false };
    if Destination::of(parts).is_window() {
        return true;
    }
    let site = parts.headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes);
    !matches!(site, Some(b"cross-site" | b"none")) && sender(parts, rules.origins()) == Sender::Ours
}

/// Whether the method is safe (RFC 9110 section 9.2.1) and the request no WebSocket handshake. A page of any site may open a WebSocket
/// and read from it, since CORS does not apply (RFC 6455 section 10.2).
fn is_safe(parts: &Parts) -> bool {
    let is_safe_method = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
    let mut upgrades = parts.headers.get_all(UPGRADE).iter().map(HeaderValue::as_bytes);
    is_safe_method
        && !upgrades
            .any(|line| line.windows(WEBSOCKET.len()).any(|name| name.eq_ignore_ascii_case(WEBSOCKET)))
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sender {
    /// This site, or an origin that it trusts.
    Ours,
    /// Another site.
    Foreign,
    /// An origin that the client does not name: a native web view, or a page in a sandbox. It cannot guess the token of a session.
    Opaque,
    /// Neither header is there, so no browser of today has sent it.
    Unknown,
}

/// The sender by the browser's own headers, which no page can set.
fn sender(parts: &Parts, trusted: &[Origin]) -> Sender {
    let (Ok(site), Ok(origin)) =
        (one_header(&parts.headers, &SEC_FETCH_SITE), one_header(&parts.headers, &ORIGIN))
    else {
        return Sender::Foreign;
    };
    let parsed = origin.and_then(|origin| Origin::parse(origin.to_str().ok()?));
    let is_trusted = parsed.as_ref().is_some_and(|origin| trusted.contains(origin));
    match site.map(|site| site.as_bytes()) {
        // `none` means the user: a typed address, or a form sent again.
        Some(b"same-origin" | b"none") => Sender::Ours,
        Some(_) if is_trusted => Sender::Ours,
        Some(_) => Sender::Foreign,
        None if is_trusted || parsed.is_some_and(|origin| origin.is_target_of(parts)) => Sender::Ours,
        None => match origin.map(|origin| origin.as_bytes()) {
            None => Sender::Unknown,
            Some(b"null") => Sender::Opaque,
            Some(_) => Sender::Foreign,
        },
    }
}
