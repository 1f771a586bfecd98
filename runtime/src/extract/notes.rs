//! Notes that extractors leave for the answer of their request: whether a token opened it that caches do not know of, and cookies to set.
//!
//! Shared caches keep away from answers to requests with `Authorization` (RFC 9111 section 3.5). They know nothing of tokens in a cookie,
//! a named header or the query, so such an answer has to say itself that it is one user's.
//!
//! An extractor sees no response. So whoever is around it ([`AuthService`](crate::AuthService), the handlers of an
//! [`AuthRouter`](crate::AuthRouter), [`Auth::answer_layer`](crate::Auth::answer_layer)) puts [`AnswerNotes`] into the extensions of the
//! request and completes the answer with them. Each of these does so for itself: a request can be a kept copy of another one, whose notes
//! are read no more. Completing an answer twice changes nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE, VARY};
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue};

use crate::auth::{Auth, Transport};
use crate::claims::SessionClaims;
use crate::clock::Timestamp;

const PRIVATE: HeaderValue = HeaderValue::from_static("private");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

const COOKIE_FIELD: HeaderValue = HeaderValue::from_static("Cookie");

/// A handler that takes as long as this may have been overtaken by a sign-in, a sign-out or another renewal of the same browser.
const FRESH: Duration = Duration::from_secs(2);

/// The notes of one request. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct AnswerNotes {
    shared: Arc<Mutex<Notes>>,
}

// Not `Debug`: it would show the token.
#[derive(Default)]
struct Notes {
    /// The headers of the request that could have decided.
    vary: Vec<HeaderName>,
    /// A token opened the request that caches do not know of.
    opened: bool,
    /// `Set-Cookie` headers, one for each name.
    cookies: Vec<HeaderValue>,
    /// The refresh token in them, and when it was made.
    renewed: Option<(String, Timestamp)>,
}

impl AnswerNotes {
    /// Empty notes for this request; `None` where tokens come in `Authorization` alone, of which there is nothing to note.
    pub(crate) fn for_answer_of<C: SessionClaims>(parts: &mut Parts, auth: &Auth<C>) -> Option<Self> {
        (!auth.transports().bearer_only()).then(|| Self::attach(&mut parts.extensions))
    }

    /// Empty notes for the request with these extensions.
    pub(crate) fn attach(extensions: &mut Extensions) -> Self {
        let notes = Self::default();
        extensions.insert(notes.clone());
        notes
    }

    /// The notes of this request, if something around the extractor will read them.
    pub(crate) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// Adds a `Set-Cookie` header to the answer, in place of an earlier note about the same cookie. A cookie that the answer sets by itself
    /// stays as it is. An answer with such a header is `no-store`.
    pub(crate) fn set_cookie(&self, cookie: HeaderValue) {
        let mut notes = self.lock();
        notes.cookies.retain(|earlier| name_of(earlier) != name_of(&cookie));
        notes.cookies.push(cookie);
    }

    /// Notes that the cookies are those of a session that was renewed on the way.
    pub(crate) fn renewed(&self, refresh_token: String, now: Timestamp) {
        self.lock().renewed = Some((refresh_token, now));
    }

    /// Takes the refresh token of a renewal that is no longer [`FRESH`].
    pub(crate) fn take_old_renewal(&self, now: Timestamp) -> Option<String> {
        let mut notes = self.lock();
        let (_, at) = notes.renewed.as_ref()?;
        if now.since(*at) < FRESH { None } else { notes.renewed.take().map(|(token, _)| token) }
    }

    /// Forgets the cookies, so that the answer leaves those of the browser alone.
    pub(crate) fn drop_cookies(&self) {
        self.lock().cookies.clear();
    }

