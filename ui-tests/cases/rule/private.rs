use countersign::require;

mod policies {
    countersign::rule! {
        CanPublish = role("editor");
    }
}

#[require(policies::CanPublish)]
async fn publish() {}

fn main() {}

// cure: write `pub(crate) CanPublish = ...` in the `rule!`
