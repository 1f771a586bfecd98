//! Shared caches in front of a server whose pages a cookie opens.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use countersign::{
    Auth, AuthRouter, Denial, Session, Unguarded, authenticated, fallback, public, require, require_role,
    routes,
};
use tower::service_fn;
use tower_http::services::ServeDir;

use super::{HTML, Jar, all, ask, auth, auth_with, clock, signed_in};
use crate::support::{Answer, User};

/// What a handler says to caches by itself.
#[derive(Clone, Default)]
struct Said(Arc<Vec<(&'static str, &'static str)>>);

impl Said {
    fn answer(&self, body: impl Into<Body>) -> Response {
        let mut response = Response::new(body.into());
        for (name, value) in &*self.0 {
            response.headers_mut().append(HeaderName::from_static(name), value.parse().unwrap());
        }
        response
    }
}

fn greeting(user: Option<User>) -> String {
    user.map_or_else(|| "for everybody".to_owned(), |user| format!("the secret of {}", user.id))
}

#[authenticated]
#[utoipa::path(get, path = "/attribute")]
async fn attribute(user: User, Extension(said): Extension<Said>) -> Response {
    said.answer(greeting(Some(user)))
}

#[require_role("member")]
#[utoipa::path(get, path = "/role")]
async fn role(session: Session<User>, Extension(said): Extension<Said>) -> Response {
    said.answer(greeting(Some(session.into_claims())))
}

#[require(role("member") && live)]
#[utoipa::path(get, path = "/rule")]
async fn rule(user: Option<User>, Extension(said): Extension<Said>) -> Response {
    said.answer(greeting(user))
}

#[utoipa::path(get, path = "/claims")]
async fn claims(user: User, Extension(said): Extension<Said>) -> Response {
    said.answer(greeting(Some(user)))
}

#[utoipa::path(get, path = "/open")]
async fn open(user: Option<User>, Extension(said): Extension<Said>) -> Response {
    said.answer(greeting(user))
}

/// A user's own thing, which 404 hides from others; caches store a 404 without being told.
#[authenticated]
#[utoipa::path(get, path = "/hidden")]
async fn hidden(user: User) -> Result<String, countersign::AuthRejection> {
    if user.id == 7 { Err(Denial::NotFound.into()) } else { Ok(greeting(Some(user))) }
}

#[public(reason = "nothing of a user in it")]
#[utoipa::path(get, path = "/public")]
async fn for_all(Extension(said): Extension<Said>) -> Response {
    said.answer("for everybody")
}

#[authenticated]
async fn not_found(user: User, Extension(said): Extension<Said>) -> Response {
    said.answer(greeting(Some(user)))
}

async fn shown(session: Option<Extension<Session<User>>>, Extension(said): Extension<Said>) -> Response {
    said.answer(greeting(session.map(|Extension(session)| session.into_claims())))
}

/// A middleware of the application that answers by itself.
async fn answering(State(auth): State<Auth<User>>, request: Request, next: Next) -> Response {
    if request.uri().path() != "/middleware" {
        return next.run(request).await;
    }
    let (mut parts, _) = request.into_parts();
    let said = parts.extensions.get::<Said>().cloned().unwrap_or_default();
    let user = <User as axum::extract::FromRequestParts<_>>::from_request_parts(&mut parts, &auth).await;
    user.map(|user| said.answer(greeting(Some(user)))).into_response()
}

