//! Machines that a rule has let in.
//!
//! A machine is no user, so each guard and each argument refuses it, unless its rule mentions machines. Arguments behind such a rule have no
//! rule of their own to mention them: `user: User` under `#[require(machine)]` asks for a signed-in user, and is meant to get the machine. So a
//! rule that lets a machine in leaves a mark, which arguments honour and guards do not.

use http::Extensions;
use http::request::Parts;

use super::remembered::{self, just_remembered, remember};
use crate::auth::{Auth, Evidence, Session, Transport};
use crate::claims::SessionClaims;

/// The machine that was let in: by its credential, and the `Auth` that verified it. It is not bound to the session, since an argument that
/// comes late verifies the same token again. Copies of the request lose it, as they lose the session.
struct Admitted {
    evidence: Evidence,
    transport: Transport,
}

/// Leaves the mark.
pub(super) fn admit<C: SessionClaims>(parts: &mut Parts, auth: &Auth<C>, machine: &Session<C>) {
    let (evidence, transport) = (machine.evidence().clone(), machine.transport());
    remember(&mut parts.extensions, Admitted { evidence, transport }, auth.now());
}

/// Whether a rule has let in this machine, in this request.
pub(super) fn is_admitted<C: SessionClaims>(parts: &Parts, machine: &Session<C>) -> bool {
    just_remembered::<Admitted>(&parts.extensions).is_some_and(|Admitted { evidence, transport }| {
        machine.evidence().is(evidence) && machine.transport() == *transport
    })
}

/// Removes the mark. A handler whose argument declares its access has no guard, and what a layer in front of it has let in is not its concern.
pub(crate) fn forget(extensions: &mut Extensions) {
    remembered::forget::<Admitted>(extensions);
}
