//! The document and the Scalar page as routes with an access.

use axum::Router;
use axum::http::{Method, StatusCode, header};
use countersign::{AuthRouter, DeclaredWhere, Unguarded, authenticated, require_role, routes};

use super::{ask, auth, finished, row, rows, statuses, token};

#[authenticated]
#[utoipa::path(get, path = "/me")]
async fn me() {}

#[require_role("admin")]
#[utoipa::path(get, path = "/late")]
async fn late() {}

const ASSETS: [&str; 5] =
    ["/scalar", "/scalar/", "/scalar/init.js", "/scalar/openapi.json", "/scalar/scalar.js"];

/// Row 144: the page, its scripts and the document have one access, each with its row.
#[tokio::test]
async fn the_pages_and_all_their_files_are_guarded() {
    let auth = auth();
    let router = AuthRouter::new()
        .openapi_json("/openapi.json", auth.layer().role("admin"))
        .scalar("/scalar", auth.layer().role("admin"));
    let expected = ["/openapi.json"].into_iter().chain(ASSETS);
    let expected: Vec<_> =
        expected.map(|path| row(&format!("GET {path}"), "role `admin`", DeclaredWhere::Router)).collect();
    assert_eq!(rows(&router), expected);
    assert!(router.openapi().paths.paths.is_empty());
    let router = finished(router, &auth);
    for path in ASSETS.into_iter().chain(["/openapi.json"]) {
        assert_eq!(statuses(&router, Method::GET, path).await, [401, 403, 200], "{path}");
        assert_eq!(statuses(&router, Method::HEAD, path).await, [401, 403, 200], "{path}");
        assert_eq!(statuses(&router, Method::TRACE, path).await, [405, 405, 405], "{path}");
        let refused = ask(&router, Method::GET, path, None).await;
        refused.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
        let mut request = crate::support::request(Method::GET, path, None, axum::body::Body::empty());
        request.headers_mut().insert(header::IF_NONE_MATCH, "*".parse().unwrap());
        assert_eq!(super::send(&router, request).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn unguarded_pages_are_public_and_say_why() {
    let auth = auth();
    let router = AuthRouter::new().scalar("docs/", Unguarded("the interface is no secret"));
    for (route, access, declared) in rows(&router) {
        assert!(route.starts_with("GET /docs"), "{route}");
        assert_eq!((&*access, declared), ("public: the interface is no secret", DeclaredWhere::Nowhere));
    }
    let router = finished(router, &auth);
    for path in ["/docs", "/docs/", "/docs/openapi.json", "/docs/init.js", "/docs/scalar.js"] {
        assert_eq!(statuses(&router, Method::GET, path).await, [200, 200, 200], "{path}");
    }
}

#[tokio::test]
async fn a_browser_that_is_not_signed_in_is_sent_to_the_login() {
    let auth = auth();
    let access = auth.layer().role("admin").redirect("/login");
    let router = finished(AuthRouter::new().scalar("/scalar", access), &auth);
    let answer = ask(&router, Method::GET, "/scalar", None).await;
    let target = Some("/login?next=%2Fscalar");
    assert_eq!((answer.status, answer.header(header::LOCATION)), (StatusCode::SEE_OTHER, target));
    assert_eq!(ask(&router, Method::GET, "/scalar", Some(&token(&[]))).await.status, StatusCode::FORBIDDEN);
}

/// The pages show the final document, wherever they were added.
#[tokio::test]
async fn the_pages_show_the_final_document() {
    let auth = auth();
    let open = Unguarded("for this test");
    let inner = AuthRouter::new().openapi_json("/document.json", open).scalar("/", open).routes(routes!(me));
    let merged = AuthRouter::new().openapi_json("/merged.json", open);
    let router = AuthRouter::new().nest("/api", inner).merge(merged).routes(routes!(late));
    let (router, document) = router.with_state::<()>(auth.clone()).split_for_parts();
    let document = serde_json::to_value(document).unwrap();
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.keys().collect::<Vec<_>>(), ["/api/me", "/late"]);
    for path in ["/api/document.json", "/merged.json"] {
        assert_eq!(ask(&router, Method::GET, path, None).await.json(), document, "{path}");
    }
    let router: Router = Router::new().nest("/behind", router);
    assert_eq!(ask(&router, Method::GET, "/behind/api", None).await.status, StatusCode::OK);
    let shown = ask(&router, Method::GET, "/behind/merged.json", None).await.json();
    assert_eq!(shown["paths"], document["paths"]);
}

/// A page inside a guarded section has both accesses.
#[tokio::test]
async fn a_guard_is_around_the_pages_too() {
    let auth = auth();
    let router = AuthRouter::new().scalar("/scalar", auth.layer()).guard(auth.layer().role("admin"));
    for (_, access, _) in rows(&router) {
        assert_eq!(access, "role `admin`");
    }
    let router = finished(router, &auth);
    for path in ASSETS {
        assert_eq!(statuses(&router, Method::GET, path).await, [401, 403, 200], "{path}");
    }
}

/// Requests from the page go to the router that the document is of, wherever that is.
#[tokio::test]
async fn the_page_knows_the_way_to_the_root_of_its_document() {
    let auth = auth();
    let open = Unguarded("for this test");
    let settings = async |router: AuthRouter<_>, init: &str| {
        let router = finished(router, &auth);
        let init = ask(&router, Method::GET, init, None).await;
        let text = String::from_utf8(init.body.to_vec()).unwrap();
        let settings = text.split_once("const { scheme, root, open } = ").unwrap().1;
        serde_json::from_str::<serde_json::Value>(settings.split_once('\n').unwrap().0).unwrap()
    };
    let page = |path: &str| AuthRouter::new().routes(routes!(me)).scalar(path, open);
    for (router, init, root) in [
        (page("/scalar"), "/scalar/init.js", "../"),
        (page("/"), "/init.js", "./"),
        (AuthRouter::new().nest("/api", page("/scalar")), "/api/scalar/init.js", "../../"),
        (AuthRouter::new().nest("/api", page("/")), "/api/init.js", "../"),
        (
            AuthRouter::new().nest("/a", AuthRouter::new().nest("/b", page("/c/d"))),
            "/a/b/c/d/init.js",
            "../../../../",
        ),
        (AuthRouter::new().merge(page("/scalar")), "/scalar/init.js", "../"),
    ] {
        assert_eq!(settings(router, init).await["root"], root, "{init}");
    }
    let mut named = AuthRouter::<()>::new().into_openapi();
    named.servers = Some(vec![utoipa::openapi::Server::new("https://api.example.test")]);
    let router = AuthRouter::with_openapi(named).scalar("/scalar", open);
    assert_eq!(settings(router, "/scalar/init.js").await["root"], serde_json::Value::Null);
}
