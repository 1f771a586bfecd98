//! Lifetimes and cookies of one session: the box "remember me" of a sign-in form.

use axum::extract::Path;
use axum::http::StatusCode;
use countersign::session::{Lifetimes, Rotation, SessionMetadata};
use countersign::{
    AuthError, AuthRejection, AuthRouter, CookieTokens, Cookies, Reauthentication, Remember, SignIn,
    authenticated, public, routes,
};

use crate::browser::{SAME_ORIGIN, app};
use crate::support::{Answer, App, AppState, NOW, Role, SECOND, User};

/// The words of a choice, the choice, its idle and absolute lifetimes in seconds if they are its own, and whether its cookies end with
/// the browser.
type Choice = (&'static str, Remember, Option<(u32, u32)>, bool);

const CHOICES: [Choice; 7] = [
    ("default", Remember::as_configured(), None, true),
    ("browser", Remember::until_browser_closes(), None, false),
    ("short", Remember::as_configured().lifetimes(seconds(1_000, 2_500)), Some((1_000, 2_500)), true),
    ("guest", Remember::until_browser_closes().lifetimes(seconds(1_000, 2_500)), Some((1_000, 2_500)), false),
    ("visit", Remember::until_browser_closes().lifetimes(seconds(300, 400)), Some((300, 400)), false),
    ("long", Remember::as_configured().lifetimes(seconds(50_000, 90_000)), Some((50_000, 90_000)), true),
    ("upside down", Remember::as_configured().lifetimes(seconds(9_000, 3_000)), Some((3_000, 3_000)), true),
];
/// The lifetimes of the `Auth` in these tests.
const CONFIGURED: (u32, u32) = (5_000, 8_000);

const fn seconds(idle: u64, absolute: u64) -> Lifetimes {
    Lifetimes::new(std::time::Duration::from_secs(idle), std::time::Duration::from_secs(absolute))
}

/// Sign in with a choice
#[public(reason = "a test signs in without a password")]
#[utoipa::path(post, path = "/choose/{choice}", params(("choice" = String, Path)), responses((status = 200)))]
async fn choose(sign_in: SignIn<User>, Path(choice): Path<String>) -> Result<CookieTokens, AuthError> {
    let remember = CHOICES.into_iter().find(|(name, ..)| *name == choice).unwrap().1;
    sign_in.remember(remember).cookies(&User::with(&[Role::Member])).await
}

/// Prove who you are
#[authenticated(live, deny_impersonated)]
#[utoipa::path(post, path = "/prove", responses((status = 200)))]
async fn prove(caller: Reauthentication<User>) -> Result<CookieTokens, AuthRejection> {
    Ok(caller.cookies().await?)
}

fn routed(router: AuthRouter<AppState>) -> AuthRouter<AppState> {
    router.routes(routes!(choose)).routes(routes!(prove))
}

fn shop(rotation: Rotation) -> App {
    App::build_with(
        |builder| {
            builder
                .cookies(Cookies::new().with_access_cookie())
                .lifetimes(seconds(u64::from(CONFIGURED.0), u64::from(CONFIGURED.1)))
                .rotation(rotation)
        },
        routed,
    )
}

/// What an answer says: the ages of the two cookies, the remaining lives of the two tokens.
fn said(answer: &Answer) -> ([Option<i64>; 2], [i64; 2]) {
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let cookies = answer.set_cookies();
    assert!(cookies.iter().all(|cookie| cookie.expires().is_none()));
    let ages = [0, 1].map(|place| cookies[place].max_age().map(|age| age.whole_seconds()));
    let lives = ["refresh_expires_in", "expires_in"].map(|member| answer.json()[member].as_i64().unwrap());
    (ages, lives)
}

/// Several sessions of one user, each with its choice, are refreshed and reauthenticated in turn.
#[tokio::test]
async fn each_session_keeps_its_choice_over_every_refresh_and_reauthentication() {
    let window = SECOND * 30;
    for rotation in [Rotation::default(), Rotation::NearExpiry { within: SECOND * 100_000, window }] {
        let app = shop(rotation);
        let mut held = Vec::new();
        for (name, ..) in CHOICES {
            // Without cookies, so that no sign-in replaces another one's session.
            let path = format!("/choose/{}", name.replace(' ', "%20"));
            held.push((app.post(&path, &[SAME_ORIGIN]).await, true));
        }
        for step in 0..12 {
            let now = step * 290;
            app.clock.set(countersign::Timestamp::from_unix(NOW + i64::from(now)));
            for ((name, _, own, has_age), (answer, is_live)) in CHOICES.into_iter().zip(&mut held) {
                let (idle, absolute) = own.unwrap_or(CONFIGURED);
                if step > 0 {
                    let path = if step % 3 == 0 { "/prove" } else { "/refresh" };
                    let cookies = answer.cookie_header();
                    *answer = app.post(path, &[SAME_ORIGIN, ("cookie", &cookies)]).await;
                }
                if now >= absolute {
                    assert!(!answer.status.is_success(), "{name} at {now}: {answer:?}");
                    *is_live = false;
                    continue;
                }
                // The end of the refresh token, and that of the access token.
                let refresh_end = (now + idle).min(absolute);
                let latest = if refresh_end == absolute { absolute } else { refresh_end - 1 };
                let access_end = (now + 900).min(latest);
                let lives = [refresh_end - now, access_end - now].map(i64::from);
                let ages = lives.map(|life| has_age.then_some(life));
                assert_eq!(said(answer), (ages, lives), "{name} at {now}");
            }
        }
        let live = held.iter().filter(|(_, is_live)| *is_live).count();
        assert_eq!(app.auth.sessions(&7).await.unwrap().len(), live);
        assert_eq!(live, 3);
    }
}

/// A refresh token that is not due stays, and its cookie is set again as it was.
#[tokio::test]
async fn kept_token_keeps_the_kind_of_its_cookie() {
    let app = shop(Rotation::NearExpiry { within: SECOND * 10, window: SECOND * 5 });
    for (choice, has_age) in [("default", true), ("browser", false), ("guest", false)] {
        let signed_in = app.post(&format!("/choose/{choice}"), &[SAME_ORIGIN]).await;
        let cookies = signed_in.cookie_header();
        let kept = app.post("/refresh", &[SAME_ORIGIN, ("cookie", &cookies)]).await;
        assert_eq!(kept.cookie("__Host-refresh"), signed_in.cookie("__Host-refresh"));
        assert!(said(&kept).0.iter().all(|age| age.is_some() == has_age), "{choice}");
    }
}

/// The box of a form, as a `bool`; and taking cookies away is the same for all.
#[tokio::test]
async fn box_that_is_not_ticked_makes_cookies_that_end_with_the_browser() {
    assert_eq!(Remember::from(true), Remember::as_configured());
    assert_eq!(Remember::from(false), Remember::until_browser_closes());
    let app = app(|builder| builder.cookies(Cookies::new().with_access_cookie()));
    let forgotten = app.post("/forget", &[]).await;
    for cookie in forgotten.set_cookies() {
        assert_eq!(cookie.max_age().map(|age| age.whole_seconds()), Some(0));
    }
}

/// No sign-in fails for its lifetimes, and none makes a session that is over or that never ends.
#[tokio::test]
async fn lifetimes_out_of_range_are_brought_into_it() {
    let app = shop(Rotation::default());
    let ten_years = 10 * 366 * 86_400;
    for (idle, absolute, expected) in [
        (0, 0, (1, 1)),
        (0, 100, (1, 100)),
        (100, 0, (1, 1)),
        (100, 50, (50, 50)),
        (u64::MAX, u64::MAX, (ten_years, ten_years)),
        (60, u64::MAX, (60, ten_years)),
    ] {
        let user = User::with(&[]);
        let (metadata, lifetimes) = (SessionMetadata::default(), seconds(idle, absolute));
        app.auth.login_with(&user, metadata, lifetimes).await.unwrap();
        let session = app.auth.sessions(&7).await.unwrap().remove(0);
        let ends = [session.idle_expires_at, session.absolute_expires_at].map(|end| end.unix() - NOW);
        assert_eq!(ends, [expected.0, expected.1], "{idle} {absolute}");
        app.auth.logout_all(&7).await.unwrap();
    }
}

/// Another configuration applies to sessions that chose nothing; a choice is the session's own.
#[tokio::test]
async fn change_of_the_configuration_leaves_chosen_lifetimes_alone() {
    let store = std::sync::Arc::new(countersign::store::MemoryStore::new());
    let server = |idle| {
        let store = std::sync::Arc::clone(&store);
        App::with(move |builder| builder.store(store).lifetimes(seconds(idle, 80_000)))
    };
    let (before, after) = (server(5_000), server(7_000));
    let user = User::with(&[]);
    let plain = before.login(&[]).await;
    let chosen =
        before.auth.login_with(&user, SessionMetadata::default(), seconds(1_000, 9_000)).await.unwrap();
    for (pair, expected) in [(plain, 7_000), (chosen, 1_000)] {
        let next = after.auth.refresh(&pair.refresh_token).await.unwrap();
        assert_eq!(next.refresh_expires_in, expected);
    }
}
