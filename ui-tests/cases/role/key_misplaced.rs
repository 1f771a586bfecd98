use countersign::Role;

#[derive(Role, Clone, Copy)]
#[role(rename = "level")]
enum Level {
    Member,
    Admin,
}

fn main() {}
