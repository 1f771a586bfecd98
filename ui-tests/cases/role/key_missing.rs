use countersign::Role;

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    #[role]
    Admin,
}

fn main() {}
