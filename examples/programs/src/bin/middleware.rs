//! Layers on a plain `axum::Router`: pages that renew sessions on the way and send strangers to the login, for browsers and htmx, and no
//! attributes.
//!
//! ```sh
//! cargo run -p examples --bin middleware      # prints these lines with passwords
//! curl http://127.0.0.1:3000/login -c cookies -H "Origin: http://127.0.0.1:3000" --json '{"name":"ada","password":"{ada}"}'
//! curl http://127.0.0.1:3000/login -c cookies -H "Origin: http://127.0.0.1:3000" --json '{"name":"max","password":"{max}"}'
//! curl http://127.0.0.1:3000/ -i -H "Accept: text/html"        # 303 to /login?next=%2F
//! curl http://127.0.0.1:3000/ -i -H "HX-Request: true"         # 401 with HX-Redirect: /login
//! curl http://127.0.0.1:3000/ -b cookies                       # the page
//! curl http://127.0.0.1:3000/login -i -b cookies               # 303 to /
//! curl http://127.0.0.1:3000/about -b cookies                  # for everybody; it knows who is signed in
//! curl http://127.0.0.1:3000/admin -b cookies                  # ada: 200, max: 403
//! curl http://127.0.0.1:3000/auth/logout -X POST -b cookies -c cookies -H "Origin: http://127.0.0.1:3000"
//! ```

use std::error::Error;

use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use axum::{Json, Router};
use countersign::{AuthRejection, AuthRouter, CookieTokens, Cookies, Endpoint, SignIn};
use examples::{AppState, Credentials, User, Users};

async fn login(
    State(state): State<AppState>,
    sign_in: SignIn<User>,
    Json(credentials): Json<Credentials>,
) -> Result<CookieTokens, AuthRejection> {
    let user = state.users.authenticate(&credentials).ok_or_else(|| sign_in.refused("wrong_password"))?;
    Ok(sign_in.cookies(&user).await?)
}

async fn login_page() -> Html<&'static str> {
    Html("<h1>Sign in</h1>")
}

async fn home(user: User) -> Html<String> {
    Html(format!("<h1>Hello, {}</h1>", user.name))
}

async fn admin() -> Html<&'static str> {
    Html("<h1>Administration</h1>")
}

async fn about(user: Option<User>) -> Html<String> {
    Html(format!("<h1>About us, for {}</h1>", user.map_or("everybody".to_owned(), |user| user.name)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let users = Users::demo()?;
    let auth = examples::auth(&users)?.cookies(Cookies::new().with_access_cookie()).build()?;

    let pages = Router::new().route("/", get(home)).route_layer(auth.layer().pages("/login"));
    let admin = Router::new()
        .route("/admin", get(admin))
        .route_layer(auth.layer().role("admin").live().pages("/login"));
    let open = Router::new().route("/about", get(about)).route_layer(auth.layer().optional().pages("/login"));
    let login = Router::new().route("/login", get(login_page).layer(auth.anonymous_only("/")).post(login));

    let endpoints = auth.routes().only([Endpoint::Refresh, Endpoint::Logout]).nest("/auth");

    let router = pages.merge(admin).merge(open).merge(login).merge(AuthRouter::new().routes(endpoints));
    let router = router.with_state(AppState { auth, users: users.clone() });
    examples::serve(router, &users, &examples::curl_lines(include_str!("middleware.rs"))).await
}
