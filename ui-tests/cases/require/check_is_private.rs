use countersign::require;

mod posts {
    #[countersign::check]
    async fn is_author() -> bool {
        true
    }
}

#[require(check(posts::is_author))]
async fn rewrite() -> &'static str {
    "rewritten"
}

fn main() {}

// cure: write `pub async fn is_author`
