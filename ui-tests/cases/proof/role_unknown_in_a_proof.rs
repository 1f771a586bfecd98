use countersign::{Auth, AuthRouter, Proof, Role, SessionClaims, routes, rule};

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    #[role(implies(Member))]
    Admin,
}

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<Level>,
}

rule! {
    CanPublish = role("editor");
}

#[utoipa::path(post, path = "/posts")]
async fn publish(_proof: Proof<CanPublish>) {}

fn router(auth: Auth<User>) -> axum::Router {
    AuthRouter::new().routes(routes!(publish)).with_state(auth).split_for_parts().0
}

fn main() {}
