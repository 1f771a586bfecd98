use countersign::Role;

#[derive(Role, Clone)]
enum NoRole {}

fn main() {}
