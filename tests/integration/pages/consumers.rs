//! Every kind of client × how it arrives × the state of its cookies × the layer it meets. (CASES B1.2, B1.5)

use axum::http::{StatusCode, header};
use axum::routing::get;
use axum::{Extension, Router};
use countersign::{Auth, AuthRouter, CookieSameSite, Cookies, Liveness, Session, authenticated, routes};

use super::{Jar, all, ask, auth_with, clock, names_set, names_taken, signed_in};
use crate::support::{Answer, SECOND, User};

/// A client, and what a browser says about its requests.
struct Consumer {
    name: &'static str,
    /// A user looks at the answer in a window.
    is_window: bool,
    is_htmx: bool,
    accept: Option<&'static str>,
    mode: &'static str,
    dest: &'static str,
    more: &'static [(&'static str, &'static str)],
}

const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

const fn consumer(
    name: &'static str,
    accept: Option<&'static str>,
    mode: &'static str,
    dest: &'static str,
) -> Consumer {
    Consumer { name, is_window: false, is_htmx: false, accept, mode, dest, more: &[] }
}

const CONSUMERS: [Consumer; 14] = [
    Consumer { is_window: true, ..consumer("page", Some(HTML), "navigate", "document") },
    Consumer { is_window: true, ..consumer("frame", Some(HTML), "navigate", "iframe") },
    Consumer {
        is_window: true,
        ..consumer("page through a service worker", Some(HTML), "navigate", "empty")
    },
    consumer("fetch", Some("*/*"), "cors", "empty"),
    consumer("fetch for JSON", Some("application/json"), "same-origin", "empty"),
    Consumer {
        more: &[("x-requested-with", "XMLHttpRequest")],
        ..consumer("XHR that asks for HTML", Some(HTML), "cors", "empty")
    },
    consumer("EventSource", Some("text/event-stream"), "cors", "empty"),
    Consumer {
        more: &[("upgrade", "websocket"), ("connection", "Upgrade"), ("sec-websocket-version", "13")],
        ..consumer("WebSocket", None, "websocket", "websocket")
    },
    Consumer {
        is_htmx: true,
        more: &[("hx-request", "true")],
        ..consumer("htmx", Some("*/*"), "cors", "empty")
    },
    consumer("image", Some("image/avif,image/webp,*/*;q=0.8"), "no-cors", "image"),
    consumer("script of a service worker", Some("*/*"), "same-origin", "serviceworker"),
    consumer("style sheet", Some("text/css,*/*;q=0.1"), "no-cors", "style"),
    Consumer {
        more: &[("sec-purpose", "prefetch")],
        ..consumer("prefetch", Some(HTML), "navigate", "document")
    },
    consumer("object", Some("*/*"), "navigate", "object"),
];

/// How a request arrives.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Arrival {
    /// From a page of this site, or a typed address.
    Own,
    /// From a page of another site, with `SameSite=Lax` cookies.
    Foreign,
    /// The same, with `Strict` ones.
    ForeignStrict,
    /// Over plain http: no Fetch Metadata, and no `Secure` cookies.
    PlainHttp,
    /// An old browser over https: no Fetch Metadata.
    Old,
}

/// What the browser holds.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Nothing,
    Good,
    /// Both cookies, the access token has expired.
    Expired,
    /// The refresh cookie alone, as after the `Max-Age` of the other one.
    Aged,
    /// Both cookies of a session that was ended on another device.
    Ended,
    /// Its refresh cookie alone.
    EndedAged,
    /// An access cookie that is no token.
    Garbage,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Layer,
    Redirect,
    Pages,
    Optional,
    OptionalPages,
    Attribute,
    OpenAttribute,
    Login,
}

/// What a client gets.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// The page as for the user.
    User,
    /// The page as for the user, with new cookies.
    Renewed,
    /// The page as for a visitor.
    Visitor,
    /// To the login page.
    Login,
    /// Away from the login page.
    Home,
    /// As htmx reads it.
    HtmxTo(&'static str),
    /// 401 as a problem.
    Refused,
    /// The same, with the login page for htmx.
    RefusedHtmx,
    /// 403: another site opened a socket.
    CrossSite,
}

