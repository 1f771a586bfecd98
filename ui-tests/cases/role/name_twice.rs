use countersign::Role;

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    #[role(rename = "member")]
    Admin,
}

fn main() {}
