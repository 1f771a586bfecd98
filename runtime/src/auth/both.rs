//! The refresh token beside an access token, for routes that demand both.

use super::{Auth, AuthError, InvalidGrant};
use crate::claims::SessionClaims;
use crate::session::{SessionId, TokenHash};
use crate::token::RefreshTicket;

impl<C: SessionClaims> Auth<C> {
    /// Judges the refresh token that is presented beside an access token of this session and user.
    ///
    /// It passes if it could be exchanged now. It is not used up. Nothing is written, with two exceptions: a token that was exchanged
    /// before and is no retry ends the session, as it does in [`refresh`](Self::refresh), and a token whose answer might have been lost
    /// is noted as arrived.
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
        let successors = self.successors_of(&ticket).hashes();
        match sessions.examine(session, &TokenHash::of(&ticket.id), successors).await {
            Ok(record) if record.user_id == subject => Ok(ticket),
            Ok(_) => Err(other_session),
            Err(error) => {
                let error = AuthError::from(error);
                self.tell_of_reuse(subject, session, &error);
                Err(error)
            }
        }
    }
}
