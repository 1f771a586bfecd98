//! The service that decides about a request before the service inside gets it.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::Admission;
use crate::auth::Auth;
use crate::claims::SessionClaims;
use crate::extract::AnswerNotes;
use crate::rejection::Led;

/// A service inside [`AuthLayer`](super::AuthLayer) or [`AnonymousOnlyLayer`](super::AnonymousOnlyLayer).
///
/// It answers refusals itself, with a body made from bytes, and returns the errors of the service inside.
#[derive(Clone)]
pub struct AuthService<S, C> {
    inner: S,
    auth: Auth<C>,
    admission: Admission,
}

impl<S, C> AuthService<S, C> {
    pub(super) fn new(inner: S, auth: Auth<C>, admission: Admission) -> Self {
        Self { inner, auth, admission }
    }
}

impl<S: fmt::Debug, C> fmt::Debug for AuthService<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inner, admission, .. } = self;
        let mut service = f.debug_struct("AuthService");
        service.field("inner", inner).field("admission", admission).finish_non_exhaustive()
    }
}

impl<S, C, B, R> Service<Request<B>> for AuthService<S, C>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    C: SessionClaims,
    B: Send + 'static,
    R: From<Vec<u8>> + Send,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // `poll_ready` made this very service ready, and not its clones. So the ready one handles the request, and the clone takes its
        // place for the next `poll_ready`.
        let clone = self.inner.clone();
        let mut ready = mem::replace(&mut self.inner, clone);
        let (auth, admission) = (self.auth.clone(), self.admission.clone());
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let notes = AnswerNotes::for_answer_of(&mut parts, &auth);
            let complete = |answer: Response<R>| {
                let mut answer = Led::land(answer);
                if let Some(notes) = &notes {
                    notes.complete(answer.headers_mut());
                }
                answer
            };
            if let Err(refusal) = admission.admit(&mut parts, &auth).await {
                return Ok(complete(refusal));
            }
            let answer = ready.call(Request::from_parts(parts, body)).await?;
            // While a slow handler worked, the same browser may have signed in as another user, signed out, or renewed again. Cookies of
            // before would undo that.
            let old = notes.as_ref().and_then(|notes| notes.take_old_renewal(auth.now()));
            if let (Some(notes), Some(token)) = (&notes, old)
                && matches!(auth.introspect(&token).await, Ok(found) if !found.active)
            {
                notes.drop_cookies();
            }
            Ok(complete(answer))
        })
    }
}
