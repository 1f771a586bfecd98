use countersign::Role;

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    Admin,
}

countersign::rule! {
    CanPublish = role(Level::Admln) && live;
}

fn main() {}

// cure: write `role(Level::Admin)`
