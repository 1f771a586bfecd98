//! Values that only a decision can make.

use std::cell::Cell;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{Method, Request, StatusCode, header};
use countersign::__private::{Check, CheckArgument as _, CheckError, CheckRule, Guard, OneCheck};
use countersign::{Access, AuthRouter, NamedRule, Policy, Proof, Rule, routes};

use crate::support::{App, AppState, Role};

thread_local! {
    /// How often a check ran. Each test has a thread of its own.
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

/// `async fn owns_post(Path(id): Path<u64>) -> bool`, where every user owns post 1.
enum OwnsPost {}

impl CheckRule for OwnsPost {
    const RULE: Rule = Rule::Check { name: "owns_post", not_found: true };
}

impl<S: Send + Sync> Check<S> for OwnsPost {
    async fn run(parts: &mut Parts, state: &S) -> Result<bool, CheckError> {
        // Outside a router, the parameters are missing.
        let id = match parts.uri.path() {
            path if path.starts_with("/direct/") => path.trim_start_matches("/direct/").parse().ok(),
            _ => Some(Path::<u64>::take(parts, state).await?.0),
        };
        ASKED.set(ASKED.get() + 1);
        Ok(id == Some(1))
    }
}

/// `rule! { CanEdit = role("member") && check(owns_post); }`
enum CanEdit {}

impl NamedRule for CanEdit {
    const NAME: &'static str = "CanEdit";
    const RULE: Rule = Rule::All(&[Rule::Role("member"), OwnsPost::RULE]);
    type Roles = ();
    type Checks = OneCheck<OwnsPost>;
}

/// `rule! { CanList = role("editor"); }`
enum CanList {}

impl NamedRule for CanList {
    const NAME: &'static str = "CanList";
    const RULE: Rule = Rule::Role("editor");
    type Roles = ();
    type Checks = ();
}

/// `#[require(CanEdit && scope("posts"))]`, less the scope.
enum Editing {}

impl Policy for Editing {
    const ACCESS: Access = Access::Require(Rule::All(&[CanEdit::RULE, Rule::NotImpersonated]));
    type Roles = ();
    type Checks = OneCheck<OwnsPost>;
    type Proves = (CanEdit, ());
}

/// A service whose caller passes a proof of permission.
struct Posts;

impl Posts {
    fn edit(&self, id: u64, _: &Proof<CanEdit>) -> String {
        format!("edited {id}")
    }

    fn list(&self, _: &Proof<CanList>) -> &'static str {
        "all posts"
    }
}

/// Guarded, and proven by the guard
#[utoipa::path(post, path = "/posts/{id}", responses((status = 200)))]
async fn edit(_: Guard<Editing>, Path(id): Path<u64>, proof: Proof<CanEdit>) -> String {
    Posts.edit(id, &proof)
}

/// Guarded by the proof alone
#[utoipa::path(put, path = "/posts/{id}", responses((status = 200)))]
async fn put(proof: Proof<CanEdit>, Path(id): Path<u64>) -> String {
    Posts.edit(id, &proof)
}

/// Guarded by a proof without checks
#[utoipa::path(get, path = "/posts", responses((status = 200)))]
async fn list(proof: Proof<CanList>) -> &'static str {
    Posts.list(&proof)
}

fn app() -> App {
    App::routed(|router: AuthRouter<AppState>| router.routes(routes!(edit, put, list)))
}

async fn send(app: &App, method: Method, path: &str, token: Option<&str>) -> crate::support::Answer {
    app.send(crate::support::request(method, path, token, axum::body::Body::empty())).await
}

#[tokio::test]
async fn service_that_demands_a_proof_is_reached_by_users_of_its_rule() {
    let app = app();
    let (support, member) = (app.login(&[Role::Support]).await, app.login(&[Role::Member]).await);
    let editor = app.login(&[Role::Editor]).await;
    for method in [Method::POST, Method::PUT] {
        let answer = send(&app, method.clone(), "/posts/1", Some(&member.access_token)).await;
        assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &b"edited 1"[..]));
        assert_eq!(ASKED.take(), 1, "once, though the guard and the proof ask");
        let hidden = send(&app, method.clone(), "/posts/2", Some(&member.access_token)).await;
        hidden.refused(StatusCode::NOT_FOUND, "not_found");
        assert_eq!(ASKED.take(), 1);
        let lacking = send(&app, method.clone(), "/posts/1", Some(&support.access_token)).await;
        lacking.refused(StatusCode::FORBIDDEN, "insufficient_scope");
        send(&app, method, "/posts/1", None).await.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
        assert_eq!(ASKED.take(), 0);
    }
    assert_eq!(send(&app, Method::GET, "/posts", Some(&editor.access_token)).await.body, "all posts");
    let lacking = send(&app, Method::GET, "/posts", Some(&member.access_token)).await;
    lacking.refused(StatusCode::FORBIDDEN, "insufficient_scope");
}

