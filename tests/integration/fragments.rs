//! Handlers that a `macro_rules!` writes: a captured fragment arrives in the attributes in invisible parentheses.

use axum::http::StatusCode;
use countersign::{AuthRouter, authenticated, public, require_role, routes, typed_refresh_handler};
use serde_json::json;

use crate::support::{App, AppState, Role, User};

macro_rules! guarded {
    ($literal:literal, $expr:expr, $path:path, $why:literal, $route:literal, $user:ty) => {
        #[require_role($literal)]
        #[utoipa::path(get, path = "/literal")]
        pub(super) async fn literal(_: $user) {}

        #[require_role($expr)]
        #[utoipa::path(get, path = "/expr")]
        pub(super) async fn expr() {}

        #[require_role($path)]
        #[utoipa::path(get, path = "/path")]
        pub(super) async fn path(_: ($user, Option<$user>)) {}

        #[public(reason = $why)]
        #[utoipa::path(get, path = "/open")]
        pub(super) async fn open() {}

        typed_refresh_handler!(pub(super) renew, AppState, path = $route);
    };
}

mod generated {
    use super::*;

    guarded!("editor", "editor", Role::Editor, "a probe", "/renew", User);
}

macro_rules! whole {
    ($handler:item) => {
        #[authenticated]
        #[utoipa::path(get, path = "/whole")]
        $handler
    };
}

whole! {
    async fn whole(_: User) {}
}

macro_rules! listed {
    ($($handler:path),*) => {
        routes!($($handler),*)
    };
}

fn app() -> App {
    App::routed(|router: AuthRouter<AppState>| {
        router.routes(listed!(
            generated::literal,
            generated::expr,
            generated::path,
            generated::open,
            generated::renew,
            whole
        ))
    })
}

#[tokio::test]
async fn a_role_from_a_fragment_guards() {
    let app = app();
    let (member, editor) = (app.login(&[Role::Member]).await, app.login(&[Role::Editor]).await);
    let document = serde_json::to_value(&app.api).unwrap();
    for path in ["/literal", "/expr", "/path"] {
        assert_eq!(app.get(path, None).await.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(app.get(path, Some(&member.access_token)).await.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(app.get(path, Some(&editor.access_token)).await.status, StatusCode::OK, "{path}");
        let security = &document["paths"][path]["get"]["security"];
        assert_eq!(security, &json!([{"bearer": ["editor"]}, {"bearer": ["admin"]}]));
    }
}

#[tokio::test]
async fn a_reason_from_a_fragment_opens_and_is_documented() {
    let app = app();
    assert_eq!(app.get("/open", None).await.status, StatusCode::OK);
    let document = serde_json::to_value(&app.api).unwrap();
    assert_eq!(document["paths"]["/open"]["get"]["description"], "Public: a probe");
    assert!(document["paths"]["/renew"]["post"].is_object());
}

#[tokio::test]
async fn a_handler_that_is_a_fragment_itself_is_guarded() {
    let app = app();
    assert_eq!(app.get("/whole", None).await.status, StatusCode::UNAUTHORIZED);
    let pair = app.login(&[]).await;
    assert_eq!(app.get("/whole", Some(&pair.access_token)).await.status, StatusCode::OK);
}