/// The rules of the design, without a look at any header. Returns which cookies the answer takes away.
fn expected(
    consumer: &Consumer,
    arrival: Arrival,
    state: State,
    place: Place,
) -> (Outcome, &'static [&'static str]) {
    // A browser sends `SameSite=Lax` cookies of another site's link when it navigates a window of its own; a frame is none.
    let sends = match arrival {
        Arrival::Own | Arrival::Old => true,
        Arrival::Foreign => consumer.is_window && consumer.dest != "iframe",
        Arrival::ForeignStrict | Arrival::PlainHttp => false,
    };
    let state = if sends { state } else { State::Nothing };
    let is_bad = matches!(state, State::Expired | State::Ended | State::Garbage);
    let access: &[&str] = if is_bad { &["__Host-access"] } else { &[] };
    let both: &[&str] = &["__Host-access", "__Host-refresh"];
    if state == State::Good {
        return match place {
            Place::Login if consumer.is_htmx => (Outcome::HtmxTo("/home"), &[]),
            Place::Login => (Outcome::Home, &[]),
            _ => (Outcome::User, &[]),
        };
    }
    let renews = matches!(place, Place::Pages | Place::OptionalPages) && consumer.is_window;
    let can_renew = matches!(state, State::Expired | State::Aged);
    let is_over = matches!(state, State::Ended | State::EndedAged);
    let taken = if renews && is_over { both } else { access };
    match place {
        _ if renews && can_renew => (Outcome::Renewed, &[]),
        // An open login page is not refused for the very state that it mends.
        Place::Login => (Outcome::Visitor, access),
        // The page is open, and the session is one that only a sign-in brings back.
        Place::OptionalPages if is_bad && consumer.is_htmx => (Outcome::RefusedHtmx, access),
        Place::Optional | Place::OptionalPages | Place::OpenAttribute => {
            if is_bad && !consumer.is_window {
                (Outcome::Refused, access)
            } else {
                (Outcome::Visitor, taken)
            }
        }
        Place::Redirect | Place::Pages if consumer.is_window => (Outcome::Login, taken),
        Place::Redirect if consumer.is_htmx => (Outcome::HtmxTo("/login"), access),
        Place::Pages if consumer.is_htmx => (Outcome::RefusedHtmx, access),
        _ => (Outcome::Refused, access),
    }
}

fn outcome(answer: &Answer) -> Outcome {
    let location = answer.header(header::LOCATION).unwrap_or_default();
    let htmx = answer.headers.get("hx-redirect").map(|target| target.to_str().unwrap());
    match (answer.status.as_u16(), &*answer.body) {
        (200, b"7") if names_set(answer) == ["__Host-access", "__Host-refresh"] => Outcome::Renewed,
        (200, b"7") => Outcome::User,
        (200, b"visitor") => Outcome::Visitor,
        (200, b"") if htmx == Some("/home") => Outcome::HtmxTo("/home"),
        (200, b"") if htmx.is_some_and(|target| target == "/login") => Outcome::HtmxTo("/login"),
        (303, _) if location == "/home" => Outcome::Home,
        (303, _) if location.starts_with("/login?next=%2F") => Outcome::Login,
        (401, _) => {
            answer.refused(StatusCode::UNAUTHORIZED, &answer.text("code"));
            match htmx {
                Some("/login") => Outcome::RefusedHtmx,
                Some(other) => panic!("{other}"),
                None => Outcome::Refused,
            }
        }
        (403, _) => Outcome::CrossSite,
        _ => panic!("{answer:?}"),
    }
}

fn application(auth: &Auth<User>) -> Router {
    async fn show(session: Option<Extension<Session<User>>>) -> String {
        session.map_or_else(|| "visitor".to_owned(), |session| session.claims().id.to_string())
    }
    #[authenticated]
    #[utoipa::path(get, path = "/attribute")]
    async fn attribute(user: User) -> String {
        user.id.to_string()
    }
    #[utoipa::path(get, path = "/open")]
    async fn open(user: Option<User>) -> String {
        user.map_or_else(|| "visitor".to_owned(), |user| user.id.to_string())
    }
    let below = || Router::new().route("/", get(show));
    let router = AuthRouter::new()
        .routes(routes!(attribute, open))
        .nest_router("/layer", auth.layer(), below())
        .nest_router("/redirect", auth.layer().redirect("/login"), below())
        .nest_router("/pages", auth.layer().pages("/login"), below())
        .nest_router("/optional", auth.layer().optional(), below())
        .nest_router("/optional-pages", auth.layer().optional().pages("/login"), below())
        .unguarded(
            "the login page",
            Router::new().route("/login", get(show).layer(auth.anonymous_only("/home"))),
        );
    router.with_state(auth.clone()).into()
}

const PLACES: [(Place, &str); 8] = [
    (Place::Layer, "/layer"),
    (Place::Redirect, "/redirect"),
    (Place::Pages, "/pages"),
    (Place::Optional, "/optional"),
    (Place::OptionalPages, "/optional-pages"),
    (Place::Attribute, "/attribute"),
    (Place::OpenAttribute, "/open"),
    (Place::Login, "/login"),
];

const STATES: [State; 7] = [
    State::Nothing,
    State::Good,
    State::Expired,
    State::Aged,
    State::Ended,
    State::EndedAged,
    State::Garbage,
];

