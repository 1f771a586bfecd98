use countersign::Role;

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    #[role(rename = "site admin")]
    Admin,
}

fn main() {}
