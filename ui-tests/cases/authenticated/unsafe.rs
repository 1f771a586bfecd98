use countersign::authenticated;

#[authenticated]
async unsafe fn me() -> &'static str {
    "you"
}

fn main() {}
