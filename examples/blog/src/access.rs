//! Who may do what: roles, the claims, the named rules and the checks.

use axum::extract::{Path, State};
use countersign::{Role, SessionClaims, check, rule};
use serde::Serialize;
use utoipa::ToSchema;

use crate::posts::Posts;

/// What a user may be.
#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Every user.
    Reader,
    /// Writes posts.
    #[role(implies(Reader))]
    Author,
    /// Decides what is published.
    #[role(implies(Author))]
    Editor,
    /// Looks after the users.
    #[role(implies(Reader))]
    Admin,
}

/// The signed-in user, as the access token carries them.
#[derive(SessionClaims, Serialize, ToSchema, Clone, Debug)]
pub struct User {
    /// The number in the table of users.
    #[claims(subject)]
    pub id: u64,
    /// What the user may be.
    #[claims(roles)]
    pub roles: Vec<Role>,
    /// What the token is good for.
    #[claims(scopes)]
    pub scopes: Vec<String>,
    /// The name to greet them with.
    pub name: String,
}

rule! {
    /// Writes posts at all.
    pub CanWrite = role(Role::Author) && scope("posts:write");

    /// Decides what everybody reads; nobody does so in another's name.
    pub CanPublish = role(Role::Editor) && scope("posts:write") && deny_impersonated;
}

/// The post is the user's own. Whoever may not see a draft is not told that it exists.
#[check(not_found)]
pub async fn is_author(user: User, Path(id): Path<u64>, State(posts): State<Posts>) -> bool {
    posts.find(id).is_some_and(|post| post.author == user.id)
}
