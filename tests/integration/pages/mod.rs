//! Pages that a browser opens with cookies: renewal on the way, the way back after a sign-in, caches, and every kind of client.

mod arriving;
mod caching;
mod consumers;
mod nginx;
mod renewal;
mod return_address;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, Request, StatusCode, header};
use axum::routing::get;
use axum::{Extension, Router};
use countersign::testing::TestClock;
use countersign::{Auth, AuthBuilder, CookieTokens, Cookies, Session, SessionMetadata, SignIn, public};
use tower::ServiceExt as _;

use crate::asked::Asked;
use crate::support::{Answer, NOW, Role, User, builder};

pub(crate) const HTML: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
const NAVIGATE: [(&str, &str); 3] = [HTML, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];

/// The cookies of a browser, by name.
#[derive(Clone, Debug, Default)]
struct Jar(BTreeMap<String, String>);

impl Jar {
    /// Keeps the cookies of an answer, and loses those that it takes away.
    fn keep(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(header::SET_COOKIE) {
            let cookie = cookie::Cookie::parse(line.to_str().unwrap().to_owned()).unwrap();
            let name = cookie.name().to_owned();
            if cookie.max_age().is_some_and(|age| age.is_zero()) {
                self.0.remove(&name);
            } else {
                self.0.insert(name, cookie.value().to_owned());
            }
        }
    }

    /// Loses a cookie whose `Max-Age` is over.
    fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    fn header(&self) -> String {
        let pairs: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }
}

fn auth_with(
    clock: &TestClock,
    configure: impl FnOnce(AuthBuilder<User>) -> AuthBuilder<User>,
) -> Auth<User> {
    configure(builder(clock).cookies(Cookies::new().with_access_cookie())).build().unwrap()
}

/// An `Auth` with an access cookie, and the store behind it.
fn auth(clock: &TestClock) -> (Auth<User>, Arc<Asked>) {
    let store = Arc::new(Asked::default());
    (auth_with(clock, |builder| builder.store(Arc::clone(&store))), store)
}

/// A sign-in by a browser.
async fn signed_in(auth: &Auth<User>) -> Jar {
    #[public(reason = "sign-in")]
    async fn sign_in(sign_in: SignIn<User>) -> CookieTokens {
        sign_in.cookies(&User::with(&[Role::Member])).await.unwrap()
    }
    let router = Router::new().route("/sign-in", get(sign_in)).with_state(auth.clone());
    let answer = ask(&router, "GET", "/sign-in", &Jar::default(), &NAVIGATE).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    let mut jar = Jar::default();
    jar.keep(&answer.headers);
    assert_eq!(jar.0.keys().collect::<Vec<_>>(), ["__Host-access", "__Host-refresh"]);
    jar
}

async fn ask(router: &Router, method: &str, path: &str, jar: &Jar, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("host", "app.example.com");
    if !jar.0.is_empty() {
        request = request.header(header::COOKIE, jar.header());
    }
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    Answer::read(router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()).await
}

/// The user of the session that a layer has left, and the cookies that the handler sees.
async fn page(session: Option<Extension<Session<User>>>, headers: HeaderMap) -> String {
    let user = session.map_or_else(|| "visitor".to_owned(), |session| session.claims().id.to_string());
    let cookies = headers.get(header::COOKIE).map_or("", |line| line.to_str().unwrap());
    format!(
        "{user} {}",
        cookies.split("; ").filter_map(|pair| pair.split('=').next()).collect::<Vec<_>>().join(",")
    )
}

fn names_set(answer: &Answer) -> Vec<&str> {
    let set = answer.headers.get_all(header::SET_COOKIE).iter();
    let mut names: Vec<_> = set.map(|line| line.to_str().unwrap().split('=').next().unwrap()).collect();
    names.sort_unstable();
    names
}

/// The names of the cookies that an answer takes away.
fn names_taken(answer: &Answer) -> Vec<String> {
    let set = answer.headers.get_all(header::SET_COOKIE).iter();
    let cookies = set.map(|line| cookie::Cookie::parse(line.to_str().unwrap().to_owned()).unwrap());
    let taken = cookies.filter(|cookie| cookie.max_age().is_some_and(|age| age.is_zero()));
    let mut names: Vec<_> = taken.map(|cookie| cookie.name().to_owned()).collect();
    names.sort_unstable();
    names
}

fn all(answer: &Answer, name: HeaderName) -> String {
    let lines: Vec<_> = answer.headers.get_all(name).iter().map(|line| line.to_str().unwrap()).collect();
    lines.join(", ")
}

async fn login(auth: &Auth<User>) -> countersign::TokenPair {
    auth.login(&User::with(&[Role::Member]), SessionMetadata::default()).await.unwrap()
}

fn clock() -> TestClock {
    TestClock::at(NOW)
}
