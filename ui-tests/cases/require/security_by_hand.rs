use countersign::require;

#[require(role("admin"))]
#[utoipa::path(post, path = "/posts", security(("bearer" = ["editor"])))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
