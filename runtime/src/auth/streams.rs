//! Streams that end with their session: server-sent events, WebSockets, long answers.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::{Auth, Grant, Session};
use crate::claims::SessionClaims;
use crate::session::{SessionEnd, Watch, Watched, Withdrawn};
use crate::token::{KeyLife, TokenError};

impl<C: SessionClaims> Session<C> {
    /// Resolves when the session ends, at most a second later and on whichever server it was ended, or when the access token expires. For
    /// the token of a [trusted issuer](crate::Issuer) it is its expiry. A key that is withdrawn ends the streams of its tokens, too.
    ///
    /// Everything that refuses the token on a live route counts: a sign-out, a revocation, a replay, expired access tokens. Many streams
    /// share one reading of the store's feed of endings; a store without a feed is asked for each of them, two to three times a second.
    /// It needs a runtime of `tokio` with its timer, and does nothing until it is polled.
    ///
    /// ```no_run
    /// use axum::extract::ws::{CloseFrame, Message, WebSocket};
    /// # use countersign::{Session, SessionClaims};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    ///
    /// async fn echo(mut socket: WebSocket, session: Session<User>) {
    ///     let mut ended = session.ended();
    ///     loop {
    ///         tokio::select! {
    ///             end = &mut ended => {
    ///                 let frame = CloseFrame { code: end.close_code(), reason: end.as_str().into() };
    ///                 let _ = socket.send(Message::Close(Some(frame))).await;
    ///                 return;
    ///             }
    ///             message = socket.recv() => {
    ///                 let Some(Ok(message)) = message else { return };
    ///                 if socket.send(message).await.is_err() { return }
    ///             }
    ///         }
    ///     }
    /// }
    /// ```
    pub fn ended(&self) -> Ended {
        let sessions = Arc::clone(self.sessions());
        Ended(Watch::new(sessions, watched(self)))
    }

    /// Ends a stream with its session: nothing of it passes later than a second after the [end](Self::ended).
    ///
    /// While the store does not say whether the session goes on, the stream waits; after five seconds it ends.
    ///
    /// ```no_run
    /// use axum::response::sse::{Event, Sse};
    /// # use std::convert::Infallible;
    /// # use countersign::{Guarded, Session, SessionClaims, authenticated};
    /// # use futures_util::Stream;
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    /// # fn events_of(user: &User) -> impl Stream<Item = Result<Event, Infallible>> + use<> { futures_util::stream::pending() }
    ///
    /// #[authenticated(live)]
    /// async fn events(session: Session<User>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    ///     Sse::new(session.guard(events_of(session.claims())))
    /// }
    /// ```
    pub fn guard<S: Stream>(&self, stream: S) -> Guarded<S> {
        Guarded { ended: self.ended(), stream: Some(Box::pin(stream)), end: None }
    }
}

fn withdrawn(life: Option<KeyLife>) -> Option<Withdrawn> {
    life.map(|life| Withdrawn::new(move || life.has_ended()))
}

fn watched<C: SessionClaims>(session: &Session<C>) -> Watched {
    Watched {
        session: session.id().copied(),
        withdrawn: withdrawn(session.key_life().cloned()),
        subject: session.claims().subject().to_string(),
        actor: session.actor().map(str::to_owned),
        issued_at: session.issued_at(),
        expires_at: session.expires_at(),
    }
}

/// The end of a session, as a future. [`Session::ended`] makes it.
#[must_use = "it does nothing until it is polled"]
pub struct Ended(Watch);

impl Ended {
    /// Goes on with another access token of the same user, which the client has sent on the way: the stream then ends with the session
    /// and the expiry of that token. The token is checked at the next poll, like the first one.
    ///
    /// The claims that the handler has read stay as they were.
    ///
    /// # Errors
    ///
    /// When the token does not pass verification, or is of another user or another actor. The old token then goes on. The token of a
    /// [trusted issuer](crate::Issuer) has no successor: the client opens the stream again.
    pub fn renew<C: SessionClaims>(&self, auth: &Auth<C>, access_token: &str) -> Result<(), RenewError> {
        let tokens = &auth.inner.access_tokens;
        let token = tokens.verify_into(access_token.as_bytes(), auth.now(), Grant::<C>::own);
        let token = token.map_err(RenewError::Token)?;
        let next = Watched {
            session: token.session,
            withdrawn: withdrawn(token.life),
            subject: token.claims.subject().to_string(),
            actor: token.actor,
            issued_at: token.issued_at,
            expires_at: token.expires_at,
        };
        if self.0.renew(next) { Ok(()) } else { Err(RenewError::OtherUser) }
    }
}

impl Future for Ended {
    type Output = SessionEnd;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<SessionEnd> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl fmt::Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ended").finish_non_exhaustive()
    }
}

/// Why a stream does not go on with another access token.
#[derive(Debug)]
#[non_exhaustive]
pub enum RenewError {
    /// The token does not pass verification.
    Token(TokenError),
    /// The token is of another user, or of another actor who impersonates the user.
    OtherUser,
}

impl fmt::Display for RenewError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(error) => error.fmt(f),
            Self::OtherUser => f.write_str("the access token is of another user"),
        }
    }
}

impl std::error::Error for RenewError {}

/// A stream that ends with its session. [`Session::guard`] makes it.
#[must_use = "streams do nothing until they are polled"]
pub struct Guarded<S> {
    ended: Ended,
    stream: Option<Pin<Box<S>>>,
    end: Option<SessionEnd>,
}

impl<S> Guarded<S> {
    /// Why the stream has ended, once it has for its session; `None` if it ended by itself.
    pub fn end(&self) -> Option<SessionEnd> {
        self.end
    }

    /// Goes on with another access token of the same user.
    ///
    /// # Errors
    ///
    /// As [`Ended::renew`].
    pub fn renew<C: SessionClaims>(&self, auth: &Auth<C>, access_token: &str) -> Result<(), RenewError> {
        self.ended.renew(auth, access_token)
    }
}

impl<S: Stream> Stream for Guarded<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        if self.stream.is_none() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(end) = Pin::new(&mut self.ended).poll(context) {
            (self.end, self.stream) = (Some(end), None);
            return Poll::Ready(None);
        }
        // The check that is under way wakes this task.
        if !self.ended.0.is_verified() {
            return Poll::Pending;
        }
        let item = match &mut self.stream {
            Some(stream) => std::task::ready!(stream.as_mut().poll_next(context)),
            None => None,
        };
        if item.is_none() {
            self.stream = None;
        }
        Poll::Ready(item)
    }
}

impl<S> fmt::Debug for Guarded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").field("end", &self.end).finish_non_exhaustive()
    }
}