#[tokio::test]
async fn route_behind_a_proof_is_documented_and_listed_as_guarded() {
    let app = app();
    let api = serde_json::to_value(&app.api).unwrap();
    let suffice = serde_json::json!([{ "bearer": ["editor"] }, { "bearer": ["admin"] }]);
    assert_eq!(api["paths"]["/posts"]["get"]["security"], suffice);
    assert!(api["paths"]["/posts/{id}"]["put"]["responses"]["403"].is_object());
    let router = AuthRouter::<AppState>::new().routes(routes!(list));
    let matrix = router.access_matrix();
    assert_eq!(matrix.rows()[0].access(), Access::Require(Rule::Role("editor")));
}

fn parts(path: &str, token: &str) -> Parts {
    let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
    request.body(()).unwrap().into_parts().0
}

async fn proven(parts: &mut Parts, app: &App) -> Result<(), &'static str> {
    let proof = Proof::<CanEdit>::from_request_parts(parts, &app.auth).await;
    proof.map(drop).map_err(|refused| refused.denial().code())
}

/// The request after its guard, with the evidence that the guard left.
async fn guarded(token: &str, app: &App) -> Parts {
    let mut parts = parts("/direct/1", token);
    Guard::<Editing>::from_request_parts(&mut parts, &app.auth).await.unwrap();
    assert_eq!(ASKED.take(), 1);
    parts
}

/// The evidence is about one request: with another path, method or credentials, its parts prove nothing.
#[tokio::test]
async fn evidence_is_good_for_its_request_and_its_session() {
    let app = app();
    let (first, second) = (app.login(&[Role::Member]).await, app.login(&[Role::Support]).await);

    let mut parts = guarded(&first.access_token, &app).await;
    parts.uri = "/direct/2".parse().unwrap();
    assert_eq!(proven(&mut parts, &app).await, Err("not_found"));
    assert_eq!(ASKED.take(), 1);

    let mut parts = guarded(&first.access_token, &app).await;
    parts.method = Method::DELETE;
    assert_eq!(proven(&mut parts, &app).await, Ok(()));
    assert_eq!(ASKED.take(), 1, "asked again for another method");

    let mut parts = guarded(&first.access_token, &app).await;
    parts.headers.insert(header::AUTHORIZATION, format!("Bearer {}", second.access_token).parse().unwrap());
    assert_eq!(proven(&mut parts, &app).await, Err("insufficient_scope"));
    let mut parts = guarded(&first.access_token, &app).await;
    parts.headers.remove(header::AUTHORIZATION);
    assert_eq!(proven(&mut parts, &app).await, Err("missing_credentials"));
    assert_eq!(ASKED.take(), 0);

    let mut parts = guarded(&first.access_token, &app).await;
    let other = App::new();
    assert_eq!(proven(&mut parts, &other).await, Ok(()));
    assert_eq!(ASKED.take(), 1, "another `Auth` believes nothing that the first one left");
}

/// A handler may send its request on, with other headers, to a route with other parameters or another state.
#[tokio::test]
async fn evidence_is_used_up_and_not_copied_and_grows_old() {
    let app = app();
    let pair = app.login(&[Role::Member]).await;

    let mut parts = guarded(&pair.access_token, &app).await;
    let mut copy = parts.clone();
    assert_eq!(proven(&mut parts, &app).await, Ok(()));
    assert_eq!(ASKED.take(), 0, "the guard has asked");
    assert_eq!(proven(&mut parts, &app).await, Ok(()));
    assert_eq!(ASKED.take(), 1, "the evidence is used up");
    assert_eq!(proven(&mut copy, &app).await, Ok(()));
    assert_eq!(ASKED.take(), 1, "a copy of the request has none");

    let mut parts = guarded(&pair.access_token, &app).await;
    app.clock.advance(crate::support::SECOND * 6);
    assert_eq!(proven(&mut parts, &app).await, Ok(()));
    assert_eq!(ASKED.take(), 1, "what was found out long ago is found out again");
}

/// A guard that let a caller in proves nothing about rules that it did not evaluate.
#[tokio::test]
async fn guard_leaves_evidence_of_what_it_proves_alone() {
    enum Member {}

    impl Policy for Member {
        const ACCESS: Access = Access::Require(Rule::Role("member"));
        type Roles = ();
        type Checks = ();
        type Proves = ();
    }

    let app = app();
    let pair = app.login(&[Role::Member]).await;
    let mut parts = parts("/direct/2", &pair.access_token);
    Guard::<Member>::from_request_parts(&mut parts, &app.auth).await.unwrap();
    assert_eq!(proven(&mut parts, &app).await, Err("not_found"));
    let mut parts = self::parts("/direct/1", &pair.access_token);
    Guard::<Editing>::from_request_parts(&mut parts, &app.auth).await.unwrap();
    assert_eq!(ASKED.replace(0), 2);
    assert_eq!(proven(&mut parts, &app).await, Ok(()));
    assert_eq!(ASKED.take(), 0);
}
