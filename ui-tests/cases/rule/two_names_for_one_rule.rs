use countersign::rule;

rule! {
    CanRead = scope("read");
    CanLook = scope("read");
    CanBoth = CanRead || CanLook;
}

fn main() {}
