use countersign::require;

#[require(live)]
fn write() -> &'static str {
    "written"
}

fn main() {}
