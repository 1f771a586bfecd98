//! Routers of utoipa-axum in an `AuthRouter`, an `AuthRouter` in one of them, and what is put right behind utoipa-axum.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use utoipa_axum::router::OpenApiRouter;

use super::{App, Role, User, user};
use crate::testing::{AccessProbe, TestAuth, assert_document_matches};
use crate::{
    AuthRouter, Cookies, Reauthentication, SignIn, Unguarded, authenticated, public, require_role, routes,
    typed_refresh_handler,
};

/// All orders
#[utoipa::path(get, path = "/orders", responses((status = 200)))]
async fn orders() {}

#[utoipa::path(post, path = "/orders", responses((status = 201)))]
async fn order() -> StatusCode {
    StatusCode::CREATED
}

#[require_role("admin")]
#[utoipa::path(delete, path = "/orders/{id}", params(("id" = u64, Path)), responses((status = 204)))]
async fn cancel() -> StatusCode {
    StatusCode::NO_CONTENT
}

#[authenticated]
#[utoipa::path(get, path = "/me", responses((status = 200, body = String)))]
async fn me(user: User) -> String {
    user.id.to_string()
}

#[public(reason = "health probe")]
#[utoipa::path(get, path = "/health", responses((status = 200)))]
async fn health() {}

async fn hidden() {}

/// A router as an application has it before it moves: one handler guards itself already, and one is in no document.
fn legacy() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(utoipa_axum::routes!(orders, order))
        .routes(utoipa_axum::routes!(cancel))
        .route("/hidden", axum::routing::get(hidden))
}

fn moved(auth: &TestAuth<User>) -> AuthRouter {
    AuthRouter::new()
        .routes(routes!(me))
        .nest_openapi("/legacy", auth.layer().role("member"), legacy())
        .with_state((**auth).clone())
}

fn json_of(router: &AuthRouter) -> Value {
    serde_json::to_value(router.openapi()).unwrap()
}

async fn status(router: &Router, method: &str, path: &str, token: Option<&str>) -> u16 {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status().as_u16()
}

/// The way of an application that has an `OpenApiRouter`: the attribute guards and documents where this crate has no router.
#[tokio::test]
async fn a_guarded_handler_in_a_router_of_utoipa_axum_is_guarded_and_documented() {
    let auth = TestAuth::<User>::new();
    let (router, api) = OpenApiRouter::new()
        .routes(utoipa_axum::routes!(me))
        .routes(utoipa_axum::routes!(cancel))
        .routes(utoipa_axum::routes!(health))
        .with_state((*auth).clone())
        .split_for_parts();
    let (member, admin) = (auth.token(&user(&[Role::Member])).await, auth.token(&user(&[Role::Admin])).await);
    for (method, path, expected) in [
        ("GET", "/me", [401, 200, 200]),
        ("DELETE", "/orders/1", [401, 403, 204]),
        ("GET", "/health", [200, 200, 200]),
    ] {
        for (token, expected) in [None, Some(&*member), Some(&*admin)].into_iter().zip(expected) {
            assert_eq!(status(&router, method, path, token).await, expected, "{method} {path}");
        }
    }
    let api = serde_json::to_value(api).unwrap();
    assert_eq!(api["paths"]["/me"]["get"]["security"], json!([{"bearer": []}]));
    assert_eq!(api["paths"]["/orders/{id}"]["delete"]["security"], json!([{"bearer": ["admin"]}]));
    assert_eq!(api["paths"]["/health"]["get"]["security"], json!([]));
    assert!(api["paths"]["/orders/{id}"]["delete"]["responses"]["403"].is_object());
}

typed_refresh_handler!(refresh, App);

#[public(reason = "a sign-in")]
#[utoipa::path(post, path = "/login")]
async fn login(_session: SignIn<User>) {}

#[authenticated(live, deny_impersonated)]
#[utoipa::path(post, path = "/again")]
async fn again(_user: User, _session: Reauthentication<User>) {}

