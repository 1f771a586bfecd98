//! The renewal of a session on the way to a page.

use http::header::COOKIE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

use crate::auth::{Auth, AuthError, Transport};
use crate::claims::SessionClaims;
use crate::extract::{AnswerNotes, Destination, access_credential, for_request, refresh_cookie_of, verified};
use crate::rejection::AuthRejection;

/// Exchanges the refresh cookie of a navigation without a good access cookie, so that the request goes on as one of the new session. Its
/// answer sets the new cookies. Returns whether the request has changed and has to be decided about again.
///
/// A browser sends no `Authorization` when it navigates, and it cannot repeat a navigation after a refresh, as the script of a page repeats
/// its requests. So it has to happen here. It is the exchange of the refresh endpoint, with its window: parallel navigations, and the script of
/// an open page, get the same successor.
///
/// A link on another site may cause it, where the cookies are `SameSite=Lax`: the user then sees a page of this site, and the other site
/// learns nothing. It could only make the tokens younger, as the user does with each visit. What changes something is not renewed on the
/// way, and neither is a prefetch, whose answer the browser may throw away together with its cookies.
///
/// A session that has ended takes both of its cookies along, from the browser and from this request. A store that does not answer refuses the
/// request, and the cookies stay.
pub(super) async fn renew<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
) -> Result<bool, AuthRejection> {
    if !matches!(Destination::of(parts), Destination::Page | Destination::Unknown) {
        return Ok(false);
    }
    let (Some(access), Some(refresh)) =
        (auth.transports().access_cookie(), auth.transports().refresh_cookie())
    else {
        return Ok(false);
    };
    // A token that was sent on purpose is the one that counts.
    let is_for_cookies = match access_credential(parts, auth.transports()) {
        Ok(credential) => credential.is_none_or(|credential| credential.transport == Transport::Cookie),
        Err(_) => false,
    };
    if !is_for_cookies {
        return Ok(false);
    }
    let Some(token) = refresh_token(parts, auth) else { return Ok(false) };
    match for_request(parts, auth).refresh(&token).await {
        Ok(pair) => {
            let present = [(access, pair.access_token.clone()), (refresh, pair.refresh_token.clone())];
            let tokens = auth.in_cookies(pair)?;
            if let Some(notes) = AnswerNotes::of(&parts.extensions) {
                notes.renewed(present[1].1.clone(), auth.now());
            }
            note(parts, tokens.into_headers());
            replace_cookies(&mut parts.headers, &[access, refresh], &present);
            // The rotation has just asked the store.
            if let Ok(Some(session)) = verified(parts, auth).await {
                session.found_live();
            }
            Ok(true)
        }
        Err(error) if error.session_has_ended() => {
            note(parts, auth.expired_cookies().into_headers());
            replace_cookies(&mut parts.headers, &[access, refresh], &[]);
            Ok(true)
        }
        // A lost race: another answer has brought the next cookies. Or a token of a server with other keys.
        Err(AuthError::InvalidGrant(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The text of the refresh cookie.
fn refresh_token<C: SessionClaims>(parts: &Parts, auth: &Auth<C>) -> Option<String> {
    let credential = refresh_cookie_of(&parts.headers, auth).ok()??;
    str::from_utf8(credential.token().ok()?).map(str::to_owned).ok()
}

fn note(parts: &Parts, cookies: Vec<HeaderValue>) {
    let Some(notes) = AnswerNotes::of(&parts.extensions) else { return };
    for cookie in cookies {
        notes.set_cookie(cookie);
    }
}

/// Takes these cookies out of a request and adds the present ones, so that everything inside sees what the browser will send from now on.
/// The other cookies stay as they are, to the byte.
fn replace_cookies(headers: &mut HeaderMap, names: &[&str], present: &[(&str, String)]) {
    let is_other = |pair: &&[u8]| {
        let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
        !pair.trim_ascii().is_empty() && !names.iter().any(|other| name == other.as_bytes())
    };
    let lines: Vec<_> = headers.get_all(COOKIE).iter().cloned().collect();
    let kept = lines.iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';')).filter(is_other);
    let present = present.iter().map(|(name, value)| format!("{name}={value}").into_bytes());
    let pairs: Vec<_> = kept.map(|pair| pair.trim_ascii().to_vec()).chain(present).collect();
    headers.remove(COOKIE);
    // Parts of a header value, and tokens, make a header value.
    if let (false, Ok(mut line)) = (pairs.is_empty(), HeaderValue::from_bytes(&pairs.join(&b"; "[..]))) {
        line.set_sensitive(true);
        headers.insert(COOKIE, line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(lines: &[&'static [u8]], present: &[(&str, String)]) -> Vec<Vec<u8>> {
        let lines = lines.iter().map(|line| (COOKIE, HeaderValue::from_bytes(line).unwrap()));
        let mut headers: HeaderMap = lines.collect();
        replace_cookies(&mut headers, &["__Host-access", "__Host-refresh"], present);
        headers.get_all(COOKIE).iter().map(|line| line.as_bytes().to_vec()).collect()
    }

    #[test]
    fn other_cookies_stay_as_they_are() {
        let present = [("__Host-access", "new".to_owned())];
        let cases: [(&[&[u8]], &[u8]); 4] = [
            (&[], b"__Host-access=new"),
            (&[b"__Host-access=old; theme=dark"], b"theme=dark; __Host-access=new"),
            (
                &[b"a=1;  __Host-refresh =old;b=\"x; y\"", b"__Host-access"],
                b"a=1; b=\"x; y\"; __Host-access=new",
            ),
            (&[b"caf\xE9=\xFF; x; __host-access=z"], b"caf\xE9=\xFF; x; __host-access=z; __Host-access=new"),
        ];
        for (lines, expected) in cases {
            assert_eq!(replaced(lines, &present), [expected], "{lines:?}");
        }
        assert!(replaced(&[b"__Host-access=old; __Host-refresh=old;"], &[]).is_empty());
    }
}
