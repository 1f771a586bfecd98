//! The access matrix of a real router, and its committed file.

mod removed;

use std::convert::Infallible;
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use countersign::store::MemoryStore;
use countersign::testing::assert_access_matrix;
use countersign::{
    Access, AccessMatrix, Auth, AuthRouter, DeclaredWhere, DeclaresAccess, Role, Rule, Session,
    SessionClaims, authenticated, fallback, public, require, require_role, routes,
};
use serde_json::{Value, json};

use crate::support::{ACCESS_SECRET, AUDIENCE, ISSUER, REFRESH_SECRET, key};

/// An administrator is an editor and a member, an editor a member.
#[derive(Role, Clone, Copy, Debug)]
enum Rank {
    Member,
    #[role(implies(Member))]
    Editor,
    #[role(implies(Editor))]
    Admin,
    Support,
}

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    ranks: Vec<Rank>,
    #[claims(scopes)]
    scopes: Vec<String>,
}

type State = Auth<User>;

fn auth() -> Auth<User> {
    Auth::builder()
        .access_key(key(ACCESS_SECRET))
        .refresh_key(key(REFRESH_SECRET))
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .store(MemoryStore::new())
        .claims_source(|id| async move { Ok(Some(User { id, ranks: Vec::new(), scopes: Vec::new() })) })
        .build()
        .unwrap()
}

#[require_role("member", live)]
#[utoipa::path(method(get, head), path = "/articles")]
async fn articles() {}

#[require_role("editor", "support")]
#[utoipa::path(post, path = "/articles")]
async fn write() {}

#[authenticated(both_tokens)]
#[utoipa::path(delete, path = "/articles/{id}")]
async fn remove() {}

#[authenticated]
#[utoipa::path(get, path = "/me")]
async fn me() {}

#[utoipa::path(get, path = "/profile")]
async fn profile(_: User) {}

#[utoipa::path(get, path = "/session")]
async fn session(_: Session<User>) {}

#[utoipa::path(get, path = "/feed")]
async fn feed(_: Option<User>) {}

#[public(reason = "health probe | nothing <b>secret</b>")]
#[utoipa::path(get, path = "")]
async fn health() {}

fn router() -> AuthRouter<State> {
    let admin = AuthRouter::new().routes(routes!(articles, write, remove, health));
    let profile = AuthRouter::new().routes(routes!(profile, session));
    AuthRouter::new().routes(routes!(me, feed)).nest("/api", admin).merge(profile)
}

#[require(role("editor") && fresh("5m") || scope("posts:write") && !role("support"))]
async fn nothing_here() {}

/// Routes that are not handlers of `routes!`: services, a fallback, a guard around everything, and routes without a declared access.
fn services() -> AccessMatrix {
    let auth = auth();
    AuthRouter::<State>::new()
        .routes(routes!(me))
        .nest_service("/assets", auth.layer().optional(), axum::routing::any(|| async {}))
        .route_service("/socket", auth.layer().role("member"), axum::routing::any(|| async {}))
        .method_not_allowed_fallback(fallback!(nothing_here))
        .fallback(fallback!(nothing_here))
        .guard(auth.layer().deny_impersonated())
        .unguarded("an old part", axum::Router::new())
        .openapi_json("/openapi.json", auth.layer().role("support"))
        .access_matrix()
}

#[test]
fn the_matrix_of_services_is_the_committed_one() {
    assert_access_matrix!(services(), "integration/golden/services.md");
}

#[test]
fn declared_and_undeclared_accesses_are_told_apart() {
    let matrix = services();
    let declared = |path: &str| matrix.rows().iter().find(|row| row.path() == path).unwrap().declared();
    for path in ["/assets/{*path}", "/socket", "/openapi.json"] {
        assert_eq!(declared(path), DeclaredWhere::Router, "{path}");
    }
    assert!(matrix.rows().iter().any(|row| row.declared() == DeclaredWhere::Nowhere), "{matrix}");
}

/// With the endpoints, which come with a state.
fn matrix() -> AccessMatrix {
    router().routes(auth().routes().nest("/auth")).access_matrix()
}

#[test]
fn the_access_matrix_is_the_committed_one() {
    assert_access_matrix!(matrix(), "integration/golden/access.md");
    // As a reference, from the crate's root, and with a comma.
    countersign::assert_access_matrix!(&matrix(), "integration/golden/access.md",);
}

