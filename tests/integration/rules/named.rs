//! Named rules and checks, in modules of their own.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use countersign::{NamedRule as _, Rule, check, require, routes};
use serde_json::json;

use self::posts::owns_post;
use crate::support::{App, AppState, Role, User, forge, payload};

mod policies {
    use super::Role;

    countersign::rule! {
        /// May write posts.
        pub(crate) CanWrite = role(Role::Editor) && scope("posts:write");

        /// May publish posts.
        pub(crate) CanPublish = CanWrite && fresh("10m") || role("admin");

        pub(super) Own = check(super::posts::owns_post) && deny_impersonated;

        /// Has the name of one of its roles.
        pub(super) Admin = role(Role::Admin) || role("support");
    }
}

mod posts {
    use super::{AppState, Path, State, User, check};

    /// Posts with an even number belong to user 7.
    #[check]
    pub(super) async fn owns_post(user: User, Path(id): Path<u64>, State(_): State<AppState>) -> bool {
        user.id == 7 && id % 2 == 0
    }

    /// As above, and hidden from other users.
    #[check(not_found)]
    pub(super) async fn sees_post(user: User, Path(id): Path<u64>) -> Result<bool, std::io::Error> {
        if id == 500 {
            return Err(std::io::Error::other("no database"));
        }
        Ok(user.id == 7 && id % 2 == 0)
    }

    /// The extension is missing, which is a mistake of the application.
    #[check(not_found)]
    pub(super) async fn is_mistaken(_: axum::Extension<u64>) -> bool {
        true
    }
}

#[require(policies::CanWrite)]
#[utoipa::path(get, path = "/write")]
async fn write(_: User) {}

#[require(policies::CanPublish)]
#[utoipa::path(get, path = "/publish")]
async fn publish() {}

#[require(role("admin") || check(owns_post))]
#[utoipa::path(get, path = "/posts/{id}", params(("id" = u64, Path)))]
async fn edit(_: Path<u64>) {}

#[require(check(posts::sees_post))]
#[utoipa::path(get, path = "/drafts/{id}", params(("id" = u64, Path)))]
async fn see() {}

#[require(policies::Own)]
#[utoipa::path(get, path = "/own/{id}", params(("id" = u64, Path)))]
async fn own() {}

#[require(policies::Admin)]
#[utoipa::path(get, path = "/admins")]
async fn admins() {}

#[require(check(posts::is_mistaken))]
#[utoipa::path(get, path = "/mistaken")]
async fn mistaken() {}

fn app() -> App {
    App::routed(|router| router.routes(routes!(write, publish, edit, see, own, admins, mistaken)))
}

fn token(roles: &[&str], scope: &str) -> String {
    let mut payload = payload();
    payload["roles"] = json!(roles);
    payload["scope"] = scope.into();
    forge(&payload)
}

#[test]
fn a_named_rule_is_a_constant() {
    const WRITE: Rule = Rule::All(&[Rule::Role("editor"), Rule::Scope("posts:write")]);
    assert_eq!((policies::CanWrite::NAME, policies::CanWrite::RULE), ("CanWrite", WRITE));
    assert_eq!(
        policies::CanPublish::RULE.to_string(),
        "((role `editor` and scope `posts:write`) and a sign-in at most 10m old) or role `admin`"
    );
}

