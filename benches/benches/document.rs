//! `cargo bench -p benches --bench document`: the OpenAPI document of a router with 500 operations.

#![allow(missing_docs, reason = "each benchmark is named")]

use countersign::{AuthRouter, Role, SessionClaims, authenticated, public, require, require_role, routes};
use divan::Bencher;
use utoipa::ToSchema;

fn main() {
    divan::main();
}

#[derive(Role, Clone, Copy)]
enum Role {
    Member,
    #[role(implies(Member))]
    Editor,
    #[role(implies(Editor))]
    Admin,
}

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<Role>,
}

/// A post
#[derive(serde::Serialize, serde::Deserialize, ToSchema)]
struct Post {
    title: String,
    text: Option<String>,
}

macro_rules! handlers {
    ($($name:ident: $access:meta, $method:ident $path:literal;)*) => {
        $(
            /// A handler
            ///
            /// With a description of some length, as people write it above a handler of their own.
            #[$access]
            #[utoipa::path($method, path = $path, responses((status = 200, body = Post), (status = 409, description = "Taken")))]
            async fn $name() {}
        )*
    };
}

handlers! {
    list: public(reason = "anyone may read"), get "/posts";
    show: public(reason = "anyone may read"), get "/posts/{id}";
    write: require_role("editor"), post "/posts";
    change: require(role("editor") && fresh("1h")), put "/posts/{id}";
    remove: require(role("admin") && live), delete "/posts/{id}";
    mine: authenticated, get "/mine";
    drafts: authenticated, get "/drafts";
    publish: require(role("editor") || role("admin")), post "/posts/{id}/publish";
    comments: authenticated, get "/posts/{id}/comments";
    comment: require_role("member"), post "/posts/{id}/comments";
}

/// Ten operations at each of fifty places.
fn router() -> AuthRouter<countersign::Auth<User>> {
    let ten = || {
        AuthRouter::new()
            .routes(routes!(list, show, write, change, remove))
            .routes(routes!(mine, drafts, publish, comments, comment))
    };
    (0..50).fold(AuthRouter::new(), |router, number| router.nest(&format!("/{number}"), ten()))
}

/// From the routers to the document.
#[divan::bench(sample_count = 50)]
fn made(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(router).bench_values(AuthRouter::into_openapi);
}

/// From the document to the bytes that are served, once for all requests.
#[divan::bench(sample_count = 50)]
fn written(bencher: Bencher<'_, '_>) {
    let openapi = router().into_openapi();
    bencher.bench(|| openapi.to_json());
}
