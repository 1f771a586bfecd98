//! The events of a refusal.

use std::sync::{Arc, Mutex};

use countersign::{AuthEvent, AuthEvents};

use super::{app_with, refreshed, request, send};
use crate::support::SECOND;

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl AuthEvents for Heard {
    fn record(&self, event: &AuthEvent<'_>) {
        let AuthEvent { kind, outcome, reason, route, user, session, .. } = event;
        self.0.lock().unwrap().push(format!(
            "{} {} {} {} user={} session={}",
            kind.as_str(),
            outcome.as_str(),
            reason.unwrap_or("-"),
            route.unwrap_or("-"),
            user.unwrap_or("-"),
            session.is_some(),
        ));
    }
}

/// Rows 136 to 138.
#[tokio::test]
async fn a_refusal_is_one_event_and_a_replay_two_more() {
    let heard = Heard::default();
    let app = app_with(|builder| builder.events(heard.clone()));
    let (first, other) = (app.login(&[]).await, app.login(&[]).await);
    refreshed(&app, &first.refresh_token).await;
    app.clock.advance(SECOND * 30);
    heard.0.lock().unwrap().clear();
    send(&app, "/account", &first.access_token, &other.refresh_token).await;
    app.send(request("/account", Some(&first.access_token), &[])).await;
    send(&app, "/account", &first.access_token, &first.refresh_token).await;
    assert_eq!(
        *heard.0.lock().unwrap(),
        [
            "denial refused other_session /account user=7 session=true",
            "denial refused missing_refresh_token /account user=7 session=true",
            "reuse refused late_retry - user=7 session=true",
            "revoke success reuse - user=7 session=true",
            "denial refused late_retry /account user=7 session=true",
        ]
    );
}