#[tokio::test]
async fn a_named_rule_guards_as_its_expression() {
    let app = app();
    for (roles, scope, writes, publishes) in [
        (&["editor"][..], "posts:write", true, true),
        (&["editor"], "", false, false),
        (&["member"], "posts:write", false, false),
        (&["admin"], "posts:write", true, true),
        (&["admin"], "", false, true),
    ] {
        let token = token(roles, scope);
        let status = |granted| if granted { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(app.get("/write", Some(&token)).await.status, status(writes), "{roles:?} {scope}");
        assert_eq!(app.get("/publish", Some(&token)).await.status, status(publishes), "{roles:?} {scope}");
    }
    app.get("/write", None).await.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
}

#[tokio::test]
async fn a_rule_may_have_the_name_of_a_role() {
    let app = app();
    for (role, status) in
        [("admin", StatusCode::OK), ("support", StatusCode::OK), ("editor", StatusCode::FORBIDDEN)]
    {
        assert_eq!(app.get("/admins", Some(&token(&[role], ""))).await.status, status, "{role}");
    }
}

/// Row 56.
#[tokio::test]
async fn a_check_decides_with_the_path_and_the_claims() {
    let app = app();
    let (member, admin) = (token(&["member"], ""), token(&["admin"], ""));
    for (path, token, status) in [
        ("/posts/2", &member, StatusCode::OK),
        ("/posts/3", &member, StatusCode::FORBIDDEN),
        ("/posts/3", &admin, StatusCode::OK),
        ("/own/2", &member, StatusCode::OK),
        ("/own/3", &member, StatusCode::FORBIDDEN),
        ("/drafts/2", &member, StatusCode::OK),
        ("/drafts/3", &member, StatusCode::NOT_FOUND),
        ("/drafts/3", &admin, StatusCode::NOT_FOUND),
        ("/drafts/x", &member, StatusCode::NOT_FOUND),
        ("/drafts/500", &member, StatusCode::SERVICE_UNAVAILABLE),
        // A mistake in the composition of a server is not a 404.
        ("/mistaken", &member, StatusCode::INTERNAL_SERVER_ERROR),
    ] {
        assert_eq!(app.get(path, Some(token)).await.status, status, "{path}");
    }
    for path in ["/posts/2", "/own/2", "/drafts/2"] {
        app.get(path, None).await.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
    }
}

#[tokio::test]
async fn a_check_is_still_a_function() {
    let user = User::with(&[]);
    assert!(posts::sees_post(user.clone(), Path(2)).await.unwrap());
    assert!(!posts::sees_post(user, Path(3)).await.unwrap());
}

#[tokio::test]
async fn rules_and_checks_in_a_function_body_work_too() {
    #[check]
    async fn is_small(Path(id): Path<u64>) -> bool {
        id < 10
    }

    countersign::rule! {
        Small = check(is_small) && role("member");
    }

    #[require(Small)]
    #[utoipa::path(get, path = "/small/{id}", params(("id" = u64, Path)))]
    pub(crate) async fn small() {}

    let app = App::routed(|router| router.routes(routes!(small)));
    let member = token(&["member"], "");
    assert_eq!(app.get("/small/9", Some(&member)).await.status, StatusCode::OK);
    assert_eq!(app.get("/small/10", Some(&member)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(app.get("/small/9", Some(&token(&["support"], ""))).await.status, StatusCode::FORBIDDEN);
}

/// A function is known by its module too: two of one name are two checks, and a table that showed them alike would hide an exchange.
#[tokio::test]
async fn checks_of_one_name_in_two_modules_are_two_checks() {
    mod even {
        #[countersign::check]
        pub(super) async fn allows(super::Path(id): super::Path<u64>) -> bool {
            id.is_multiple_of(2)
        }
    }

    mod small {
        #[countersign::check(not_found)]
        pub(super) async fn allows(super::Path(id): super::Path<u64>) -> bool {
            id < 10
        }
    }

    #[require(check(even::allows) && check(small::allows))]
    #[utoipa::path(get, path = "/both/{id}")]
    async fn both(_: Path<u64>) {}

    let router = countersign::AuthRouter::<AppState>::new().routes(routes!(both));
    let access = router.access_matrix().rows()[0].access().to_string();
    let module = module_path!();
    assert_eq!(
        access,
        format!("check `{module}::even::allows` and check `{module}::small::allows` else 404")
    );
    let document = serde_json::to_value(router.openapi()).unwrap();
    assert_eq!(
        document["paths"]["/both/{id}"]["get"]["x-access"]["rule"],
        "check `allows` and check `allows`"
    );

    let app = App::routed(|router| router.routes(routes!(both)));
    let token = app.login(&[Role::Member]).await.access_token;
    for (id, status) in [(2, StatusCode::OK), (3, StatusCode::FORBIDDEN), (12, StatusCode::NOT_FOUND)] {
        assert_eq!(app.get(&format!("/both/{id}"), Some(&token)).await.status, status, "{id}");
    }
}
