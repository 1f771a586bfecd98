use std::marker::PhantomData;

use countersign::{Access, DeclaresAccess, NamedRule, public, rule};

struct Proof<R>(PhantomData<R>);

impl<R: NamedRule> DeclaresAccess for Proof<R> {
    const ACCESS: Access = Access::Require(R::RULE);
    type Demands = ();
}

rule! {
    CanPublish = role("editor") && scope("posts:write");
}

#[public(reason = "probe")]
async fn publish(_proof: Proof<CanPublish>) {}

fn main() {}
