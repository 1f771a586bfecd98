use countersign::Role;

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    #[role(implies())]
    Admin,
}

fn main() {}
