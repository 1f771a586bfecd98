use countersign::Role;

#[derive(Role, Clone, Copy)]
#[role(private)]
enum Level {
    Member,
    Auditor,
}

fn main() {}
