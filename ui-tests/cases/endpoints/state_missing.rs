use countersign::typed_refresh_handler;

typed_refresh_handler!(refresh);

fn main() {}
