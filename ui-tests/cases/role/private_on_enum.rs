use countersign::Role;

#[derive(Role, Clone, Copy)]
#[role(private)]
enum Level {
    Member,
    Auditor,
}

fn main() {}

// cure: put `#[role(private)]` above each variant whose name strangers may not read
