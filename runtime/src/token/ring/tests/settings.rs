//! What a ring and a builder refuse.

use std::time::Duration;

use super::{DAY, HOUR, MINUTE, SECRET, START, Server, builder, open};
use crate::auth::{Auth, ConfigError};
use crate::store::MemoryStore;
use crate::testing::TestClock;
use crate::token::tests::kit::{AUDIENCE, ISSUER, User};
use crate::token::{Algorithm, Key, KeyRing, KeyRingError, KeySet};

fn parts() -> (MemoryStore, TestClock) {
    (MemoryStore::new(), TestClock::at(START.unix()))
}

/// Row 20.
#[tokio::test]
async fn a_weak_secret_is_refused() {
    for secret in [
        "",
        "short",
        "0123456789abcdef0123456789abcdef",
        "your-256-bit-secret-your-256-bit-secret",
        &SECRET[..31],
    ] {
        let refused = KeyRing::builder(MemoryStore::new(), secret).open().await.unwrap_err();
        assert!(matches!(refused, KeyRingError::Secret(_)), "{secret}: {refused}");
        if secret.len() > 8 {
            assert!(!refused.to_string().contains(secret) && !format!("{refused:?}").contains(secret));
        }
    }
    let other = KeyRing::builder(MemoryStore::new(), SECRET).accept_secret("short").open().await;
    assert!(matches!(other, Err(KeyRingError::Secret(_))));
}

#[tokio::test]
async fn times_and_algorithms_out_of_range_are_refused() {
    let (store, clock) = parts();
    for algorithm in [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512] {
        let refused = builder(&store, &clock).algorithm(algorithm).open().await;
        assert!(matches!(refused, Err(KeyRingError::Algorithm(named)) if named == algorithm));
    }
    for announce_for in [Duration::ZERO, 10 * MINUTE - Duration::from_secs(1), 31 * DAY, Duration::MAX] {
        let refused = builder(&store, &clock).announce_for(announce_for).open().await;
        assert!(matches!(refused, Err(KeyRingError::AnnounceFor)), "{announce_for:?}");
    }
    for rotate_after in [Duration::ZERO, 47 * HOUR, 800 * DAY, Duration::MAX] {
        let refused = builder(&store, &clock).rotate_after(rotate_after).open().await;
        assert!(matches!(refused, Err(KeyRingError::RotateAfter)), "{rotate_after:?}");
    }
    let shortest = builder(&store, &clock).announce_for(10 * MINUTE).rotate_after(20 * MINUTE);
    shortest.open().await.unwrap();
}

/// Row 24.
#[tokio::test]
async fn a_ring_beside_other_keys_is_refused() {
    let (store, clock) = parts();
    let secret = || Key::generate_secret(Algorithm::Hs256).unwrap();
    let refused = Auth::<User>::builder()
        .key_ring(open(&store, &clock).await)
        .access_key(secret())
        .refresh_key(secret())
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .store(MemoryStore::new())
        .claims_source(|_| async { Ok(None) })
        .build();
    assert!(matches!(refused, Err(ConfigError::KeyRing)));
    let server = Server::start(&store, &clock).await;
    let replaced = server.auth.replace_access_keys(KeySet::new(secret()).unwrap());
    assert!(matches!(replaced, Err(ConfigError::KeyRing)));
}

/// Row 30.
#[tokio::test]
async fn debug_output_shows_no_key_and_no_secret() {
    let (store, clock) = parts();
    let builder = builder(&store, &clock);
    assert!(!format!("{builder:?}").contains(&SECRET[..8]));
    let ring = builder.open().await.unwrap();
    assert_eq!(format!("{ring:?}"), format!("KeyRing {{ kids: {:?}, .. }}", ring.kids()));
}
