use std::marker::PhantomData;

use countersign::{Access, DeclaresAccess, NamedRule, require, rule};

struct Proof<R>(PhantomData<R>);

impl<R: NamedRule> DeclaresAccess for Proof<R> {
    const ACCESS: Access = Access::Require(R::RULE);
    type Demands = ();
}

rule! {
    CanPublish = role("editor") && scope("posts:write");
}

#[require(role("editor") || CanPublish)]
async fn publish(_proof: Proof<CanPublish>) {}

fn main() {}
