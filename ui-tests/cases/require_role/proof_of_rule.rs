use std::marker::PhantomData;

use countersign::{Access, DeclaresAccess, NamedRule, require_role, rule};

struct Proof<R>(PhantomData<R>);

impl<R: NamedRule> DeclaresAccess for Proof<R> {
    const ACCESS: Access = Access::Require(R::RULE);
    type Demands = ();
}

rule! {
    CanPublish = role("editor") && scope("posts:write");
}

#[require_role("editor")]
async fn publish(_proof: Proof<CanPublish>) {}

fn main() {}
