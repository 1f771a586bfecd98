//! The access of the public endpoints.

use crate::access::{Access, Policy};

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
pub(crate) enum LogoutPolicy {}

impl Policy for LogoutPolicy {
    const ACCESS: Access = Access::Public { reason: "the token whose session ends is the credential" };
    type Roles = ();
    type Checks = ();
    type Proves = ();
}

/// The policy of the endpoint that publishes keys.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) enum KeysPolicy {}

impl Policy for KeysPolicy {
    const ACCESS: Access = Access::Public { reason: "public keys are for everyone who verifies tokens" };
    type Roles = ();
    type Checks = ();
    type Proves = ();
}

/// The policy of the endpoint that publishes the metadata of the server.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) enum MetadataPolicy {}

impl Policy for MetadataPolicy {
    const ACCESS: Access = Access::Public { reason: "the document tells clients where the endpoints are" };
    type Roles = ();
    type Checks = ();
    type Proves = ();
}
