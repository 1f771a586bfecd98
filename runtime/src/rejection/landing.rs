//! A page that leads on to another one of this site.

use axum_core::response::IntoResponse;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
    SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, Response};

use crate::html::escaped;

/// A page that leads on to another one of this site: for the end of a sign-in at another site, with
/// [`SameSite=Strict`](crate::CookieSameSite) cookies.
///
/// A browser keeps the cookies of the answer to an OAuth callback, and does not send them where that answer redirects: the user comes from
/// the provider's site, and a redirect does not change that. So the page behind it takes the user for a visitor. This answer is a page of
/// this site, from which the browser goes on by itself, and then it sends the cookies. The page has no script, so it works under any content
/// security policy, and a link for browsers that do not go on.
///
/// The handlers of an [`AuthRouter`](crate::AuthRouter) answer in this way by themselves: where a browser says that another site has led it here,
/// a redirect behind the cookies of a sign-in becomes such a page. `Landing` is for handlers in other routers without
/// [`Auth::answer_layer`](crate::Auth::answer_layer), and for browsers that do not say where they come from. With `SameSite=Lax` cookies a
/// redirect works everywhere.
///
/// ```
/// use countersign::{AuthError, CookieTokens, Landing, SessionClaims, SignIn, public};
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: u64,
/// }
///
/// #[public(reason = "the code of the provider is the credential")]
/// async fn callback(sign_in: SignIn<User>) -> Result<(CookieTokens, Landing), AuthError> {
///     let tokens = sign_in.cookies(&User { id: 7 }).await?; // after `state` and code were right
///     Ok((tokens, Landing::at("/home")))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it is a response"]
pub struct Landing {
    path: String,
}

impl Landing {
    /// Leads on to this path of the site, which the application has chosen; [`ReturnTo::land_or`](crate::ReturnTo::land_or) takes the one
    /// that the visitor wanted.
    pub fn at(path: impl Into<String>) -> Self {
        Self { path: path.into() }
    }
}

impl Landing {
    /// The response, with any body that can be made from bytes.
    pub(super) fn response<B: From<Vec<u8>>>(&self) -> Response<B> {
        const HEADERS: [(HeaderName, HeaderValue); 5] = [
            (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (
                CONTENT_SECURITY_POLICY,
                HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
            ),
            // The address of this page may hold the code of the provider.
            (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ];
        // The address is between apostrophes, and the browser looks for the end of it after it has decoded the attribute.
        let path = escaped(&self.path.replace('\'', "%27"));
        let page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta http-equiv=\"refresh\" content=\"0; url='{path}'\">\n\
             <title>Signing in</title>\n<p><a href=\"{path}\">Continue</a></p>\n"
        );
        let mut response = Response::new(B::from(page.into_bytes()));
        response.headers_mut().extend(HEADERS);
        response
    }
}

/// A mark of an answer that sets `SameSite=Strict` cookies for a browser that another site has led here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Led;

impl Led {
    /// Makes a [`Landing`] of an answer with the mark that redirects to a path of this site. Its headers stay.
    pub(crate) fn land<B: From<Vec<u8>>>(answer: Response<B>) -> Response<B> {
        if answer.extensions().get::<Self>().is_none() || !answer.status().is_redirection() {
            return answer;
        }
        let location = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let Some(path) = location.filter(|path| path.starts_with('/') && !path.starts_with("//")) else {
            return answer;
        };
        let mut landing: Response<B> = Landing::at(path).response();
        let (parts, _) = answer.into_parts();
        for (name, value) in &parts.headers {
            // Each of the others is of the body, or set on the page.
            if !landing.headers().contains_key(name) && ![LOCATION, CONTENT_LENGTH].contains(name)
                || name == SET_COOKIE
            {
                landing.headers_mut().append(name, value.clone());
            }
        }
        landing
    }
}

impl IntoResponse for Landing {
    fn into_response(self) -> axum_core::response::Response {
        self.response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn page(path: &str) -> String {
        let body = Landing::at(path).into_response().into_body();
        String::from_utf8(axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn the_page_leads_on_without_a_script() {
        let page = page("/inbox?a=1&b='\"><script>").await;
        let escaped = "/inbox?a=1&amp;b=%27&quot;&gt;&lt;script&gt;";
        assert!(page.contains(&format!("content=\"0; url='{escaped}'\"")), "{page}");
        assert!(page.contains(&format!("href=\"{escaped}\"")), "{page}");
        assert!(!page.contains("<script"), "{page}");
    }

    fn redirect(location: &'static str, led: bool) -> Response<Vec<u8>> {
        let answer = Response::builder().status(303).header(LOCATION, location).header(SET_COOKIE, "a=1");
        let mut answer = answer.header(SET_COOKIE, "b=2").header("x-own", "1").body(Vec::new()).unwrap();
        if led {
            answer.extensions_mut().insert(Led);
        }
        Led::land(answer)
    }

    #[test]
    fn a_redirect_for_a_browser_from_another_site_becomes_a_page() {
        let landed = redirect("/inbox?a=1", true);
        assert_eq!(landed.status(), 200);
        assert_eq!(landed.headers().get_all(SET_COOKIE).iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
        assert_eq!(
            (landed.headers().contains_key(LOCATION), &landed.headers()["x-own"]),
            (false, &HeaderValue::from_static("1"))
        );
        assert!(String::from_utf8_lossy(landed.body()).contains("href=\"/inbox?a=1\""));
        for (location, led) in [("/inbox", false), ("//evil.example", true), ("https://a.example/", true)] {
            assert_eq!(redirect(location, led).headers()[LOCATION], location);
        }
    }

    #[test]
    fn the_page_is_not_stored_and_tells_no_other_page_its_address() {
        let headers = Landing::at("/").into_response().headers().clone();
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        assert_eq!(headers[REFERRER_POLICY], "no-referrer");
        assert_eq!(headers[CONTENT_TYPE], "text/html; charset=utf-8");
    }
}
