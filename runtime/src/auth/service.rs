//! Sign-in and refresh.

use std::time::Duration;

use super::{Auth, AuthError, InvalidGrant, TokenPair, TokenType};
use crate::claims::SessionClaims;
use crate::clock::Timestamp;
use crate::events::{AuthEvent, AuthEventKind, AuthOutcome};
use crate::session::{
    Fingerprint, Opening, Outcome, Remember, SessionError, SessionId, SessionMetadata, SessionRecord,
    Successors, TokenHash,
};
use crate::token::{AccessStamp, RefreshStamp, RefreshTicket, random_id};

/// The identifiers of the tokens that may follow a refresh token.
pub(super) struct SuccessorIds {
    first: String,
    after_loss: String,
}

impl SuccessorIds {
    pub(super) fn hashes(&self) -> Successors {
        Successors::new(TokenHash::of(&self.first), TokenHash::of(&self.after_loss))
    }

    /// The one that is the current token of the record.
    fn current_of(&self, record: &SessionRecord) -> &str {
        if record.current == TokenHash::of(&self.after_loss) { &self.after_loss } else { &self.first }
    }
}

impl<C: SessionClaims> Auth<C> {
    /// Signs a user in: opens a session and issues its first tokens.
    ///
    /// Call it after the user has proved who they are; it checks no password. [`record_refused_sign_in`] records a proof that failed.
    /// If the number of sessions is [limited](crate::AuthBuilder::max_sessions_per_user), the user's sessions beyond it end, those first
    /// that were not used for the longest time.
    ///
    /// A client that the metadata describes, and whose [fingerprint](SessionMetadata::fingerprint) no live session of the user has, is an
    /// event, [`NewDevice`](AuthEventKind::NewDevice).
    ///
    /// [`record_refused_sign_in`]: Self::record_refused_sign_in
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer, [`AuthError::Mint`] when the claims do not fit in a token.
    pub async fn login(&self, claims: &C, metadata: SessionMetadata) -> Result<TokenPair, AuthError> {
        self.login_with(claims, metadata, Remember::as_configured()).await
    }

    /// As [`login`](Self::login), with lifetimes and cookies of this session's own.
    ///
    /// ```
    /// use std::time::Duration;
    /// use countersign::session::Lifetimes;
    /// use countersign::{Auth, AuthError, SessionClaims, SessionMetadata, TokenPair};
    ///
    /// #[derive(SessionClaims, Clone)]
    /// struct User {
    ///     #[claims(subject)]
    ///     id: u64,
    /// }
    ///
    /// /// A session of an hour, however long others live.
    /// async fn visit(auth: &Auth<User>, user: &User) -> Result<TokenPair, AuthError> {
    ///     let hour = Duration::from_secs(3600);
    ///     auth.login_with(user, SessionMetadata::default(), Lifetimes::new(hour, hour)).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`login`](Self::login).
    pub async fn login_with(
        &self,
        claims: &C,
        metadata: SessionMetadata,
        remember: impl Into<Remember> + Send,
    ) -> Result<TokenPair, AuthError> {
        self.login_again(claims, metadata, remember.into(), []).await
    }

    /// As [`login_with`](Self::login_with), by a client that holds these tokens: their sessions end.
    pub(crate) async fn login_again(
        &self,
        claims: &C,
        mut metadata: SessionMetadata,
        remember: Remember,
        held: impl IntoIterator<Item = String, IntoIter: Send> + Send,
    ) -> Result<TokenPair, AuthError> {
        let subject = claims.subject().to_string();
        let address = metadata.address();
        let fingerprints = self.fingerprints(&subject, &mut metadata);
        // Looked up before any session ends, or the client that signs in again would look new.
        let is_new_device = self.inner.sessions.is_new_device(&subject, &fingerprints).await;
        // The old sessions end before the new one opens, so that tokens for both never exist.
        for token in held {
            self.logout(&token).await?;
        }
        let signed_in = self.sign_in(claims, &subject, metadata, remember).await;
        let event = self.event_of(AuthEventKind::SignIn, &signed_in).of_user(&subject).at_address(address);
        let session = signed_in.as_ref().ok().map(|(record, _)| &record.id);
        self.emit(&AuthEvent { session, ..event });
        if let (Ok((record, _)), true) = (&signed_in, is_new_device) {
            let event = self.event(AuthEventKind::NewDevice, AuthOutcome::Success);
            let event = event.of_user(&subject).of_session(&record.id).on(&record.metadata);
            self.emit(&event.at_address(address));
        }
        signed_in.map(|(_, pair)| pair)
    }