    /// Writes the notes into the headers of the answer.
    pub(crate) fn complete(&self, headers: &mut HeaderMap) {
        let Notes { vary, opened, cookies, .. } = std::mem::take(&mut *self.lock());
        let set_by_answer: Vec<_> =
            headers.get_all(SET_COOKIE).iter().map(|cookie| name_of(cookie).to_owned()).collect();
        let mut not_stored = false;
        for cookie in cookies {
            not_stored = true;
            if !set_by_answer.iter().any(|name| name == name_of(&cookie)) {
                headers.append(SET_COOKIE, cookie);
            }
        }
        if not_stored {
            headers.insert(CACHE_CONTROL, NO_STORE);
        }
        if not_stored || opened {
            keep_from_shared_caches(headers);
        }
        vary_by(headers, &vary);
    }

    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes which headers of the request decided about it, after its token was looked for. `good` is where a good one was.
///
/// A token in `Authorization` needs no note, and nothing else decides about a request that has one.
pub(super) fn decided_by<C: SessionClaims>(parts: &Parts, auth: &Auth<C>, good: Option<Transport>) {
    if auth.transports().bearer_only() || good == Some(Transport::Bearer) {
        return;
    }
    let Some(notes) = AnswerNotes::of(&parts.extensions) else { return };
    let mut notes = notes.lock();
    notes.opened |= good.is_some();
    let cookie = auth.transports().access_cookie().map(|_| &COOKIE);
    for name in auth.transports().header.iter().chain(cookie) {
        if !notes.vary.contains(name) {
            notes.vary.push(name.clone());
        }
    }
}

/// The name in a `Set-Cookie` header.
fn name_of(cookie: &HeaderValue) -> &[u8] {
    cookie.as_bytes().split(|byte| *byte == b'=').next().unwrap_or_default()
}

/// Lets no shared cache store the answer. What the handler said beside that stays, and so does `no-store`, which is stricter.
///
/// An answer that the handler has marked `public` is not left so: a cache would hand to strangers what the guard refuses them.
fn keep_from_shared_caches(headers: &mut HeaderMap) {
    // Fields for one sort of shared cache, which reads them instead of `Cache-Control` (RFC 9213).
    let targeted: Vec<_> = headers.keys().filter(|name| is_for_shared_caches(name)).cloned().collect();
    for name in targeted {
        headers.remove(name);
    }
    let lines: Vec<_> = headers.get_all(CACHE_CONTROL).iter().map(HeaderValue::to_str).collect();
    let directives: Vec<_> = lines.into_iter().flatten().flat_map(directives).collect();
    let says = |wanted: &str| directives.iter().any(|directive| directive.eq_ignore_ascii_case(wanted));
    if says("no-store") || says("private") {
        return;
    }
    // `private="field"` is about that field alone.
    let is_kept = |directive: &&str| {
        let name = directive.split('=').next().unwrap_or_default().trim();
        !["public", "s-maxage", "private"].iter().any(|other| name.eq_ignore_ascii_case(other))
    };
    let kept: Vec<_> = std::iter::once("private").chain(directives.into_iter().filter(is_kept)).collect();
    // Parts of header values make a header value.
    let value = HeaderValue::from_str(&kept.join(", ")).unwrap_or(PRIVATE);
    headers.insert(CACHE_CONTROL, value);
}

fn is_for_shared_caches(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.ends_with("cdn-cache-control")
        || matches!(name, "surrogate-control" | "edge-control" | "x-accel-expires")
}

/// The members of a `Cache-Control` header. A comma between quotation marks separates nothing. (The parser of the crate `headers` drops
/// directives that it does not know.)
fn directives(line: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let members = line.split(move |character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    });
    members.map(str::trim).filter(|directive| !directive.is_empty())
}

