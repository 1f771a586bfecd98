use countersign::SessionClaims;

#[derive(SessionClaims, Clone)]
struct User<'a> {
    #[claims(subject)]
    id: u64,
    email: &'a str,
}

fn main() {}