/// Every extension of every operation of a document.
fn extensions(api: &Value) -> std::collections::BTreeSet<String> {
    let operations =
        api["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let members = operations.flat_map(|operation| operation.as_object().unwrap().keys());
    members.filter(|name| name.starts_with("x-")).cloned().collect()
}

/// A document that this crate does not finish has the access in it, and nothing else of this crate.
#[test]
fn a_document_of_utoipa_axum_has_no_marks() {
    let plain = OpenApiRouter::<App>::new()
        .routes(utoipa_axum::routes!(refresh))
        .routes(utoipa_axum::routes!(login))
        .routes(utoipa_axum::routes!(again))
        .routes(utoipa_axum::routes!(cancel));
    assert_eq!(
        extensions(&serde_json::to_value(plain.get_openapi()).unwrap()),
        ["x-access".to_owned()].into()
    );
    let auth = TestAuth::<User>::with(|builder| builder.cookies(Cookies::new()));
    let ours =
        || AuthRouter::new().routes(routes!(refresh, login, again, cancel)).with_state((*auth).clone());
    let endpoints = AuthRouter::<()>::new().routes(auth.routes());
    let nested = AuthRouter::new().nest_openapi("/old", auth.layer(), plain).with_state((*auth).clone());
    let documents = [
        json_of(&ours()),
        json_of(&endpoints),
        json_of(&nested),
        serde_json::to_value(ours().into_openapi_router().get_openapi()).unwrap(),
        serde_json::to_value(ours().into_openapi()).unwrap(),
        serde_json::to_value(utoipa::openapi::OpenApi::clone(&ours().split_for_parts().1)).unwrap(),
    ];
    for document in documents {
        assert_eq!(extensions(&document), ["x-access".to_owned()].into());
    }
}

/// The handler of `typed_refresh_handler!` takes its token from a cookie too, wherever the `Auth` of its router is known.
#[test]
fn a_refresh_handler_is_known_without_a_mark() {
    let auth = TestAuth::<User>::with(|builder| builder.cookies(Cookies::new()));
    let own = AuthRouter::new().routes(routes!(refresh, me)).with_state((*auth).clone());
    let plain = OpenApiRouter::new().routes(utoipa_axum::routes!(refresh));
    let nested = AuthRouter::new().nest_openapi("/old", auth.layer(), plain).with_state((*auth).clone());
    for (router, path) in [(own, "/refresh"), (nested, "/old/refresh")] {
        let operation = &json_of(&router)["paths"][path]["post"];
        assert_eq!(operation["requestBody"]["required"], false, "{path}");
        assert_eq!(operation["parameters"][0]["name"], "X-CSRF-Token", "{path}");
        assert!(operation["responses"]["403"].is_object(), "{path}");
        let answers = &operation["responses"]["200"]["content"]["application/json"]["schema"]["oneOf"];
        assert_eq!(answers.as_array().map(Vec::len), Some(2), "{path}");
    }
}

#[tokio::test]
async fn a_nested_router_of_utoipa_axum_is_guarded_with_every_route() {
    let auth = TestAuth::<User>::new();
    let router = Router::from(moved(&auth));
    let (nobody, member) = (auth.token(&user(&[])).await, auth.token(&user(&[Role::Member])).await);
    let admin = auth.token(&user(&[Role::Admin])).await;
    for (method, path, expected) in [
        ("GET", "/legacy/orders", [401, 403, 200, 200]),
        ("POST", "/legacy/orders", [401, 403, 201, 201]),
        ("DELETE", "/legacy/orders/1", [401, 403, 403, 204]),
        ("GET", "/legacy/hidden", [401, 403, 200, 200]),
        ("TRACE", "/legacy/orders", [405, 405, 405, 405]),
    ] {
        for (token, expected) in
            [None, Some(&*nobody), Some(&*member), Some(&*admin)].into_iter().zip(expected)
        {
            assert_eq!(status(&router, method, path, token).await, expected, "{method} {path}");
        }
    }
}

#[test]
fn the_operations_of_a_nested_router_have_rows_and_security() {
    let auth = TestAuth::<User>::new();
    let router = moved(&auth);
    let matrix = router.access_matrix();
    let rows = matrix.rows().iter().map(|row| {
        (format!("{} {}", row.method(), row.path()), row.access().to_string(), row.is_documented())
    });
    let row = |route: &str, access: &str, documented| (route.to_owned(), access.to_owned(), documented);
    assert_eq!(
        rows.collect::<Vec<_>>(),
        [
            row("GET /legacy/orders", "role `member`", true),
            row("POST /legacy/orders", "role `member`", true),
            row("DELETE /legacy/orders/{id}", "role `member` and role `admin`", true),
            row("* /legacy/{*path}", "role `member`", false),
            row("GET /me", "any signed-in user", true),
        ]
    );
    assert_document_matches(&matrix, router.openapi());
    let api = json_of(&router);
    let suffices = json!([{"bearer": ["member"]}, {"bearer": ["admin"]}]);
    assert_eq!(api["paths"]["/legacy/orders"]["get"]["security"], suffices);
    assert_eq!(api["paths"]["/legacy/orders"]["get"]["summary"], "All orders");
    assert!(api["paths"]["/legacy/orders"]["post"]["responses"]["403"].is_object());
    assert!(api["paths"].get("/legacy/hidden").is_none());
}

#[tokio::test]
async fn the_probe_asks_the_operations_of_a_nested_router() {
    let auth = TestAuth::<User>::new();
    let probe =
        AccessProbe::new(moved(&auth), &auth).claims(user(&[])).param("id", "1").param("path", "hidden");
    let report = probe.run().await;
    report.assert_no_gaps();
    assert!(report.to_string().contains("DELETE  /legacy/orders/{id} "), "{report}");
}

/// Both documents, and everything that is served.
#[tokio::test]
async fn an_application_can_keep_its_own_router_around_ours() {
    let auth = TestAuth::<User>::new();
    let ours = AuthRouter::new().routes(routes!(me)).with_state((*auth).clone());
    let (router, api) = OpenApiRouter::new()
        .routes(utoipa_axum::routes!(orders))
        .nest("/api", ours.into_openapi_router())
        .split_for_parts();
    assert_eq!(status(&router, "GET", "/orders", None).await, 200);
    assert_eq!(status(&router, "GET", "/api/me", None).await, 401);
    let api = serde_json::to_value(api).unwrap();
    assert_eq!(api["paths"]["/api/me"]["get"]["security"], json!([{"bearer": []}]));
    assert!(
        api["components"]["securitySchemes"]["bearer"].is_object() && api["paths"]["/orders"].is_object()
    );
}

/// An operation that the application wrote by hand gives way to a handler, wherever the two meet.
#[test]
fn a_handler_takes_the_place_of_what_was_written_by_hand() {
    let auth = TestAuth::<User>::new();
    let by_hand = |path: &str| {
        let document = json!({
            "openapi": "3.1.0",
            "info": { "title": "API", "version": "1" },
            "paths": { path: { "get": { "summary": "by hand", "responses": {} }, "put": { "summary": "by hand", "responses": {} } } }
        });
        AuthRouter::<App>::with_openapi(serde_json::from_value(document).unwrap())
    };
    let own = || AuthRouter::<App>::new().routes(routes!(me));
    for (how, router, path) in [
        ("routes", by_hand("/me").routes(routes!(me)), "/me"),
        ("merge into", by_hand("/me").merge(own()), "/me"),
        ("merge of", own().merge(by_hand("/me")), "/me"),
        ("nest in", by_hand("/api/me").nest("/api", own()), "/api/me"),
        ("nest of", AuthRouter::new().nest("/api", own()).nest("/api", by_hand("/me")), "/api/me"),
    ] {
        let api = json_of(&router.with_state((*auth).clone()));
        assert_eq!(api["paths"][path]["get"]["security"], json!([{"bearer": []}]), "{how}");
        assert_eq!(api["paths"][path]["put"]["summary"], "by hand", "{how}: {api}");
    }
}

#[test]
fn an_unguarded_router_of_utoipa_axum_says_why() {
    let router = AuthRouter::<App>::new().nest_openapi("/legacy", Unguarded("moves next week"), legacy());
    let matrix = router.access_matrix();
    let reasons = matrix.rows().iter().map(|row| row.reason());
    // The handler that guards itself is listed with the access that is known of it.
    assert!(reasons.clone().all(|reason| reason == Some("moves next week")), "{matrix}");
    assert_eq!(reasons.count(), 4);
}

/// A handler has moved, and the document of its old router still describes it.
#[test]
#[should_panic = "GET /legacy/orders is added twice, at "]
fn an_operation_that_is_left_behind_in_a_document_is_refused_with_both_places() {
    let auth = TestAuth::<User>::new();
    let left_behind = OpenApiRouter::with_openapi(legacy().into_openapi());
    let _ = AuthRouter::<App>::new().routes(routes!(GET "/legacy/orders" => health)).nest_openapi(
        "/legacy",
        auth.layer().role("admin"),
        left_behind,
    );
}

#[test]
#[should_panic = "GET /legacy/orders is added twice, at "]
fn it_is_refused_in_the_other_order_too() {
    let auth = TestAuth::<User>::new();
    let nested = AuthRouter::<App>::new().nest_openapi("/legacy", auth.layer(), legacy());
    let _ = AuthRouter::<App>::new().routes(routes!(GET "/legacy/orders" => health)).merge(nested);
}

/// The access that is enforced is in the document, also where the application described the route and `routes!` has its place.
#[test]
fn an_operation_by_hand_gets_the_access_of_a_route_without_a_document() {
    let by_hand = json!({
        "openapi": "3.1.0",
        "info": { "title": "API", "version": "1" },
        "paths": { "/health": { "get": { "summary": "by hand", "responses": {}, "security": [{ "bearer": ["admin"] }] } } }
    });
    let router = AuthRouter::<App>::with_openapi(serde_json::from_value(by_hand).unwrap())
        .routes(routes!(GET "/health" => health));
    let operation = &serde_json::to_value(router.openapi()).unwrap()["paths"]["/health"]["get"];
    assert_eq!((&operation["security"], &operation["summary"]), (&json!([]), &json!("by hand")));
    assert_document_matches(&router.access_matrix(), router.openapi());
}

/// A router for visitors, with a handler that guards itself.
#[test]
fn the_roles_of_a_handler_in_an_open_router_are_in_its_row() {
    let auth = TestAuth::<User>::new();
    let router = AuthRouter::<App>::new().nest_openapi("/legacy", auth.layer().optional(), legacy());
    let matrix = router.access_matrix();
    let row = matrix.rows().iter().find(|row| row.method() == "DELETE").unwrap();
    assert_eq!(row.access().to_string(), "role `admin`");
}

/// Behind a gate, a handler that says it is public is not.
#[test]
fn a_public_handler_in_a_guarded_router_is_described_as_guarded() {
    let auth = TestAuth::<User>::new();
    let open = || OpenApiRouter::<App>::new().routes(utoipa_axum::routes!(health));
    let description = |router: AuthRouter<App>| {
        let api = serde_json::to_value(router.openapi()).unwrap();
        api["paths"]["/legacy/health"]["get"]["description"].as_str().unwrap().to_owned()
    };
    let new = AuthRouter::<App>::new;
    assert_eq!(
        description(new().nest_openapi("/legacy", auth.layer().role("admin"), open())),
        "Access: role `admin`"
    );
    assert_eq!(description(new().nest_openapi("/legacy", Unguarded("for now"), open())), "Public: for now");
    assert_eq!(description(new().nest("/legacy", new().routes(routes!(health)))), "Public: health probe");
}

#[test]
fn an_operation_for_trace_is_neither_served_nor_described() {
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "API", "version": "1" },
        "paths": { "/orders": { "trace": { "responses": {} }, "get": { "responses": {} } } }
    });
    let auth = TestAuth::<User>::new();
    let traced = OpenApiRouter::<App>::with_openapi(serde_json::from_value(document).unwrap());
    let router = AuthRouter::<App>::new().nest_openapi("/legacy", auth.layer(), traced);
    assert!(router.access_matrix().rows().iter().all(|row| row.method() != "TRACE"));
    assert!(router.openapi().paths.paths["/legacy/orders"].trace.is_none());
}

