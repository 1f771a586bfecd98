use countersign::require;

#[require(Role::Admin && authenticated)]
async fn audit() {}

fn main() {}
