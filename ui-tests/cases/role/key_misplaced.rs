use countersign::Role;

#[derive(Role, Clone, Copy)]
#[role(rename = "level")]
enum Level {
    Member,
    Admin,
}

fn main() {}

// cure: put `#[role(rename = "...")]` above the variant whose name it changes
