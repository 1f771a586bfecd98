//! Who may call the endpoints.

use crate::access::{Access, Policy, Rule};

/// The policy of the refresh endpoint.
#[derive(Debug)]
#[non_exhaustive]
pub enum RefreshPolicy {}

impl Policy for RefreshPolicy {
    const ACCESS: Access = Access::Public { reason: "the refresh token is the credential" };
    type Roles = ();
    type Checks = ();
    type Proves = ();
}

/// The policy of the logout endpoint.
#[cfg(feature = "openapi")]
#[derive(Debug)]
#[non_exhaustive]
pub(crate) enum LogoutPolicy {}

#[cfg(feature = "openapi")]
impl Policy for LogoutPolicy {
    const ACCESS: Access = Access::Public { reason: "the token whose session ends is the credential" };
    type Roles = ();
    type Checks = ();
    type Proves = ();
}

/// The access of users to their own sessions: signed in, in person, with a session that has not ended.
///
/// The access token of an ended session, of a stolen device for example, may not end the sessions of its owner. Neither may an
/// impersonator. The look-up costs nothing, because these endpoints ask the store in any case.
pub(super) const IN_PERSON: Access = Access::Require(Rule::IN_PERSON);
