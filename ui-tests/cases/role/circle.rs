use countersign::Role;

#[derive(Role, Clone, Copy)]
enum Level {
    #[role(implies(Owner))]
    Member,
    #[role(implies(Member))]
    Admin,
    #[role(implies(Admin))]
    Owner,
}

fn main() {}
