use countersign::Role;

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    #[role(private(Member))]
    Auditor,
}

fn main() {}
