use countersign::Role;

#[derive(Role, Clone)]
struct Level {
    name: String,
}

fn main() {}