/// The ways in which a cookie opens something, and one in which none does.
fn application(auth: &Auth<User>, files: &std::path::Path, said: &[(&'static str, &'static str)]) -> Router {
    let shown_below = || Router::new().route("/x", get(shown));
    let service = service_fn(|request: Request| async move {
        let session = request.extensions().get::<Session<User>>().cloned().map(Extension);
        Ok::<_, Infallible>(
            shown(session, Extension(request.extensions().get::<Said>().unwrap().clone())).await,
        )
    });
    let plain: Router<Auth<User>> = Router::new()
        .route("/plain/attribute", get(attribute))
        .route("/plain/open", get(open))
        .layer(auth.answer_layer());
    let inner = AuthRouter::new().routes(routes!(GET "/attribute" => attribute, GET "/open" => open));
    let router = AuthRouter::new()
        .routes(routes!(attribute, role, rule, claims, open, hidden, for_all))
        .routes(routes!(GET "/by-path" => attribute, ANY "/any" => attribute))
        .nest("/guarded", inner.clone().guard(auth.layer()))
        .nest("/optional", inner.guard(auth.layer().optional()))
        .nest_router("/router", auth.layer(), shown_below())
        .nest_router("/open-router", auth.layer().optional(), shown_below())
        .nest_service("/files", auth.layer().live(), ServeDir::new(files))
        .route_service("/service", auth.layer().role("member"), service)
        .nest_router(
            "/unguarded",
            Unguarded("greets"),
            Router::new().route("/open", get(open)).route("/attribute", get(attribute)),
        )
        .unguarded("greets too", Router::new().route("/more/open", get(open)))
        .openapi_json("/openapi.json", auth.layer())
        .fallback(fallback!(not_found))
        .with_state::<()>(auth.clone());
    Router::from(router)
        .merge(plain.with_state(auth.clone()))
        .layer(from_fn_with_state(auth.clone(), answering))
        .layer(auth.answer_layer())
        .layer(Extension(Said(Arc::new(said.to_vec()))))
}

/// A path, and whether a visitor gets an answer there.
const WAYS: [(&str, bool); 20] = [
    ("/attribute", false),
    ("/role", false),
    ("/rule", false),
    ("/claims", false),
    ("/open", true),
    ("/by-path", false),
    ("/any", false),
    ("/guarded/attribute", false),
    ("/guarded/open", false),
    ("/optional/open", true),
    ("/router/x", false),
    ("/open-router/x", true),
    ("/files/report.txt", false),
    ("/service", false),
    ("/unguarded/open", true),
    ("/unguarded/attribute", false),
    ("/more/open", true),
    ("/plain/attribute", false),
    ("/plain/open", true),
    ("/middleware", false),
];

/// A shared cache as RFC 9111 allows it to be at its boldest: it stores what no rule forbids, and keeps it for ever.
struct SharedCache<'a> {
    stored: Vec<(String, HeaderMap, &'a Answer)>,
}

impl<'a> SharedCache<'a> {
    fn words(headers: &HeaderMap, name: HeaderName) -> BTreeSet<String> {
        let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap().to_lowercase());
        lines
            .flat_map(|line| line.split(',').map(|word| word.trim().to_owned()).collect::<Vec<_>>())
            .collect()
    }

    /// RFC 9111 section 3.
    fn offer(&mut self, path: &str, request: HeaderMap, answer: &'a Answer) {
        let said = Self::words(&answer.headers, header::CACHE_CONTROL);
        let says = |word: &str| said.contains(word);
        let is_understood =
            [200, 203, 204, 300, 301, 404, 405, 410, 414, 501].contains(&answer.status.as_u16());
        let keeps_away = says("no-store")
            || says("private")
            || (request.contains_key(header::AUTHORIZATION)
                && !says("public")
                && !said.iter().any(|word| word.starts_with("s-maxage") || word == "must-revalidate"));
        // A cache that takes its own header reads nothing else.
        let is_told = answer.headers.keys().any(|name| {
            name.as_str().ends_with("cdn-cache-control")
                || name == "surrogate-control"
                || name == "x-accel-expires"
        });
        if is_told || (is_understood && !keeps_away) {
            self.stored.push((path.to_owned(), request, answer));
        }
    }

    /// RFC 9111 section 4.1.
    fn answer(&self, path: &str, request: &HeaderMap) -> Option<&'a Answer> {
        let fits = |stored: &HeaderMap, answer: &Answer| {
            Self::words(&answer.headers, header::VARY)
                .iter()
                .all(|name| name != "*" && stored.get_all(name).iter().eq(request.get_all(name).iter()))
        };
        let found = self.stored.iter().find(|(known, stored, answer)| known == path && fits(stored, answer));
        found.map(|(_, _, answer)| *answer)
    }
}

fn files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("report.txt"), "the secret of 7").unwrap();
    folder
}

fn headers_of(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect()
}

