use countersign::require_role;

#[require_role("admin")]
struct Members;

fn main() {}
