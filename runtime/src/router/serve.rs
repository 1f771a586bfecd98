//! The router as `axum::serve` takes it.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::routing::IntoMakeService;
use axum::serve::{IncomingStream, Listener};
use tower_service::Service;

use super::AuthRouter;

impl AuthRouter {
    /// The service for a server, as [`Router::into_make_service`] makes it. `axum::serve` takes the router without it.
    #[must_use]
    pub fn into_make_service(self) -> IntoMakeService<Router> {
        Router::from(self).into_make_service()
    }

    /// As [`into_make_service`](Self::into_make_service), with the client's address for handlers and for the metadata of sessions.
    ///
    /// ```no_run
    /// # use countersign::AuthRouter;
    /// # async fn serve(router: AuthRouter, listener: tokio::net::TcpListener) -> std::io::Result<()> {
    /// use std::net::SocketAddr;
    ///
    /// axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await
    /// # }
    /// ```
    #[must_use]
    pub fn into_make_service_with_connect_info<C>(self) -> IntoMakeServiceWithConnectInfo<Router, C> {
        Router::from(self).into_make_service_with_connect_info()
    }
}

/// Lets `axum::serve(listener, router)` take the router.
impl<L: Listener> Service<IncomingStream<'_, L>> for AuthRouter {
    type Response = Router;
    type Error = Infallible;
    type Future = Ready<Result<Router, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: IncomingStream<'_, L>) -> Self::Future {
        // After the first connection the document is gone, which a clone would copy. It is too late to refuse a path whose check does not fit:
        // its requests get a 500, and the log says why.
        let router = std::mem::take(self).into_router();
        self.router = router.clone().into();
        ready(Ok(router))
    }
}