/// Adds the names to `Vary`. An answer that no cache stores has no use for them.
fn vary_by(headers: &mut HeaderMap, names: &[HeaderName]) {
    let is_stored = !headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(directives)
        .any(|directive| directive.eq_ignore_ascii_case("no-store"));
    if !is_stored {
        return;
    }
    for name in names {
        let lines = headers.get_all(VARY).iter().filter_map(|line| line.to_str().ok());
        let mut present = lines.flat_map(|line| line.split(',')).map(str::trim);
        if !present.any(|field| field == "*" || field.eq_ignore_ascii_case(name.as_str())) {
            // In the letters that people look for.
            let written = if *name == COOKIE { COOKIE_FIELD } else { HeaderValue::from(name.clone()) };
            headers.append(VARY, written);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The headers of an answer with these, after a cookie opened the request.
    fn opened(answer: &[(&'static str, &'static str)]) -> HeaderMap {
        let notes = AnswerNotes::default();
        {
            let mut notes = notes.lock();
            notes.opened = true;
            notes.vary.push(COOKIE);
        }
        completed(&notes, answer)
    }

    fn completed(notes: &AnswerNotes, answer: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in answer {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        notes.complete(&mut headers);
        headers
    }

    fn all(headers: &HeaderMap, name: HeaderName) -> Vec<&str> {
        headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// Row 153.
    #[test]
    fn an_answer_that_a_cookie_opened_is_private_unless_it_is_stricter() {
        for (said, written) in [
            (&[][..], "private"),
            (&["max-age=60"], "private, max-age=60"),
            (&["public"], "private"),
            (&["public, max-age=60"], "private, max-age=60"),
            (&["Public", "S-MaxAge=9, immutable"], "private, immutable"),
            (&["no-cache, must-revalidate"], "private, no-cache, must-revalidate"),
            (&["private=\"set-cookie, public\", max-age=1"], "private, max-age=1"),
            (&["ext=\"no-store, private\""], "private, ext=\"no-store, private\""),
            (&["stale-while-revalidate=9,, ,"], "private, stale-while-revalidate=9"),
        ] {
            let answer: Vec<_> = said.iter().map(|said| ("cache-control", *said)).collect();
            let headers = opened(&answer);
            assert_eq!(all(&headers, CACHE_CONTROL), [written], "{said:?}");
            assert_eq!(all(&headers, VARY), ["Cookie"], "{said:?}");
        }
        for stricter in ["private", "PRIVATE, max-age=60", "max-age=60, private"] {
            let headers = opened(&[("cache-control", stricter)]);
            assert_eq!(all(&headers, CACHE_CONTROL), [stricter]);
            assert_eq!(all(&headers, VARY), ["Cookie"], "{stricter}");
        }
        for strictest in ["no-store", "No-Store, max-age=0", "public, no-store"] {
            let headers = opened(&[("cache-control", strictest)]);
            assert_eq!(all(&headers, CACHE_CONTROL), [strictest]);
            assert!(!headers.contains_key(VARY), "{strictest}");
        }
    }

    /// Row 153: an answer can address shared caches by other names.
    #[test]
    fn words_for_shared_caches_alone_are_taken_out() {
        for name in
            ["cdn-cache-control", "cloudflare-cdn-cache-control", "surrogate-control", "x-accel-expires"]
        {
            for own in ["no-store", "max-age=60"] {
                let headers = opened(&[(name, "max-age=600"), ("cache-control", own)]);
                assert!(!headers.contains_key(name), "{name} beside {own}");
            }
        }
    }

    #[test]
    fn vary_names_the_cookie_once() {
        for (said, written) in [
            (&["accept-encoding"][..], &["accept-encoding", "Cookie"][..]),
            (&["Accept-Encoding, Cookie"], &["Accept-Encoding, Cookie"]),
            (&["accept", "COOKIE"], &["accept", "COOKIE"]),
            (&["*"], &["*"]),
            (&["cookies"], &["cookies", "Cookie"]),
        ] {
            let answer: Vec<_> = said.iter().map(|said| ("vary", *said)).collect();
            assert_eq!(all(&opened(&answer), VARY), written);
        }
    }

    #[test]
    fn a_visitor_s_answer_varies_and_keeps_its_words() {
        let notes = AnswerNotes::default();
        notes.lock().vary.push(COOKIE);
        let headers =
            completed(&notes, &[("cache-control", "public, max-age=60"), ("cdn-cache-control", "max-age=9")]);
        assert_eq!(all(&headers, CACHE_CONTROL), ["public, max-age=60"]);
        assert_eq!(all(&headers, VARY), ["Cookie"]);
        assert!(headers.contains_key("cdn-cache-control"));
        assert!(completed(&AnswerNotes::default(), &[]).is_empty(), "there is nothing to say");
    }

    #[test]
    fn the_last_note_of_a_cookie_is_set_unless_the_answer_sets_it() {
        let notes = AnswerNotes::default();
        for cookie in ["a=1; Path=/", "b=1", "a=2; Path=/"] {
            notes.set_cookie(HeaderValue::from_static(cookie));
        }
        let headers = completed(&notes, &[("set-cookie", "b=own"), ("cache-control", "public")]);
        assert_eq!(all(&headers, SET_COOKIE), ["b=own", "a=2; Path=/"]);
        assert_eq!(all(&headers, CACHE_CONTROL), ["no-store"]);
    }

    #[test]
    fn an_answer_is_completed_once() {
        let notes = AnswerNotes::default();
        notes.set_cookie(HeaderValue::from_static("a=1"));
        let mut headers = HeaderMap::new();
        notes.complete(&mut headers);
        notes.complete(&mut headers);
        assert_eq!(all(&headers, SET_COOKIE), ["a=1"]);
    }

    #[test]
    fn notes_are_shared_by_copies_of_a_request() {
        let mut extensions = Extensions::new();
        assert!(AnswerNotes::of(&extensions).is_none());
        let notes = AnswerNotes::attach(&mut extensions);
        let copy = extensions.clone();
        AnswerNotes::of(&copy).unwrap().set_cookie(HeaderValue::from_static("a=1"));
        assert!(completed(&notes, &[]).contains_key(SET_COOKIE));
        let fresh = AnswerNotes::attach(&mut extensions);
        assert!(completed(&fresh, &[]).is_empty());
    }
}
