use countersign::SessionClaims;

#[derive(Clone, Copy)]
enum Role {
    Member,
    Admin,
}

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<Role>,
}

fn main() {}
