//! Own sessions and trusted issuers on the same routes.

use std::sync::{Arc, Mutex};

use countersign::testing::TestClock;
use countersign::{AuthEvent, AuthEvents, SessionMetadata};
use serde_json::json;

use super::{App, Role, User, acme, with_sessions};
use crate::support::NOW;

/// What a listener hears of a refusal: reason, issuer, user, and whether there is a session.
type Heard = (Option<&'static str>, Option<String>, Option<String>, bool);

#[derive(Default)]
struct Log(Mutex<Vec<Heard>>);

impl AuthEvents for Log {
    fn record(&self, event: &AuthEvent<'_>) {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let heard = (event.reason, text(event.issuer), text(event.user), event.session.is_some());
        self.0.lock().unwrap().push(heard);
    }
}

#[tokio::test]
async fn a_session_of_this_server_and_a_token_of_an_issuer_pass_the_same_routes() {
    let issuer = acme();
    let log = Arc::new(Log::default());
    let claims = |token: countersign::IssuerToken| async move {
        let roles = if token.claim("staff") == Some(true) { vec![Role::Admin] } else { Vec::new() };
        Ok(Some(User { roles, ..User::named(&format!("acme:{}", token.subject())) }))
    };
    let builder = with_sessions().events(Arc::clone(&log)).trust(issuer.issuer().claims_with(claims));
    let app = App::of(builder, &TestClock::at(NOW));
    let user = User { roles: vec![Role::Admin], ..User::named("7") };
    let own = app.auth.login(&user, SessionMetadata::default()).await.unwrap().access_token;
    let theirs = issuer.token(json!({ "sub": "7", "staff": true, "sid": "not-one-of-ours" }));
    let (_, me) = app.ask("/me", &own).await;
    assert_eq!(json!([me["id"], me["issuer"], me["own"], me["iss"]]), json!(["7", "own", true, null]));
    let (_, me) = app.ask("/me", &theirs).await;
    assert_eq!(
        json!([me["id"], me["issuer"], me["own"], me["iss"]]),
        json!(["acme:7", "acme", false, issuer.url()])
    );
    for token in [&own, &theirs] {
        assert_eq!(app.status("/admin", token).await, 200);
        assert_eq!(app.status("/posts", token).await, 403);
    }
    let heard: Vec<Heard> = log.0.lock().unwrap().drain(..).filter(|(reason, ..)| reason.is_some()).collect();
    let lacks = Some("insufficient_scope");
    assert_eq!(
        heard,
        [
            (lacks, None, Some("7".to_owned()), true),
            (lacks, Some("acme".to_owned()), Some("acme:7".to_owned()), false),
        ]
    );
    // Neither passes for the other.
    let renamed = issuer.token(json!({ "iss": "https://issuer.test" }));
    assert_eq!(app.status("/me", &renamed).await, 401);
}

#[tokio::test]
async fn an_impersonator_of_an_issuer_is_one_here() {
    let issuer = acme();
    let app = App::trusting(issuer.issuer());
    let (_, me) = app.ask("/me", &issuer.token(json!({ "act": { "sub": "support" } }))).await;
    assert_eq!(me["actor"], json!("support"));
    for act in [json!("support"), json!({}), json!({ "sub": "" }), json!({ "sub": 7 }), json!([])] {
        assert_eq!(app.status("/me", &issuer.token(json!({ "act": act }))).await, 401, "{act}");
    }
}
