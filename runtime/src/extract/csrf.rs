//! Protection against cross-site request forgery (CSRF): whether this site sent a request to which the browser added the credentials.

use http::header::{ORIGIN, UPGRADE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method};

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
    /// [trusted origin](crate::Cookies::trust_origin). If the client sends neither, the header is required; wherever it is sent, it
    /// must be correct. Requests with tokens in a header need none of this.
    ///
    /// A proxy must pass on the `Host` that the browser sent. If yours cannot, trust the public origin by name.
    pub fn csrf_token(&self, session: &SessionId) -> String {
        self.csrf_token_of(session.as_str())
    }
}

/// Refuses an unsafe request that does not show that this site sent it. This is the only check of a request's sender. Callers decide when
/// it is due: for a credential in a cookie, and for a sign-in that would set one.
///
/// `session` is the session that the cookie names, whose `X-CSRF-Token` the request then has to carry. It is `None` for a sign-in, which
/// has no session yet, and for a cookie whose token is not ours: then any value of the header shows as much.
pub(crate) fn check<C: SessionClaims>(
    parts: &Parts,
    auth: &Auth<C>,
    session: Option<&str>,
) -> Result<(), Denial> {
    if is_safe(parts) {
        return Ok(());
    }
    let token = one_header(&parts.headers, &X_CSRF_TOKEN).map_err(|_| Denial::CrossSite)?;
    let has_token = match (token, session) {
        (None, _) => false,
        // Another site cannot send the header without a CORS preflight, whatever its value.
        (Some(token), None) => !token.is_empty(),
        (Some(token), Some(session)) if auth.is_csrf_token(session, token.as_bytes()) => true,
        (Some(_), Some(_)) => return Err(Denial::CrossSite),
    };
    let trusted = auth.transports().cookies.as_ref().map_or(&[][..], |rules| rules.origins());
    match sender(parts, trusted) {
        Sender::Ours => Ok(()),
        Sender::Unknown if has_token => Ok(()),
        Sender::Unknown | Sender::Foreign => Err(Denial::CrossSite),
    }
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sender {
    Ours,
    Foreign,
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
        None if origin.is_some() => Sender::Foreign,
        None => Sender::Unknown,
    }
}
