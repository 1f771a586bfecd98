use countersign::authenticated;

#[authenticated]
struct Me {
    id: u64,
}

fn main() {}
