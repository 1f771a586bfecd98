mod auth {
    use countersign::{Role, SessionClaims};

    #[derive(Role, Clone, Copy)]
    enum Level {
        Member,
        Admin,
    }

    #[derive(SessionClaims, Clone)]
    pub(crate) struct User {
        #[claims(subject)]
        id: u64,
        #[claims(roles)]
        roles: Vec<Level>,
    }
}

fn main() {}

// cure: make the enum as visible as the claims: `pub(crate) enum Level`
