//! Access: roles, claims, named rules and checks.

use axum::extract::{Path, State};
use countersign::{Role, SessionClaims, check, rule};
use serde::Serialize;
use utoipa::ToSchema;

use crate::posts::Posts;

/// The roles of a user.
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
    /// The user's roles.
    #[claims(roles)]
    pub roles: Vec<Role>,
    /// The scopes of the token.
    #[claims(scopes)]
    pub scopes: Vec<String>,
    /// The name to greet them with.
    pub name: String,
}

rule! {
    /// Writes posts.
    pub CanWrite = role(Role::Author) && scope("posts:write");

    /// Publishes posts, as the user in person.
    pub CanPublish = role(Role::Editor) && scope("posts:write") && deny_impersonated;
}

/// The post is the user's own. For other users it does not exist: they get a 404.
#[check(not_found)]
pub async fn is_author(user: User, Path(id): Path<u64>, State(posts): State<Posts>) -> bool {
    posts.find(id).is_some_and(|post| post.author == user.id)
}
