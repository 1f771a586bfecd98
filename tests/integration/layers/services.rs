//! Services without axum, and what tower asks of a service.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use countersign::testing::TestClock;
use countersign::{AuthService, Session};
use http_body_util::{BodyExt as _, Full};
use tower::{Layer as _, Service, ServiceBuilder, ServiceExt as _, service_fn};

use super::{auth, login, pages, request, send, with_headers};
use crate::support::{NOW, User, builder, forge, payload, payload_with};

/// A bare service with a body that is not axum's, an error of its own, and claims from the extensions.
#[tokio::test]
async fn a_service_without_axum_is_guarded_with_a_body_of_its_own() {
    #[derive(Debug, PartialEq)]
    struct Broken;

    let auth = auth();
    let service = ServiceBuilder::new().layer(auth.layer().role("member")).service_fn(
        async |request: Request<&'static str>| match *request.body() {
            "break" => Err(Broken),
            body => {
                let session = request.extensions().get::<Session<User>>().unwrap();
                Ok(Response::new(Full::new(Bytes::from(format!("{} {body}", session.claims().id)))))
            }
        },
    );
    let ask = async |token: Option<String>, body: &'static str| {
        let mut request = Request::new(body);
        if let Some(token) = token {
            let value = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        let (parts, body) = service.clone().oneshot(request).await?.into_parts();
        Ok((parts.status, body.collect().await.unwrap().to_bytes()))
    };
    let token = || Some(forge(&payload()));
    assert_eq!(ask(token(), "hello").await, Ok((StatusCode::OK, Bytes::from("7 hello"))));
    assert_eq!(ask(token(), "break").await, Err(Broken));
    let (status, body) = ask(None, "break").await.unwrap();
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["code"], "missing_credentials");
    let stranger = forge(&payload_with("roles", serde_json::json!([])));
    assert_eq!(ask(Some(stranger), "break").await.unwrap().0, StatusCode::FORBIDDEN);
}

/// A service that is good for one call after it was polled, as tower allows.
struct OneCall {
    polled: bool,
    fails: bool,
}

impl Clone for OneCall {
    fn clone(&self) -> Self {
        Self { polled: false, fails: self.fails }
    }
}

impl Service<Request<Body>> for OneCall {
    type Response = Response<Body>;
    type Error = &'static str;
    type Future = Ready<Result<Response<Body>, &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        self.polled = true;
        Poll::Ready(if self.fails { Err("not ready") } else { Ok(()) })
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        assert!(self.polled, "called without being ready");
        self.polled = false;
        ready(Ok(Response::new(Body::empty())))
    }
}

#[tokio::test]
async fn the_service_that_was_ready_is_the_one_that_is_called() {
    let auth = auth();
    let token = forge(&payload());
    let mut service = auth.layer().layer(OneCall { polled: false, fails: false });
    for _ in 0..3 {
        let answer = service.ready().await.unwrap().call(request(Some(&token))).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
    // A refused request takes its readiness with it; the next one waits for its own.
    let refused = service.ready().await.unwrap().call(request(None)).await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let answer = service.ready().await.unwrap().call(request(Some(&token))).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_service_that_never_gets_ready_keeps_its_own_error() {
    let mut service = auth().layer().layer(OneCall { polled: false, fails: true });
    assert_eq!(service.ready().await.err(), Some("not ready"));
}

#[test]
fn layers_and_services_can_be_sent_shared_cloned_and_shown() {
    fn fit<T: Clone + Debug + Send + Sync>(value: &T) -> String {
        format!("{value:?}")
    }
    let auth = auth();
    let layer = auth.layer().role("admin").redirect("/login");
    assert!(fit(&layer).contains("Role(\"admin\")"));
    let service: AuthService<&str, User> = layer.layer("inner");
    fit(&service);
    fit(&auth.anonymous_only("/home"));
}

#[test]
fn an_error_of_the_service_inside_stays_infallible_for_axum() {
    fn infallible<S: Service<Request<Body>, Error = Infallible>>(_: &S) {}
    let answer = async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Body::empty()));
    infallible(&auth().layer().layer(service_fn(answer)));
}

/// A service without extractors takes the session from the extensions, and trusts the layer around it.
#[tokio::test]
async fn a_layer_without_a_session_removes_that_of_an_outer_layer() {
    let named = HeaderName::from_static("x-other");
    let (inner, outer) = (auth(), builder(&TestClock::at(NOW)).access_header(named).build().unwrap());
    let pair = login(&outer, &[]).await;
    let both = pages(inner.layer().optional()).layer(outer.layer());
    let answer = send(&both, with_headers("/page", None, &[("x-other", &pair.access_token)])).await;
    assert_eq!((answer.status, &*answer.body), (StatusCode::OK, &b"nobody"[..]));
}
