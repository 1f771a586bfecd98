use countersign::typed_logout_handler;

typed_logout_handler!();

fn main() {}