/// When this test fails, utoipa-axum does what axum does: delete the correction in `served::nest`.
#[test]
fn utoipa_axum_still_loses_operations_at_the_paths_of_a_nested_router() {
    let outer = OpenApiRouter::<App>::new().routes(utoipa_axum::routes!(order));
    let outer = OpenApiRouter::new().nest("/api", outer);
    let inner = OpenApiRouter::new().routes(utoipa_axum::routes!(orders));
    let path = "/api/orders";
    let lost = outer.clone().nest("/api", inner.clone());
    assert!(lost.get_openapi().paths.paths[path].post.is_none(), "utoipa-axum keeps both operations now");

    let kept = crate::router::served::nest(outer, "/api", inner);
    let item = &kept.get_openapi().paths.paths[path];
    assert!(item.post.is_some() && item.get.is_some());
}

/// When this test fails, utoipa-axum writes a catch-all as OpenAPI does, and `openapi/parameters.rs` need not.
#[test]
fn utoipa_axum_still_writes_a_catch_all_as_axum_does() {
    #[utoipa::path(get, path = "/files/{*path}", responses((status = 200)))]
    async fn files() {}

    let router = OpenApiRouter::<App>::new().routes(utoipa_axum::routes!(files));
    assert!(
        router.get_openapi().paths.paths.contains_key("/files/{*path}"),
        "utoipa-axum writes `{{path}}` now"
    );
}

