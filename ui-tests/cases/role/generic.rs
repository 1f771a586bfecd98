use countersign::Role;

#[derive(Role, Clone)]
enum Level<const PROJECT: u64> {
    Member,
    Admin,
}

fn main() {}
