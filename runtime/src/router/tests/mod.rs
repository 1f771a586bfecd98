//! Requests through a whole router.

#[cfg(feature = "openapi")]
mod documented;
// Without cryptography there is no `Auth`.
#[cfg(all(feature = "macros", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod places;
#[cfg(feature = "openapi")]
mod utoipa_axum;

use crate::{Auth, SessionClaims};

#[derive(crate::Role, Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Member,
    #[role(implies(Member))]
    Admin,
}

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<Role>,
}

type App = Auth<User>;

fn user(roles: &[Role]) -> User {
    User { id: 7, roles: roles.to_vec() }
}
