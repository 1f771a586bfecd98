use countersign::require;

#[require("role(\"admin\") && live")]
async fn write() -> &'static str {
    "written"
}

fn main() {}
