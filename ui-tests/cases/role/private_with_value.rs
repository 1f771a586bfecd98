use countersign::Role;

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    #[role(private = true)]
    Auditor,
}

fn main() {}
