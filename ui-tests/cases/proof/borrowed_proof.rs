use countersign::{Auth, AuthRouter, Proof, SessionClaims, routes, rule};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

rule! {
    CanPublish = scope("posts:write");
}

#[utoipa::path(post, path = "/posts")]
async fn publish(_proof: &Proof<CanPublish>) {}

fn router(auth: Auth<User>) -> axum::Router {
    AuthRouter::new().routes(routes!(publish)).with_state(auth).split_for_parts().0
}

fn main() {}

// cure: take it by value, `Proof<CanPublish>`, and pass `&proof` on
