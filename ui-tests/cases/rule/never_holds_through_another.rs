use countersign::rule;

rule! {
    CanRead = scope("read") && live;
    CanGuess = CanRead && !scope("read");
}

fn main() {}
