use countersign::authenticated;

#[authenticated]
#[utoipa::path(trace, path = "/echo")]
async fn echo() {}

fn main() {}
