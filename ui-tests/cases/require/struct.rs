use countersign::require;

#[require(live)]
struct Post;

fn main() {}
