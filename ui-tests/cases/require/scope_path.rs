use countersign::require;

#[require(scope(Scope::Write))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
