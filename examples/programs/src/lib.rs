//! The parts that the example programs share. A real application has its own: users with passwords, keys, an address to listen on.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::store::MemoryStore;
use countersign::token::{Algorithm, Key};
use countersign::{
    Auth, AuthBuilder, AuthRejection, AuthState, ProblemDetails, Role, SessionClaims, SignIn, TokenPair,
    public,
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use tokio::net::TcpListener;
use utoipa::ToSchema;

/// The roles of a user.
#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Every user.
    Member,
    /// Manages the other users.
    #[role(implies(Member))]
    Admin,
}

/// The signed-in user, as the access token carries them.
#[derive(SessionClaims, Serialize, ToSchema, Clone, Debug)]
pub struct User {
    /// The number in the table of users.
    #[claims(subject)]
    pub id: u64,
    /// The user's roles.
    #[claims(roles)]
    pub roles: Vec<Role>,
    /// The name to greet them with.
    pub name: String,
}

/// The body of a sign-in.
#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    /// The user's name.
    pub name: String,
    /// The password that the program printed.
    pub password: String,
}

/// The demo users, Ada the administrator and Max the member, with passwords that are random at each start.
#[derive(Clone)]
pub struct Users(Arc<[(User, String)]>);

impl Users {
    /// Makes the two users.
    ///
    /// # Errors
    ///
    /// When the system has no random bytes to give.
    pub fn demo() -> Result<Self, getrandom::Error> {
        let account = |id, name: &str, role| {
            let mut password = [0; 12];
            getrandom::fill(&mut password)?;
            Ok((User { id, roles: vec![role], name: name.to_owned() }, URL_SAFE_NO_PAD.encode(password)))
        };
        Ok(Self([account(1, "ada", Role::Admin)?, account(2, "max", Role::Member)?].into()))
    }

    /// The user with this name and password. A real application compares with an Argon2 hash.
    pub fn authenticate(&self, Credentials { name, password }: &Credentials) -> Option<User> {
        let (user, expected) = self.0.iter().find(|(user, _)| user.name == *name)?;
        bool::from(expected.as_bytes().ct_eq(password.as_bytes())).then(|| user.clone())
    }

    /// The user with this number, as they are now.
    pub fn find(&self, id: u64) -> Option<User> {
        self.0.iter().map(|(user, _)| user).find(|user| user.id == id).cloned()
    }
}

/// The state that the handlers share, except in `basic`, which shows a whole program.
#[derive(AuthState, Clone)]
pub struct AppState {
    /// Verifies tokens and keeps sessions.
    #[auth]
    pub auth: Auth<User>,
    /// The users who can sign in.
    pub users: Users,
}

/// Sign in with name and password
#[public(reason = "callers are not signed in yet")]
#[utoipa::path(post, path = "/login", tag = "sign-in", request_body = Credentials, responses(
    (status = 200, body = TokenPair), (status = 401, description = "Name or password is wrong", body = ProblemDetails)
))]
pub async fn login(
    State(state): State<AppState>,
    sign_in: SignIn<User>,
    Json(credentials): Json<Credentials>,
) -> Result<TokenPair, AuthRejection> {
    let user = state.users.authenticate(&credentials).ok_or_else(|| sign_in.refused("wrong_password"))?;
    Ok(sign_in.tokens(&user).await?)
}

/// A configuration with random keys and sessions in memory; sessions end with the program.
///
/// # Errors
///
/// When the system has no random bytes to give.
pub fn auth(users: &Users) -> Result<AuthBuilder<User>, Box<dyn Error>> {
    let users = users.clone();
    Ok(Auth::builder()
        .access_key(Key::generate_secret(Algorithm::Hs256)?)
        .refresh_key(Key::generate_secret(Algorithm::Hs256)?)
        .issuer("http://127.0.0.1:3000")
        .audience("http://127.0.0.1:3000")
        .store(MemoryStore::new())
        .claims_source(move |id| {
            let user = users.find(id);
            async move { Ok(user) }
        }))
}

/// How to sign in, unless a program says otherwise.
const SIGN_IN: &str = r#"curl {url}/login --json '{"name":"ada","password":"{ada}"}'
curl {url}/login --json '{"name":"max","password":"{max}"}'"#;

/// The curl lines at the head of a program, for [`serve`] to print.
pub fn curl_lines(source: &str) -> String {
    let lines: Vec<_> = source.lines().filter_map(|line| line.strip_prefix("//! curl ")).collect();
    let lines = format!("curl {}", lines.join("\ncurl ")).replace("http://127.0.0.1:3000", "{url}");
    if lines.contains("TOKEN\"") {
        return format!(
            "Copy the tokens into the shell (ACCESS_TOKEN=..., REFRESH_TOKEN=...), then:\n\n{lines}"
        );
    }
    lines
}

/// Serves the router on the loopback port `PORT` (3000 by default, 0 for a free one), and prints how to sign in and the lines to try, with
/// `{url}` and the passwords `{ada}` and `{max}` filled in.
///
/// # Errors
///
/// When the port is taken.
#[expect(clippy::print_stdout, reason = "this is what the program says to the person who started it")]
pub async fn serve(router: Router, users: &Users, hints: &str) -> Result<(), Box<dyn Error>> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let sign_in = if hints.contains("{url}/login") { "" } else { SIGN_IN };
    let text = format!("{sign_in}\n\n{hints}\n\nlistening on {url}").replace("{url}", &url);
    let fill_in = |text: String, (user, password): &(User, String)| {
        text.replace(&format!("{{{}}}", user.name), password)
    };
    println!("{}", users.0.iter().fold(text, fill_in).trim_start());
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
