use countersign::{Auth, AuthRouter, SessionClaims, rule};

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

fn router(auth: &Auth<User>) -> AuthRouter {
    AuthRouter::new().guard(auth.layer().rule(CanPublish))
}

fn main() {}

// cure: write `auth.layer().rule(CanPublish::RULE)`, with `use countersign::NamedRule as _;`