#[test]
fn every_row_says_where_its_access_is_declared() {
    let matrix = matrix();
    let declared = |path: &str| {
        let rows = matrix.rows().iter().filter(|row| row.path() == path);
        rows.map(|row| (row.method().to_owned(), row.declared())).collect::<Vec<_>>()
    };
    assert_eq!(declared("/me"), [("GET".to_owned(), DeclaredWhere::Attribute)]);
    for path in ["/profile", "/session", "/feed"] {
        assert_eq!(declared(path), [("GET".to_owned(), DeclaredWhere::Argument)], "{path}");
    }
    assert_eq!(declared("/auth/logout"), [("POST".to_owned(), DeclaredWhere::Endpoint)]);
    assert!(
        matrix
            .to_markdown()
            .lines()
            .any(|line| line.contains("/profile") && line.contains("its first argument"))
    );
}

/// This crate cannot know whether such an extractor enforces the access that it declares.
#[test]
fn an_access_that_the_application_declares_by_hand_is_told_apart() {
    struct Promised;

    impl DeclaresAccess for Promised {
        const ACCESS: Access = Access::Authenticated;
        type Demands = ();
    }

    impl<S: Sync> FromRequestParts<S> for Promised {
        type Rejection = Infallible;

        async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
            Ok(Self)
        }
    }

    #[utoipa::path(get, path = "/promised")]
    async fn promised(_: Promised) {}

    #[utoipa::path(get, path = "/maybe")]
    async fn maybe(_: Option<User>) {}

    let matrix = AuthRouter::<State>::new().routes(routes!(promised, maybe)).access_matrix();
    let [maybe, promised] = matrix.rows() else { panic!("{matrix}") };
    assert_eq!(maybe.declared(), DeclaredWhere::Argument);
    assert_eq!(promised.declared(), DeclaredWhere::Application);
    assert_eq!(promised.declared().to_string(), "application");
    assert!(
        matrix
            .to_markdown()
            .lines()
            .any(|line| line.contains("/promised") && line.contains("| a hand-written extractor "))
    );
}

/// Handlers that take the claims and no attribute count as authenticated.
#[test]
fn access_of_the_first_argument_is_in_the_matrix() {
    let matrix = matrix();
    let access = |path: &str| matrix.rows().iter().find(|row| row.path() == path).unwrap().access();
    assert_eq!(access("/profile"), Access::Authenticated);
    assert_eq!(access("/session"), Access::Authenticated);
    assert_eq!(access("/feed"), Access::Optional);
    assert_eq!(access("/api/articles/{id}"), Access::Require(Rule::BothTokens));
}

/// Row 50.
#[test]
fn json_lists_the_roles_that_suffice() {
    let json: Value = serde_json::from_str(&matrix().to_json()).unwrap();
    let rows = json.as_array().unwrap();
    let row = rows.iter().find(|row| row["path"] == "/api/articles" && row["method"] == "POST").unwrap();
    assert_eq!(
        *row,
        json!({
            "method": "POST",
            "path": "/api/articles",
            "access": "rule",
            "rule": "role `editor` or role `support`",
            "reason": null,
            "roles_sufficing": { "editor": ["editor", "admin"], "support": ["support"] },
            "declared": "attribute",
            "own": "role `editor` or role `support`",
            "guards": [],
            "documented": true,
        })
    );
    let methods = |path: &str| {
        let of_path = rows.iter().filter(|row| row["path"] == path);
        of_path.map(|row| row["method"].as_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(methods("/api/articles"), ["GET", "HEAD", "POST"]);
}

#[test]
fn the_page_shows_every_route() {
    let matrix = matrix();
    let page = matrix.to_html();
    assert_eq!(page.matches("<tr class=").count(), matrix.rows().len());
    assert!(page.contains("health probe | nothing &lt;b&gt;secret&lt;/b&gt;"));
}

/// Nothing depends on the order in which routes were added.
#[test]
fn the_order_of_routes_does_not_matter() {
    let one = AuthRouter::<State>::new().routes(routes!(me, feed, profile)).access_matrix();
    let other = AuthRouter::<State>::new().routes(routes!(profile)).routes(routes!(feed, me)).access_matrix();
    assert_eq!(one.to_markdown(), other.to_markdown());
    assert_eq!(one.to_json(), other.to_json());
    assert_eq!(one.to_html(), other.to_html());
}

/// The message of the assertion when `now` is compared with the committed form of `before`.
fn failure(before: &AccessMatrix, now: &AccessMatrix) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("access.md");
    std::fs::write(&file, before.to_markdown()).unwrap();
    let panic =
        catch_unwind(AssertUnwindSafe(|| assert_access_matrix!(now, file.to_str().unwrap()))).unwrap_err();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before.to_markdown(), "it was written");
    panic.downcast_ref::<String>().unwrap().clone()
}