/// What handlers say about caching.
const SAID: [&[(&str, &str)]; 9] = [
    &[],
    &[("cache-control", "public, max-age=600")],
    &[("cache-control", "s-maxage=600")],
    &[("cache-control", "max-age=600, must-revalidate")],
    &[("cache-control", "private=\"set-cookie\", max-age=600")],
    &[("cache-control", "private, max-age=600")],
    &[("cache-control", "no-store")],
    &[("cdn-cache-control", "max-age=600"), ("vary", "accept-encoding")],
    &[("x-accel-expires", "600"), ("surrogate-control", "max-age=600")],
];

/// Row 153: whatever a user's token opened, no stranger gets out of a cache; and no user gets a page for strangers where it depends on who
/// asks.
#[tokio::test]
async fn a_shared_cache_gives_no_answer_to_another_caller() {
    let folder = files();
    let named = HeaderName::from_static("x-token");
    let auth = auth_with(&clock(), |builder| {
        builder.access_header(named).access_query(countersign::dangerous::AccessTokenInQuery::named("token"))
    });
    let jar = signed_in(&auth).await;
    let token = jar.0["__Host-access"].clone();
    let bearer = format!("Bearer {token}");
    let cookie = jar.header();
    for said in SAID {
        let router = application(&auth, folder.path(), said);
        for (path, is_open) in WAYS {
            let query = format!("{path}?token={token}");
            for (place, path, credential) in [
                ("cookie", path, Some(("cookie", &*cookie))),
                ("header", path, Some(("x-token", &*token))),
                ("bearer", path, Some(("authorization", &*bearer))),
                ("query", &*query, None),
            ] {
                let what = format!("{path} opened by {place}, {said:?}");
                let users: Vec<_> = credential.into_iter().collect();
                let user = ask(&router, "GET", path, &Jar::default(), &users).await;
                assert_eq!(user.status, StatusCode::OK, "{what}");
                assert!(user.body.starts_with(b"the secret"), "{what}: {:?}", user.body);
                let stranger = ask(&router, "GET", path, &Jar::default(), &[]).await;
                let visible = is_open || place == "query";
                assert_eq!(stranger.status == StatusCode::OK, visible, "{what}");

                // The user first, then a stranger. An address with a token in it is its own secret, and is private as well.
                let mut cache = SharedCache { stored: Vec::new() };
                cache.offer(path, headers_of(&users), &user);
                if place != "bearer" {
                    assert!(cache.stored.is_empty(), "{what}: {:?}", user.headers);
                }
                let is_user_s_word = place == "bearer" && said.iter().any(|(name, _)| *name != "vary");
                if !is_user_s_word {
                    assert!(cache.answer(path, &HeaderMap::new()).is_none(), "{what}");
                }
                // The stranger first, then the user.
                if place == "cookie" || place == "header" {
                    let mut cache = SharedCache { stored: Vec::new() };
                    cache.offer(path, HeaderMap::new(), &stranger);
                    assert!(
                        cache.answer(path, &headers_of(&users)).is_none(),
                        "{what}: {:?}",
                        stranger.headers
                    );
                }
            }
        }
        // An answer in which there is nothing of a user keeps the words of its handler.
        let shared = ask(&router, "GET", "/public", &jar, &[]).await;
        for (name, value) in said {
            assert_eq!(shared.headers[*name], value, "{said:?}");
        }
        assert_eq!(shared.headers.len(), said.len() + 1, "{:?}", shared.headers);
    }
}

/// Row 153, in words.
#[tokio::test]
async fn an_answer_says_that_it_is_one_user_s() {
    let folder = files();
    let (auth, _) = auth(&clock());
    let jar = signed_in(&auth).await;
    for (said, written, vary) in [
        (&[][..], "private", "Cookie"),
        (&[("cache-control", "public, max-age=600")], "private, max-age=600", "Cookie"),
        (&[("cache-control", "no-store")], "no-store", ""),
        (&[("cache-control", "private"), ("vary", "accept")], "private", "accept, Cookie"),
    ] {
        let router = application(&auth, folder.path(), said);
        for (path, _) in WAYS.iter().filter(|(path, _)| !path.starts_with("/files")) {
            let answer = ask(&router, "GET", path, &jar, &[]).await;
            assert_eq!(all(&answer, header::CACHE_CONTROL), written, "{path} {said:?}");
            assert_eq!(all(&answer, header::VARY), vary, "{path} {said:?}");
        }
    }
}

