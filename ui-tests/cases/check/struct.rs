use countersign::check;

#[check]
struct Post;

fn main() {}