    /// Gives the client its fingerprint. Returns all by which the user's other sessions may know it, none if nothing is known about the
    /// client.
    fn fingerprints(&self, subject: &str, metadata: &mut SessionMetadata) -> Vec<Fingerprint> {
        let description = metadata.take_description();
        if let Some(own) = metadata.fingerprint() {
            return vec![own];
        }
        let Some([user_agent, hints]) = description else { return Vec::new() };
        let derived = self.inner.refresh_tokens.fingerprints(&[subject, &user_agent, &hints]);
        let fingerprints: Vec<_> = derived.into_iter().map(Fingerprint::from_bytes).collect();
        if let Some(current) = fingerprints.first() {
            *metadata = std::mem::take(metadata).with_fingerprint(*current);
        }
        fingerprints
    }

    /// Opens a session of `subject`; its access token has these claims.
    pub(crate) async fn sign_in(
        &self,
        claims: &C,
        subject: &str,
        metadata: SessionMetadata,
        remember: Remember,
    ) -> Result<(SessionRecord, TokenPair), AuthError> {
        if !self.inner.has_sessions {
            return Err(AuthError::NoSessions);
        }
        let token_id = random_id().map_err(AuthError::Mint)?;
        let id = &*token_id;
        let mint =
            |record: SessionRecord| async move { self.pair(claims, &record, id, record.created_at).await };
        let evicted = |session: &SessionId| {
            let event = self.event(AuthEventKind::Revoke, AuthOutcome::Success);
            self.emit(&event.of_user(subject).of_session(session).because("evicted"));
        };
        let opening = Opening { user_id: subject, token: TokenHash::of(&token_id), metadata, remember };
        self.inner.sessions.open_with(opening, mint, evicted).await
    }

    /// Records, for the log and the [listener](crate::AuthEvents), a sign-in that the application refused. The reason is a constant
    /// such as `wrong_password`. Text that the caller has typed may be a password in the wrong field, and belongs in no log.
    pub fn record_refused_sign_in(&self, reason: &'static str) {
        self.emit(&self.event(AuthEventKind::SignIn, AuthOutcome::Refused).because(reason));
    }

    /// As [`record_refused_sign_in`](Self::record_refused_sign_in), with the address of the client and the account that was tried, such as
    /// the name or the address of mail that was typed. Log and listener get a keyed pseudonym of the account, and never its text; blanks
    /// around it and the case of letters do not count.
    pub fn record_refused_sign_in_for(&self, reason: &'static str, account: &str, client: &SessionMetadata) {
        self.record_refusal(reason, Some(account), client);
    }

    pub(crate) fn record_refusal(
        &self,
        reason: &'static str,
        account: Option<&str>,
        client: &SessionMetadata,
    ) {
        let pseudonym =
            |account: &str| self.inner.refresh_tokens.pseudonym("account", &account.trim().to_lowercase());
        let account = account.map(pseudonym);
        let event = self.event(AuthEventKind::SignIn, AuthOutcome::Refused).because(reason);
        self.emit(&AuthEvent { account: account.as_deref(), ..event.at_address(client.address()) });
    }

    /// Exchanges a refresh token for the next pair, with claims read anew from the claims source.
    ///
    /// If the claims source no longer knows the user, every session of the user ends.
    ///
    /// # Errors
    ///
    /// [`AuthError::InvalidGrant`] when the token is not valid any more, and a replay also ends the session;
    /// [`AuthError::Unavailable`] when the store or the claims source does not answer: then the token stays valid.
    pub async fn refresh(&self, refresh_token: &str) -> Result<TokenPair, AuthError> {
        let tokens = &self.inner.refresh_tokens;
        let ticket = match tokens.verify(refresh_token.as_bytes(), self.inner.sessions.now()) {
            Ok(ticket) => ticket,
            Err(error) => {
                let refused = Err(AuthError::InvalidGrant(InvalidGrant::Token(error)));
                self.emit(&self.event_of(AuthEventKind::Refresh, &refused));
                return refused;
            }
        };
        let session = ticket.session_id.parse().ok();
        let exchanged = self.exchange(&ticket, session.as_ref()).await;
        if let (Ok((_, Outcome::Recovered)), Some(session)) = (&exchanged, &session) {
            let event = self.event(AuthEventKind::LostAnswer, AuthOutcome::Success);
            self.emit(&event.of_user(&ticket.subject).of_session(session));
        }
        let pair = exchanged.map(|(pair, _)| pair);
        if let (Err(error), Some(session)) = (&pair, &session) {
            self.tell_of_reuse(&ticket.subject, session, error);
        }
        let event = self.event_of(AuthEventKind::Refresh, &pair).of_user(&ticket.subject);
        self.emit(&AuthEvent { session: session.as_ref(), ..event });
        pair
    }

