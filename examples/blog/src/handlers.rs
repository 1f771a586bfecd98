//! The handlers; the attribute above each says who may call it.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use countersign::{
    AccessGrant, Auth, AuthRejection, Denial, ProblemDetails, Proof, Reauthentication, Session,
    SessionClaims as _, SignIn, TokenPair, public, require,
};

use crate::access::{CanPublish, CanWrite, Role, User, is_author};
use crate::accounts::{Accounts, Credentials, Password};
use crate::posts::{Draft, Post, Posts};

/// Sign in with name and password
#[public(reason = "callers are not signed in yet")]
#[utoipa::path(post, path = "/login", tag = "sign-in", request_body = Credentials, responses(
    (status = 200, body = TokenPair), (status = 401, description = "Name or password is wrong", body = ProblemDetails)
))]
pub async fn login(
    State(accounts): State<Accounts>,
    sign_in: SignIn<User>,
    Json(Credentials { name, password }): Json<Credentials>,
) -> Result<TokenPair, AuthRejection> {
    let user = accounts.authenticate(&name, &password);
    let user = user.ok_or_else(|| sign_in.refused_for("wrong_password", &name))?;
    Ok(sign_in.tokens(&user).await?)
}

/// Who am I?
#[utoipa::path(get, path = "/me", tag = "users", responses((status = 200, body = User)))]
pub async fn me(user: User) -> Json<User> {
    Json(user)
}

/// Prove again who you are, for routes that demand a fresh sign-in
#[utoipa::path(post, path = "/reauthenticate", tag = "sign-in", request_body = Password, responses((status = 200, body = TokenPair)))]
pub async fn reauthenticate(
    caller: Reauthentication<User>,
    State(accounts): State<Accounts>,
    Json(Password { password }): Json<Password>,
) -> Result<TokenPair, AuthRejection> {
    let name = &caller.session().claims().name;
    accounts.authenticate(name, &password).ok_or_else(|| caller.refused("wrong_password"))?;
    Ok(caller.tokens().await?)
}

/// See the blog as another user does; not as an administrator, whose rights would come with it
#[require(role("admin") && fresh("10m"))]
#[utoipa::path(post, path = "/users/{id}/impersonate", tag = "sign-in", responses((status = 200, body = AccessGrant), (status = 404)))]
pub async fn impersonate(
    State(auth): State<Auth<User>>,
    State(accounts): State<Accounts>,
    session: Session<User>,
    Path(id): Path<u64>,
) -> Result<AccessGrant, AuthRejection> {
    let user = accounts.find(id).ok_or(Denial::NotFound)?;
    if user.has_role(Role::Admin) {
        return Err(Denial::Forbidden.into());
    }
    Ok(auth.impersonate(&session, &user).await?)
}

/// List the published posts
#[public(reason = "published posts are for everybody")]
#[utoipa::path(get, path = "/posts", tag = "posts", responses((status = 200, body = Vec<Post>)))]
pub async fn posts(State(posts): State<Posts>) -> Json<Vec<Post>> {
    Json(posts.published())
}

/// Write a draft
#[require(CanWrite)]
#[utoipa::path(post, path = "/posts", tag = "posts", request_body = Draft, responses((status = 201, body = Post)))]
pub async fn write(
    user: User,
    State(posts): State<Posts>,
    Json(draft): Json<Draft>,
) -> (StatusCode, Json<Post>) {
    (StatusCode::CREATED, Json(posts.add(user.id, draft)))
}

/// Read a draft: one's own, or any as an editor
#[require(role("editor") || check(is_author))]
#[utoipa::path(get, path = "/posts/{id}", tag = "posts", responses((status = 200, body = Post)))]
pub async fn draft(State(posts): State<Posts>, Path(id): Path<u64>) -> Result<Json<Post>, AuthRejection> {
    Ok(Json(posts.find(id).ok_or(Denial::NotFound)?))
}

/// Rewrite a post: one's own, or any as an editor
#[require(scope("posts:write") && (role("editor") || role("author") && check(is_author)))]
#[utoipa::path(put, path = "/posts/{id}", tag = "posts", request_body = Draft, responses((status = 200, body = Post)))]
pub async fn rewrite(
    State(posts): State<Posts>,
    Path(id): Path<u64>,
    Json(draft): Json<Draft>,
) -> Result<Json<Post>, AuthRejection> {
    Ok(Json(posts.change(id, draft).ok_or(Denial::NotFound)?))
}

/// Publish a post
#[require(CanPublish)]
#[utoipa::path(post, path = "/posts/{id}/publish", tag = "posts", responses((status = 200, body = Post)))]
pub async fn publish(
    proof: Proof<CanPublish>,
    State(posts): State<Posts>,
    Path(id): Path<u64>,
) -> Result<Json<Post>, AuthRejection> {
    Ok(Json(posts.publish(&proof, id).ok_or(Denial::NotFound)?))
}

/// Remove a user's posts, and sign the user out
#[require(role("admin") && fresh("10m") && live && deny_impersonated)]
#[utoipa::path(delete, path = "/users/{id}", tag = "users", responses((status = 204)))]
pub async fn close_account(
    State(auth): State<Auth<User>>,
    State(posts): State<Posts>,
    Path(id): Path<u64>,
) -> Result<StatusCode, AuthRejection> {
    posts.remove_all_of(id);
    auth.logout_all(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Answer a path that does not exist
#[public(reason = "there is nothing here to guard")]
pub async fn not_found() -> AuthRejection {
    Denial::NotFound.into()
}
