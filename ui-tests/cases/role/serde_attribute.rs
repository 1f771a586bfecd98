use countersign::Role;

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    #[serde(rename = "root")]
    Admin,
}

fn main() {}
