use countersign::Role;

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    Owner { project: u64 },
    Admin(u64),
}

fn main() {}