/// Row 153: a file that has not changed, a part of it, its headers alone, a hidden thing, the document, and an unknown path.
#[tokio::test]
async fn every_answer_of_a_guarded_service_is_one_user_s() {
    let folder = files();
    let (auth, _) = auth(&clock());
    let jar = signed_in(&auth).await;
    let router = application(&auth, folder.path(), &[]);
    let report = ask(&router, "GET", "/files/report.txt", &jar, &[]).await;
    let since = report.header(header::LAST_MODIFIED).unwrap();
    for (method, path, headers, status) in [
        ("GET", "/files/report.txt", &[("if-modified-since", since)][..], StatusCode::NOT_MODIFIED),
        ("GET", "/files/report.txt", &[("range", "bytes=0-2")], StatusCode::PARTIAL_CONTENT),
        ("HEAD", "/files/report.txt", &[], StatusCode::OK),
        ("GET", "/files/missing", &[], StatusCode::NOT_FOUND),
        ("GET", "/hidden", &[], StatusCode::NOT_FOUND),
        ("GET", "/openapi.json", &[], StatusCode::OK),
        ("GET", "/unknown", &[], StatusCode::OK),
        ("PUT", "/files/report.txt", &[("sec-fetch-site", "same-origin")], StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let answer = ask(&router, method, path, &jar, headers).await;
        assert_eq!(answer.status, status, "{method} {path}");
        let said = all(&answer, header::CACHE_CONTROL);
        assert!(said.contains("private") || said == "no-store", "{method} {path}: {said:?}");
        assert!(said == "no-store" || all(&answer, header::VARY).contains("Cookie"), "{method} {path}");
    }
    let stranger =
        ask(&router, "GET", "/files/report.txt", &Jar::default(), &[("if-modified-since", since)]).await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
}

/// Row 153: a session that a middleware or another layer has verified before counts as well.
#[tokio::test]
async fn a_session_that_was_verified_further_out_is_noted_too() {
    let (auth, _) = auth(&clock());
    let jar = signed_in(&auth).await;
    let handler =
        Router::new().route("/open", get(open)).layer(Extension(Said::default())).with_state(auth.clone());
    let router = Router::new().merge(handler).layer(auth.answer_layer()).layer(auth.layer());
    let answer = ask(&router, "GET", "/open", &jar, &[]).await;
    assert_eq!(all(&answer, header::CACHE_CONTROL), "private");
    assert_eq!(all(&answer, header::VARY), "Cookie");
}

/// Where tokens come in `Authorization` alone, HTTP itself keeps caches away, and nothing is added.
#[tokio::test]
async fn a_server_of_bearer_tokens_adds_nothing() {
    let folder = files();
    let auth: Auth<User> = crate::support::builder(&clock()).build().unwrap();
    let token = format!("Bearer {}", super::login(&auth).await.access_token);
    let said = [("cache-control", "max-age=60")];
    let router = application(&auth, folder.path(), &said);
    for (path, _) in WAYS {
        let answer = ask(&router, "GET", path, &Jar::default(), &[("authorization", &token)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(!all(&answer, header::CACHE_CONTROL).contains("private"), "{path}");
        assert_eq!(answer.header(header::VARY), None, "{path}");
    }
}

/// The login page shows a form to a visitor and a redirect to a user, so it varies.
#[tokio::test]
async fn a_login_page_varies_by_the_cookie() {
    let (auth, _) = auth(&clock());
    let jar = signed_in(&auth).await;
    let router = Router::new().route("/login", get(async || "form")).layer(auth.anonymous_only("/"));
    let answer = ask(&router, "GET", "/login", &Jar::default(), &[HTML]).await;
    assert_eq!((answer.status, answer.header(header::VARY)), (StatusCode::OK, Some("Cookie")));
    assert_eq!(answer.header(header::CACHE_CONTROL), None, "nothing of a user is in it");
    let answer = ask(&router, "GET", "/login", &jar, &[HTML]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
}
