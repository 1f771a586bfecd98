use axum::extract::Path;
use countersign::{Auth, AuthRouter, Proof, SessionClaims, routes, rule};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<String>,
}

rule! {
    pub CanPublish = role("editor");
}

#[utoipa::path(post, path = "/posts/{id}/publish")]
async fn publish(Path(id): Path<u64>, _: Proof<CanPublish>) -> String {
    id.to_string()
}

fn router(auth: Auth<User>) -> axum::Router {
    AuthRouter::new().routes(routes!(publish)).with_state(auth).split_for_parts().0
}

fn main() {}
