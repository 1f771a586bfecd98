use countersign::check;

#[check]
async fn owns_post() -> bool {
    let kept = std::rc::Rc::new(true);
    std::future::ready(()).await;
    *kept
}

fn main() {}

// cure: drop the value before the `.await`, or use one that is `Send`, such as `Arc` for `Rc`