    async fn exchange(
        &self,
        ticket: &RefreshTicket,
        session: Option<&SessionId>,
    ) -> Result<(TokenPair, Outcome), AuthError> {
        let session = session.ok_or(SessionError::Unknown)?;
        let successors = &self.successors_of(ticket);
        let sessions = &self.inner.sessions;
        let prepared = sessions.prepare(session, &TokenHash::of(&ticket.id), successors.hashes()).await?;
        let claims = &self.current_claims(prepared.record()).await?;
        // The token is issued at the time of the request, before its claims were read. If they were changed in between and the user's
        // access tokens expired for that, this token with the old claims expires with them.
        let arrived = prepared.arrived();
        sessions
            .commit_with(prepared, |record, outcome| async move {
                let (id, issued_at) = match outcome {
                    Outcome::Kept => (&*ticket.id, arrived),
                    _ => (successors.current_of(&record), record.rotated_at),
                };
                Ok((self.pair(claims, &record, id, issued_at).await?, outcome))
            })
            .await
    }

    pub(super) fn successors_of(&self, ticket: &RefreshTicket) -> SuccessorIds {
        let tokens = &self.inner.refresh_tokens;
        SuccessorIds {
            first: tokens.successor_of(ticket),
            after_loss: tokens.successor_after_loss_of(ticket),
        }
    }

    /// Emits two events if an old refresh token was presented: the replay, and the end of the session.
    pub(crate) fn tell_of_reuse(&self, user: &str, session: &SessionId, error: &AuthError) {
        let Some((kind, outcome)) = error.reuse() else { return };
        let tell = |kind, outcome, reason| {
            self.emit(&self.event(kind, outcome).of_user(user).of_session(session).because(reason));
        };
        tell(AuthEventKind::Reuse, outcome, kind.as_str());
        let ended = if outcome == AuthOutcome::Failed { AuthOutcome::Failed } else { AuthOutcome::Success };
        tell(AuthEventKind::Revoke, ended, "reuse");
    }

    pub(super) async fn current_claims(&self, record: &SessionRecord) -> Result<C, AuthError> {
        // Turned into an `Option` here, because the error of parsing may not be `Send` and must not live across the `await`.
        let subject = record.user_id.parse().ok();
        let claims = match subject {
            Some(subject) => self.inner.source.claims_for(subject).await.map_err(AuthError::Unavailable)?,
            None => None,
        };
        match claims {
            // Claims of another user would turn one user into another.
            Some(claims) if claims.subject().to_string() == record.user_id => Ok(claims),
            _ => {
                self.end_all(&record.user_id, None, "user_gone").await?;
                Err(AuthError::InvalidGrant(InvalidGrant::UserGone))
            }
        }
    }

    /// Makes the pair for a refresh token's id. Ids and times are derived from the record, so that a retry gets the same pair.
    pub(super) async fn pair(
        &self,
        claims: &C,
        record: &SessionRecord,
        token_id: &str,
        issued_at: Timestamp,
    ) -> Result<TokenPair, AuthError> {
        self.keep_key_time();
        let session_id = record.id.as_str();
        let access_end = self.access_end(record, issued_at);
        let access_id = self.inner.refresh_tokens.derived_access_id(session_id, token_id, issued_at);
        let access_token = self
            .inner
            .access_tokens
            .issue(
                &AccessStamp::new(&access_id, session_id, issued_at, access_end, record.authenticated_at),
                claims,
            )
            .await
            .map_err(AuthError::of_token)?;
        let refresh_token = self
            .inner
            .refresh_tokens
            .mint(&RefreshStamp {
                subject: &record.user_id,
                id: token_id,
                session_id,
                issued_at: record.rotated_at,
                expires_at: record.idle_expires_at,
            })
            .map_err(AuthError::Mint)?;
        let now = self.now();
        Ok(TokenPair {
            access_token,
            token_type: TokenType::Bearer,
            expires_in: access_end.since(now).as_secs(),
            refresh_token,
            refresh_expires_in: record.idle_expires_at.since(now).as_secs(),
            ends_with_browser: record.ends_with_browser,
            scope: None,
        })
    }

    /// The end of an access token. It is a second or more before that of the refresh token, so that the client can tell from the pair
    /// that a refresh will prolong both. At the absolute end of the session they end together, and no refresh helps.
    fn access_end(&self, record: &SessionRecord, issued_at: Timestamp) -> Timestamp {
        let second = Duration::from_secs(1);
        let latest = match record.idle_expires_at < record.absolute_expires_at {
            true => Timestamp::from_unix(record.idle_expires_at.unix().saturating_sub(1)),
            false => record.absolute_expires_at,
        };
        (issued_at + self.inner.access_ttl).min(latest).max(issued_at + second)
    }
}
