//! Who may call the endpoints: one policy for the handlers of the macros and for those of `Auth::routes`.

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
#[derive(Debug)]
#[non_exhaustive]
pub enum LogoutPolicy {}

impl Policy for LogoutPolicy {
    const ACCESS: Access = Access::Public { reason: "the token whose session ends is the credential" };
    type Roles = ();
    type Checks = ();
    type Proves = ();
}

/// The policy of the endpoints with which users look after their own sessions.
///
/// They ask the store in any case, and who holds the access token of a session that was ended, of a stolen device say, is not to
/// end those of its owner. Nor is anybody who acts for the user.
#[derive(Debug)]
#[non_exhaustive]
pub enum OwnSessionsPolicy {}

impl Policy for OwnSessionsPolicy {
    const ACCESS: Access = Access::Require(Rule::IN_PERSON);
    type Roles = ();
    type Checks = ();
    type Proves = ();
}
