use countersign::authenticated;

#[authenticated]
async fn me(name: impl Into<String>) -> String {
    name.into()
}

fn main() {}
