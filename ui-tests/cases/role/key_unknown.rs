use countersign::Role;

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    #[role(implied(Member))]
    Admin,
}

fn main() {}
