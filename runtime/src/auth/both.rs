//! The refresh token beside an access token, for routes that demand both.

use super::{Auth, AuthError, InvalidGrant};
use crate::claims::SessionClaims;
use crate::session::{SessionId, TokenHash};
use crate::token::RefreshTicket;

impl<C: SessionClaims> Auth<C> {
    /// Judges the refresh token that is presented beside an access token of this session and user.
    ///
    /// It passes if it could be exchanged now. It is not used up, and nothing is written, with one exception: a token that was
    /// exchanged before and is no retry ends the session, as it does in [`refresh`](Self::refresh).
    pub(crate) async fn examine(
        &self,
        refresh_token: &[u8],
        session: &SessionId,
        subject: &str,
    ) -> Result<RefreshTicket, AuthError> {
        let (tokens, sessions) = (&self.inner.refresh_tokens, &self.inner.sessions);
        let ticket = tokens
            .verify(refresh_token, sessions.now())
            .map_err(|error| AuthError::InvalidGrant(InvalidGrant::Token(error)))?;
        let other_session = AuthError::InvalidGrant(InvalidGrant::OtherSession);
        if ticket.session_id != session.as_str() || ticket.subject != subject {
            return Err(other_session);
        }
        let successor_id = tokens.successor_of(&ticket);
        let (presented, successor) = (TokenHash::of(&ticket.id), TokenHash::of(&successor_id));
        match sessions.prepare(session, &presented, &successor).await {
            Ok(prepared) if prepared.record().user_id == subject => Ok(ticket),
            Ok(_) => Err(other_session),
            Err(error) => {
                let error = AuthError::from(error);
                self.tell_of_reuse(subject, session, &error);
                Err(error)
            }
        }
    }
}