/// The document is kept from the moment when it is first asked for.
#[test]
fn a_document_that_was_asked_for_early_is_right_after_every_change() {
    let auth = TestAuth::<User>::with(|builder| builder.cookies(Cookies::new().with_access_cookie()));
    // The document after each step, kept by the router or by a copy of it.
    let made = |asks: bool| {
        let mut documents = Vec::new();
        let mut asked = |router: AuthRouter<App>| {
            let copy = router.clone();
            documents.push(serde_json::to_value(if asks { &router } else { &copy }.openapi()).unwrap());
            router
        };
        let router = asked(AuthRouter::new().routes(routes!(me)));
        let router = asked(router.routes(routes!(cancel)));
        let router = asked(router.guard(auth.layer().role("member")));
        let router = asked(router.nest_openapi("/legacy", auth.layer(), legacy()));
        let router = asked(router.nest("/inner", AuthRouter::new().routes(routes!(me))));
        let router = asked(router.merge(AuthRouter::new().routes(routes!(health))));
        let _ = asked(router.clone().describe(&auth));
        documents.push(json_of(&router.with_state::<()>((*auth).clone())));
        documents
    };
    assert_eq!(made(true), made(false));
    assert!(made(true)[7]["components"]["securitySchemes"]["accessCookie"].is_object());
}
