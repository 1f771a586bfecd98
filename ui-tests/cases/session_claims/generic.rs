use countersign::SessionClaims;

#[derive(SessionClaims, Clone)]
struct User<T> {
    #[claims(subject)]
    id: u64,
    extra: T,
}

fn main() {}
