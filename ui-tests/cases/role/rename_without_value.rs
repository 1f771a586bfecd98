use countersign::Role;

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    #[role(rename)]
    Admin,
}

fn main() {}
