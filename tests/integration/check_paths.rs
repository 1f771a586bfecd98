//! Checks that take path parameters which their route does not have: refused while the router is put together.

use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::Router;
use axum::extract::Path;
use countersign::testing::TestAuth;
use countersign::{Auth, AuthRouter, check, public, require, routes, rule};
use serde::Deserialize;

use crate::support::User;

type Id = Path<u64>;

#[derive(Deserialize)]
struct Comment {
    post: u64,
    comment: String,
}

#[check]
async fn takes_one(user: User, Path(id): Path<u64>) -> bool {
    user.id == id
}

#[check(not_found)]
async fn takes_an_alias(Path(id): Id) -> bool {
    id == 7
}

#[check]
async fn takes_two(Path((post, comment)): Path<(u64, String)>) -> bool {
    post == 7 && comment == "a"
}

#[check]
async fn takes_names(Path(Comment { post, comment }): Path<Comment>) -> bool {
    post == 7 && comment == "a"
}

#[check]
async fn takes_any(ids: Option<Path<u64>>, Path(all): Path<Vec<(String, String)>>) -> bool {
    ids.is_none() || all.len() == 1
}

#[check]
async fn takes_none() -> bool {
    true
}

rule! {
    OneOfThem = role("admin") || (check(takes_none) && check(takes_one));
}

#[require(check(takes_one))]
async fn one() {}

#[require(role("member") && check(takes_an_alias))]
async fn alias() {}

#[require(check(takes_two))]
async fn two() {}

#[require(check(takes_names))]
async fn names() {}

#[require(check(takes_any) && check(takes_none))]
async fn any() {}

#[require(OneOfThem)]
async fn named() {}

#[public(reason = "no check")]
async fn open() {}

type AppRouter = AuthRouter<Auth<User>>;

/// The text of the panic with which a router is refused.
fn refusal<T>(build: impl FnOnce() -> T) -> Option<String> {
    catch_unwind(AssertUnwindSafe(build)).err().map(|panic| *panic.downcast::<String>().unwrap())
}

/// Names the refusal after the path, which begins it, and the line that adds the route.
#[track_caller]
fn refused<T>(build: impl FnOnce() -> T, path: &str, cause: &str) {
    let text = refusal(build).expect("the router is not refused");
    let start = format!("`AuthRouter` cannot serve `{path}`, added at {}:", file!());
    assert!(text.starts_with(&start), "{text}");
    assert!(text.contains(cause), "{text}");
    assert!(text.contains("check `integration::check_paths::takes_"), "{text}");
}

#[test]
fn parameters_that_a_check_leaves_are_refused_where_the_route_is_added() {
    let number = "the path has 2 parameters, and the check `integration::check_paths::takes_one` takes 1; take all of them in the check";
    refused(|| AppRouter::new().routes(routes!(GET "/a/{id}/{x}" => one)), "/a/{id}/{x}", number);
    refused(|| AppRouter::new().routes(routes!(ANY "/a/{id}/{*x}" => named)), "/a/{id}/{*x}", number);
    refused(
        || AppRouter::new().routes(routes!(GET "/{a}/{b}" => alias)),
        "/{a}/{b}",
        "takes_an_alias` takes 1;",
    );
    refused(
        || AppRouter::new().routes(routes!(GET "/{a}/{b}/{c}" => two)),
        "/{a}/{b}/{c}",
        "takes_two` takes 2;",
    );
    // The prefix brings the second one.
    let inner = AppRouter::new().routes(routes!(GET "/a/{id}" => one));
    refused(|| AppRouter::new().nest("/{tenant}", inner), "/{tenant}/a/{id}", number);
}

#[test]
fn parameters_that_a_path_does_not_have_are_refused_when_the_router_is_done() {
    let missing = |routes| AppRouter::new().routes(routes);
    let number = "the path has no parameters, and the check `integration::check_paths::takes_one` takes 1;";
    refused(|| Router::from(missing(routes!(GET "/a" => one))), "/a", number);
    refused(|| missing(routes!(GET "/a" => named)).split_for_parts(), "/a", number);
    refused(|| Router::from(missing(routes!(GET "/a/{id}" => two))), "/a/{id}", "1 parameter, and the check");
    let name = "takes_names` takes the path parameter `comment`, which the path does not have; give both the same name";
    refused(|| Router::from(missing(routes!(GET "/{post}/{id}" => names))), "/{post}/{id}", name);
    let state = TestAuth::<User>::new();
    let merged =
        AuthRouter::new().merge(missing(routes!(GET "/a" => one))).with_state::<()>((*state).clone());
    refused(|| merged.into_make_service(), "/a", "a prefix with parameters is added with `AuthRouter::nest`");
}

#[test]
fn parameters_that_a_check_has_are_not_refused() {
    let inner = AppRouter::new()
        .routes(routes!(GET "/{comment}" => names, GET "/any" => any, GET "/open/{a}" => open));
    let router = AppRouter::new()
        .routes(routes!(GET "/a/{id}" => one, GET "/b/{other}" => alias, GET "/{{c}}/{x}" => named))
        .routes(
            routes!(GET "/d/{x}/{*y}" => two, GET "/e/{comment}/x/{post}/{more}" => names, GET "/f" => any),
        )
        .nest("/g/{post}", inner);
    assert_eq!(router.access_matrix().rows().len(), 9);
    let _ = Router::from(router);
    // A router of utoipa-axum may still get a prefix.
    let _ = AppRouter::new().routes(routes!(GET "/a" => one)).into_openapi_router();
}
