use countersign::{Auth, AuthRouter, Role, SessionClaims, require, routes, rule};

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
    CanPublish = role("editor") && live;
}

#[require(CanPublish || role("admin"))]
#[utoipa::path(post, path = "/posts")]
async fn write(user: User) -> String {
    user.id.to_string()
}

fn router(auth: Auth<User>) -> axum::Router {
    AuthRouter::new().routes(routes!(write)).with_state(auth).split_for_parts().0
}

fn main() {}
