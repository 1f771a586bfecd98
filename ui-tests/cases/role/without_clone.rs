use countersign::Role;

#[derive(Role)]
enum Level {
    Member,
    Admin,
}

fn main() {}

// cure: derive `Clone` as well: `#[derive(Role, Clone, Copy)]`
