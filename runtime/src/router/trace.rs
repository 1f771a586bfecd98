//! Keeps TRACE away from services and fallbacks, whose methods this crate does not know.

use std::convert::Infallible;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use axum::routing::{MethodRouter, Route, any};
use http::header::ALLOW;
use http::{Method, StatusCode};
use tower_layer::Layer;
use tower_service::Service;

/// Answers TRACE with 405, since a TRACE answer would hold the credentials of the request (RFC 9110 section 9.3.8). Passes on the rest.
#[derive(Clone, Copy)]
pub(super) enum NoTrace {
    /// In front of a service. Its methods are unknown, so `Allow` names those that are passed on.
    Service,
    /// In front of a handler for other methods, where axum writes the `Allow` header itself.
    Methods,
}

/// The methods of RFC 9110 section 9.3 and RFC 5789 that reach a service.
const PASSED_ON: &str = "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS";

impl Layer<Route> for NoTrace {
    type Service = WithoutTrace;

    fn layer(&self, inner: Route) -> WithoutTrace {
        let refusal = match self {
            Self::Service => any(async || (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, PASSED_ON)])),
            Self::Methods => any(async || StatusCode::METHOD_NOT_ALLOWED),
        };
        WithoutTrace { inner, refusal }
    }
}

#[derive(Clone)]
pub(super) struct WithoutTrace {
    inner: Route,
    refusal: MethodRouter,
}

impl Service<Request> for WithoutTrace {
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Routes are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if request.method() == Method::TRACE { self.refusal.call(request) } else { self.inner.call(request) }
    }
}
