//! The layer for handlers of a plain router, whose extractors see no response.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::auth::Auth;
use crate::claims::SessionClaims;
use crate::extract::AnswerNotes;
use crate::rejection::Led;

impl<C: SessionClaims> Auth<C> {
    /// A layer that completes the answers of handlers whose extractors or attributes read a token from a cookie, a named header or the
    /// query.
    ///
    /// Shared caches keep away from answers to requests with `Authorization` (RFC 9111 section 3.5), and know nothing of other places. The
    /// layer makes an answer that such a token opened `Cache-Control: private`, unless it is `no-store` already; a `public` goes. Every
    /// answer that could have been another one with another token gets `Vary`. A cookie that a page for everybody was served without, since
    /// its session has ended, is taken away.
    ///
    /// A redirect behind the cookies of a sign-in that another site has led to becomes a [`Landing`](crate::Landing).
    ///
    /// An [`AuthRouter`](crate::AuthRouter) and [`Auth::layer`] do the same by themselves. Handlers in a plain [`axum::Router`] need this
    /// layer, and so does a middleware of your own that takes `User` or [`Session`](crate::Session) and answers by itself: put the layer
    /// around it. It decides nothing about access.
    ///
    /// ```
    /// use axum::Router;
    /// use axum::routing::get;
    /// use countersign::{Auth, SessionClaims};
    ///
    /// #[derive(SessionClaims, Clone)]
    /// struct User {
    ///     #[claims(subject)]
    ///     id: u64,
    /// }
    ///
    /// async fn home(user: Option<User>) -> String {
    ///     user.map_or_else(|| "Hello".to_owned(), |user| format!("Hello, {}", user.id))
    /// }
    ///
    /// fn router(auth: Auth<User>) -> Router {
    ///     Router::new().route("/", get(home)).layer(auth.answer_layer()).with_state(auth)
    /// }
    /// ```
    pub fn answer_layer(&self) -> AnswerLayer {
        AnswerLayer { is_needed: !self.transports().bearer_only() }
    }
}

/// Says in answers what a token outside of `Authorization` had a part in. [`Auth::answer_layer`] makes one.
#[derive(Clone, Copy, Debug)]
#[must_use = "a layer has no effect until it is added to a router or a service"]
pub struct AnswerLayer {
    is_needed: bool,
}

impl AnswerLayer {
    /// For handlers whose `Auth` is not known.
    pub(crate) fn of_any() -> Self {
        Self { is_needed: true }
    }
}

impl<S> Layer<S> for AnswerLayer {
    type Service = AnswerService<S>;

    fn layer(&self, inner: S) -> AnswerService<S> {
        AnswerService { inner, is_needed: self.is_needed }
    }
}

/// A service inside [`AnswerLayer`].
#[derive(Clone, Debug)]
pub struct AnswerService<S> {
    inner: S,
    is_needed: bool,
}

impl<S, B, R> Service<Request<B>> for AnswerService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    R: From<Vec<u8>>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let notes = self.is_needed.then(|| AnswerNotes::attach(request.extensions_mut()));
        let answer = self.inner.call(request);
        Box::pin(async move {
            let mut answer = Led::land(answer.await?);
            if let Some(notes) = notes {
                notes.complete(answer.headers_mut());
            }
            Ok(answer)
        })
    }
}
