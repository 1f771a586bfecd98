use countersign::Role;

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    #[role(private, rename = "audit", private)]
    Auditor,
}

fn main() {}
