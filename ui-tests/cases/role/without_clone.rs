use countersign::Role;

#[derive(Role)]
enum Level {
    Member,
    Admin,
}

fn main() {}
