//! .
#[derive(Clone, Debug)]
pub struct Verified<C> {
    pub claims: C,
    pub id: String,
    pub session_id: String,
    pub issued_at: crate::Timestamp,
    pub expires_at: crate::Timestamp,
    pub authenticated_at: crate::Timestamp,
}