/// Whether new matrices are accepted, so that no assertion fails.
fn accepting() -> bool {
    env::var_os("UPDATE_ACCESS_MATRIX").is_some_and(|value| value == "1")
}

/// The same routes as those of [`router`], after some changes.
mod later {
    use super::*;

    /// Members were not let in.
    #[require_role("member", "support")]
    #[utoipa::path(post, path = "/articles")]
    pub(super) async fn write() {}

    /// It was for members with a live session.
    #[require_role("admin", live)]
    #[utoipa::path(method(get, head), path = "/articles")]
    pub(super) async fn articles() {}

    #[public(reason = "load balancer")]
    #[utoipa::path(get, path = "")]
    pub(super) async fn health() -> StatusCode {
        StatusCode::OK
    }

    /// It had an attribute.
    #[utoipa::path(get, path = "/me")]
    pub(super) async fn me(_: User) {}
}

#[test]
fn a_failure_says_who_gains_and_who_loses_access() {
    if accepting() {
        return;
    }
    let nested = AuthRouter::<State>::new().routes(routes!(later::articles, later::write, later::health));
    let now = AuthRouter::new().routes(routes!(later::me, feed, profile, session)).nest("/api", nested);
    let message = failure(&router().access_matrix(), &now.access_matrix());
    for part in [
        "wider: POST /api/articles\n  was: role `editor` or role `support` (`editor` by `admin`)\n  \
            now: role `member` or role `support` (`member` by `editor`, `admin`)\n",
        "narrower: GET /api/articles\n",
        "narrower: HEAD /api/articles\n",
        "removed route (narrower): DELETE /api/articles/{id}\n",
        "renamed reason: GET /api\n",
        "declared elsewhere: GET /me\n  was: declared by its attribute\n  now: declared by its first argument\n",
        "UPDATE_ACCESS_MATRIX=1 cargo test -p integration-tests",
    ] {
        assert!(message.contains(part), "{part}\n{message}");
    }
}

#[test]
fn a_new_route_is_wider() {
    if accepting() {
        return;
    }
    let before = AuthRouter::<State>::new().routes(routes!(me)).access_matrix();
    let now = AuthRouter::<State>::new().routes(routes!(me, profile)).access_matrix();
    let message = failure(&before, &now);
    assert!(
        message.contains("changes: 1, of which let more people in: 1\n\nnew route (wider): GET /profile\n"),
        "{message}"
    );
}

/// A hierarchy in which no other role implies `member`.
#[test]
fn a_role_that_is_no_longer_implied_is_narrower() {
    #[derive(countersign::Role, Clone, Copy)]
    enum Role {
        Member,
    }
    #[derive(SessionClaims, Clone)]
    struct Visitor {
        #[claims(subject)]
        id: u64,
        #[claims(roles)]
        roles: Vec<Role>,
    }
    if accepting() {
        return;
    }
    let before = AuthRouter::<State>::new().routes(routes!(articles)).access_matrix();
    let now = AuthRouter::<countersign::Auth<Visitor>>::new().routes(routes!(articles)).access_matrix();
    let message = failure(&before, &now);
    assert!(message.contains("\nnarrower: GET /articles\n"), "{message}");
    assert!(
        message.contains("role `member` and a session that has not ended (implied by no other role)"),
        "{message}"
    );
}

/// The path is relative to the `Cargo.toml` of the calling crate, wherever its tests run.
#[test]
fn the_file_is_relative_to_the_crate() {
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("integration/golden/access.md").exists());
    if accepting() {
        return;
    }
    let missing = catch_unwind(|| assert_access_matrix!(matrix(), "golden/access.md")).unwrap_err();
    assert!(missing.downcast_ref::<String>().unwrap().contains("the file does not exist"));
}