/// An `Auth` whose browser is in this state, and its cookies.
async fn browser_in(state: State) -> (Auth<User>, Jar) {
    let clock = clock();
    let cookies = Cookies::new().with_access_cookie().same_site(CookieSameSite::Lax);
    let auth = auth_with(&clock, |builder| builder.cookies(cookies).liveness(Liveness::Always));
    let mut jar = signed_in(&auth).await;
    match state {
        State::Nothing => jar = Jar::default(),
        State::Good => {}
        State::Expired => clock.advance(SECOND * 1000),
        State::Aged => jar = jar.without("__Host-access"),
        State::Ended | State::EndedAged => {
            auth.logout_all(&7).await.unwrap();
            if state == State::EndedAged {
                jar = jar.without("__Host-access");
            }
        }
        State::Garbage => {
            jar.0.insert("__Host-access".to_owned(), "garbage".to_owned());
            jar = jar.without("__Host-refresh");
        }
    }
    (auth, jar)
}

#[tokio::test]
async fn every_consumer_gets_an_answer_that_it_can_read() {
    let mut seen = 0;
    for state in STATES {
        for arrival in
            [Arrival::Own, Arrival::Foreign, Arrival::ForeignStrict, Arrival::PlainHttp, Arrival::Old]
        {
            for consumer in &CONSUMERS {
                // An old browser does not mark a prefetch or a navigation of a service worker; over http the same.
                let says_mode = !matches!(arrival, Arrival::PlainHttp | Arrival::Old);
                let (auth, jar) = browser_in(state).await;
                let router = application(&auth);
                for (place, path) in PLACES {
                    let mut headers = consumer.more.to_vec();
                    headers.extend(consumer.accept.map(|accept| ("accept", accept)));
                    let site = match arrival {
                        Arrival::Own => "same-origin",
                        _ => "cross-site",
                    };
                    if says_mode {
                        headers.extend([
                            ("sec-fetch-mode", consumer.mode),
                            ("sec-fetch-dest", consumer.dest),
                            ("sec-fetch-site", site),
                        ]);
                    } else if consumer.name == "WebSocket" {
                        headers.push(("origin", "https://app.example.com"));
                    }
                    let sends = matches!(arrival, Arrival::Own | Arrival::Old)
                        || (arrival == Arrival::Foreign && consumer.is_window && consumer.dest != "iframe");
                    let none = Jar::default();
                    let sent = if sends { &jar } else { &none };
                    let what = format!("{} {arrival:?} {state:?} {place:?}", consumer.name);
                    let answer = ask(&router, "GET", path, sent, &headers).await;
                    let (wanted, taken) = expected(consumer, arrival, state, place);
                    assert_eq!(outcome(&answer), wanted, "{what}");
                    assert_eq!(names_taken(&answer), taken, "{what}");
                    if place != Place::Login || wanted != Outcome::Visitor {
                        keeps_caches_away(&answer, &wanted, &what);
                    }
                    seen += 1;
                }
            }
        }
    }
    assert_eq!(seen, 7 * 5 * 14 * 8);
}

/// What belongs to one user is stored by no shared cache, and what depends on the cookie says so.
fn keeps_caches_away(answer: &Answer, outcome: &Outcome, what: &str) {
    let said = all(answer, header::CACHE_CONTROL);
    match outcome {
        Outcome::User => assert_eq!(said, "private", "{what}"),
        Outcome::Visitor if names_set(answer).is_empty() => {
            assert_eq!(all(answer, header::VARY), "Cookie", "{what}");
        }
        _ => assert_eq!(said, "no-store", "{what}"),
    }
}

/// B1.5: the page comes at once, and the next request is an honest one.
#[tokio::test]
async fn after_the_end_on_another_device_the_browser_loses_the_dead_cookie() {
    let (auth, mut jar) = browser_in(State::Ended).await;
    let router = application(&auth);
    let answer = ask(&router, "GET", "/open", &jar, &super::NAVIGATE).await;
    assert_eq!((answer.status, &*answer.body), (StatusCode::OK, &b"visitor"[..]));
    jar.keep(&answer.headers);
    assert_eq!(jar.0.keys().collect::<Vec<_>>(), ["__Host-refresh"]);
    let script = [("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")];
    assert_eq!(ask(&router, "GET", "/open", &jar, &script).await.body, "visitor");

    let (auth, mut jar) = browser_in(State::Ended).await;
    let router = application(&auth);
    let answer = ask(&router, "GET", "/open", &jar, &script).await;
    answer.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    jar.keep(&answer.headers);
    assert_eq!(ask(&router, "GET", "/open", &jar, &script).await.body, "visitor", "the refusal mends itself");
}
