use countersign::require;

#[require(role(admin) and !live || fresh("soon"))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
