//! The limits of an actor, and the events.

use super::*;

/// Rows 95 to 98: an actor neither sees nor ends the user's sessions, nor their own by mistake.
#[tokio::test]
async fn endpoints_for_ones_own_sessions_are_closed() {
    let app = App::new();
    let user = app.auth.login(&customer(), SessionMetadata::default()).await.unwrap();
    let (actor, token) = acting(&app).await;
    let endpoints: Router = AuthRouter::new().routes(app.auth.routes()).into();
    let [theirs, own] = [&user, &actor].map(|pair| payload_of(&pair.access_token)["sid"].clone());
    for (method, path) in [
        (Method::GET, "/sessions".to_owned()),
        (Method::DELETE, "/sessions".to_owned()),
        (Method::DELETE, format!("/sessions/{}", theirs.as_str().unwrap())),
        (Method::DELETE, format!("/sessions/{}", own.as_str().unwrap())),
        (Method::POST, "/logout-all".to_owned()),
    ] {
        let request = request(method, &path, Some(&token), Body::empty());
        let answer = endpoints.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
    }
    for id in [7, 8] {
        assert_eq!(app.auth.sessions(&id).await.unwrap().len(), 1, "of {id}");
    }
}

/// Neither the actor's refresh token nor the user's completes an impersonation token. Sending one uses up and ends nothing.
#[tokio::test]
async fn no_refresh_token_completes_an_impersonation_token() {
    let app = app(|builder| builder);
    let user = app.auth.login(&customer(), SessionMetadata::default()).await.unwrap();
    let (actor, token) = acting(&app).await;
    for refresh_token in [&user.refresh_token, &actor.refresh_token] {
        let mut request = request(Method::GET, "/vault", Some(&token), Body::empty());
        request.headers_mut().insert("x-refresh-token", refresh_token.parse().unwrap());
        app.send(request).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
        assert_eq!(app.refresh(refresh_token).await.status, StatusCode::OK);
    }
}

/// Row 93: signing out with an impersonation token ends nothing, wherever it is sent.
#[tokio::test]
async fn signing_out_with_an_impersonation_token_ends_nothing() {
    let app = app(|builder| builder.cookies(Cookies::new().with_access_cookie()));
    let user = app.auth.login(&customer(), SessionMetadata::default()).await.unwrap();
    let (actor, token) = acting(&app).await;
    app.auth.logout(&token).await.unwrap();
    let endpoints: Router = AuthRouter::new().routes(app.auth.routes()).into();
    let bearer = format!("Bearer {token}");
    for _ in 0..2 {
        let request = crate::browser::request(Method::POST, "/logout", &[("authorization", &bearer)]);
        let answer = endpoints.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        assert!(answer.headers().get(header::SET_COOKIE).is_none());
    }
    let answer = app.post("/login/tokens", &[SAME_ORIGIN, ("authorization", &bearer)]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(app.auth.sessions(&7).await.unwrap().len(), 2, "the actor's, and the new one");
    for pair in [&user, &actor] {
        assert_eq!(app.refresh(&pair.refresh_token).await.status, StatusCode::OK);
    }
}

/// The refresh cookie that a browser adds is the actor's own credential, so signing out with it signs the actor out.
#[tokio::test]
async fn refresh_cookie_of_the_actor_signs_the_actor_out() {
    let app = app(|builder| builder.cookies(Cookies::new()));
    let signed_in = app.sign_in().await;
    let grant = impersonate(&app, &signed_in.text("access_token")).await.unwrap();
    let endpoints: Router = AuthRouter::new().routes(app.auth.routes()).into();
    let (bearer, cookies) = (format!("Bearer {}", grant.access_token), signed_in.cookie_header());
    let headers = [SAME_ORIGIN, ("authorization", &*bearer), ("cookie", &*cookies)];
    let request = crate::browser::request(Method::POST, "/logout", &headers);
    assert_eq!(endpoints.oneshot(request).await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(app.session_count().await, 0);
}

type Told = (String, Option<String>, Option<String>, Option<String>);

/// Records each event, with its user, actor and session.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Told>>>);

impl AuthEvents for Heard {
    fn record(&self, event: &AuthEvent<'_>) {
        let what =
            format!("{} {} {}", event.kind.as_str(), event.outcome.as_str(), event.reason.unwrap_or("-"));
        let [user, actor] = [event.user, event.actor].map(|text| text.map(str::to_owned));
        self.0.lock().unwrap().push((what, user, actor, event.session.map(ToString::to_string)));
    }
}

/// Rows 61 and 136; ASVS 8.3.3.
#[tokio::test]
async fn every_event_names_who_acts_and_for_whom() {
    let heard = Heard::default();
    let listener = heard.clone();
    let app = app(|builder| builder.events(listener));
    let (actor, token) = acting(&app).await;
    let session = session_of(&app.auth, &token).await;
    app.get("/admin", Some(&token)).await;
    app.get("/vault", Some(&token)).await;
    assert!(app.auth.impersonate(&session, &User { id: 9, ..customer() }).await.is_err());
    assert!(app.auth.reauthenticate(&session).await.is_err());
    let own = session_of(&app.auth, &actor.access_token).await;
    assert!(app.auth.impersonate(&own, &User::with(&[])).await.is_err());
    app.auth.logout(&actor.access_token).await.unwrap();
    assert!(app.auth.impersonate(&own, &customer()).await.is_err());
    assert!(ask::<Live>(&app.auth, &token).await.is_err());

    let told = heard.0.lock().unwrap().clone();
    let sid = payload_of(&actor.access_token)["sid"].as_str().map(str::to_owned);
    assert!(told.iter().all(|(_, _, _, session)| *session == sid), "{told:?}");
    let told: Vec<_> = told
        .iter()
        .map(|(what, user, actor, _)| (what.as_str(), user.as_deref().unwrap(), actor.as_deref()))
        .collect();
    let expected = [
        ("sign_in success -", "7", None),
        ("impersonation success -", "8", Some("7")),
        ("denial refused insufficient_scope", "8", Some("7")),
        ("denial refused missing_refresh_token", "8", Some("7")),
        ("impersonation refused impersonated", "9", Some("7")),
        ("reauthentication refused impersonated", "8", Some("7")),
        ("impersonation refused oneself", "7", Some("7")),
        ("revoke success logout", "7", None),
        ("impersonation refused session_unknown", "8", Some("7")),
        ("denial refused session_ended", "8", Some("7")),
    ];
    assert_eq!(told, expected);
}

/// Row 61: the event of a route that forbids it has both identities.
#[tokio::test]
async fn refusal_of_a_route_that_forbids_it_names_both() {
    let heard = Heard::default();
    let listener = heard.clone();
    let app = app(|builder| builder.events(listener));
    let (_, token) = acting(&app).await;
    heard.0.lock().unwrap().clear();
    assert!(ask::<InPerson>(&app.auth, &token).await.is_err());
    let told = heard.0.lock().unwrap().clone();
    let [(what, user, actor, _)] = &told[..] else { panic!("{told:?}") };
    assert!(what.starts_with("denial refused "), "{what}");
    assert_eq!((user.as_deref(), actor.as_deref()), (Some("8"), Some("7")));
}
