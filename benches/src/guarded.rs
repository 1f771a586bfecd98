//! The route as a user of Countersign writes it.

use axum::Router;
use countersign::session::SessionMetadata;
use countersign::store::MemoryStore;
use countersign::token::{Algorithm, Key};
use countersign::{Auth, Role, SessionClaims, authenticated};

use crate::{AUDIENCE, ED25519, ISSUER, P256, REFRESH_SECRET, SECRET};

#[derive(Role, Clone, Copy, Debug)]
pub(crate) enum Role {
    Member,
    #[role(implies(Member))]
    Admin,
}

#[derive(SessionClaims, Clone, Debug)]
pub(crate) struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<Role>,
    email: String,
}

#[authenticated]
async fn me(user: User) -> String {
    user.id.to_string()
}

pub(crate) fn router(auth: Auth<User>) -> Router {
    Router::new().route("/me", axum::routing::get(me)).with_state(auth)
}

/// An `Auth` with this algorithm, and an access token of it.
pub(crate) fn auth(algorithm: Algorithm) -> (Auth<User>, String) {
    let key = match algorithm {
        Algorithm::Es256 => Key::from_private_pem(algorithm, P256),
        Algorithm::EdDsa => Key::from_private_pem(algorithm, ED25519),
        _ => Key::from_secret(algorithm, SECRET),
    };
    let auth = Auth::<User>::builder()
        .access_key(key.expect("the key is good"))
        .refresh_key(Key::from_secret(Algorithm::Hs256, REFRESH_SECRET).expect("the key is good"))
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .store(MemoryStore::default())
        .claims_source(|_| async { Ok(None) })
        .build()
        .expect("the configuration is good");
    let user = User { id: 7, roles: vec![Role::Admin], email: "ada@example.com".to_owned() };
    let login = auth.login(&user, SessionMetadata::default());
    let pair = crate::now(login).expect("the store is in memory");
    (auth, pair.access_token)
}
