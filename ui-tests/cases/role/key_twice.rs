use countersign::Role;

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    #[role(rename = "root", rename = "admin")]
    Admin,
}

fn main() {}
