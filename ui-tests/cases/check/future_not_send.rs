use countersign::check;

#[check]
async fn owns_post() -> bool {
    let kept = std::rc::Rc::new(true);
    std::future::ready(()).await;
    *kept
}

fn main() {}
