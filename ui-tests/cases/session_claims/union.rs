use countersign::SessionClaims;

#[derive(SessionClaims, Clone, Copy)]
union User {
    id: u64,
    number: u32,
}

fn main() {}
