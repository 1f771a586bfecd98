use countersign::Role;

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    #[role(privat)]
    Auditor,
}

fn main() {}
