//! The store over the objects of examples/worker under miniflare, which `tests/worker` starts.

#![expect(clippy::expect_used, reason = "in a test that is how it fails")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use countersign::Timestamp;
use countersign::session::{Partition, SessionId, SessionRecord, TokenHash};
use countersign::store::{Replaced, SessionStore, StoreError};
use countersign::testing::conformance::CaseResult;
use countersign::testing::store_conformance;
use countersign_workers::{DurableObjectStore, Objects};

/// Objects that are asked through HTTP, and whose names begin alike.
struct Miniflare {
    agent: ureq::Agent,
    address: String,
}

impl Miniflare {
    /// Objects that nothing else uses.
    fn fresh() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let objects =
            std::env::var("OBJECTS").expect("tests/worker sets OBJECTS, the address of the objects");
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self { agent: ureq::agent(), address: format!("{objects}/{}-{number}-", std::process::id()) }
    }
}

impl Objects for Miniflare {
    async fn ask(&self, name: &str, question: String) -> Result<String, StoreError> {
        let (agent, address) = (self.agent.clone(), format!("{}{name}", self.address));
        let answer = tokio::task::spawn_blocking(move || {
            agent
                .post(address)
                .send(question)
                .and_then(|mut response| response.body_mut().with_config().limit(u64::MAX).read_to_string())
        });
        answer.await.map_err(StoreError::new)?.map_err(StoreError::new)
    }
}

async fn fresh_store() -> DurableObjectStore<Miniflare> {
    DurableObjectStore::new(Miniflare::fresh()).object_bits(2)
}

store_conformance!(durable_objects, fresh_store());

const START: Timestamp = Timestamp::from_unix(1_700_000_000);
const END: Timestamp = Timestamp::from_unix(4_000_000_000);

fn record(end: Timestamp) -> Result<SessionRecord, Box<dyn std::error::Error + Send + Sync>> {
    let id = SessionId::generate(Partition::new(7))?;
    Ok(SessionRecord::new(id, "ann", TokenHash::of("first"), START, end, END))
}

/// Row 76. Of a hundred replacements of one version, one is written.
#[tokio::test]
async fn of_a_hundred_replacements_one_wins() -> CaseResult {
    let store = std::sync::Arc::new(fresh_store().await);
    let first = record(END)?;
    store.insert(first.clone()).await?;
    let attempts = (0..100).map(|number| {
        let (store, mut next) = (store.clone(), first.clone());
        next.version = 1;
        next.current = TokenHash::of(format!("successor {number}"));
        tokio::spawn(async move { store.replace(next.clone(), 0).await.map(|replaced| (replaced, next)) })
    });
    let mut winners = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        let (replaced, next) = attempt.await??;
        if replaced == Replaced::Yes {
            winners.push(next);
        }
    }
    assert_eq!(winners.len(), 1);
    let stored = store.load(&first.id).await?.ok_or("the session is gone")?;
    assert_eq!(winners.first().map(|winner| &winner.current), Some(&stored.current));
    Ok(())
}

/// Row 162. The alarm of an object, which tests/worker sets to a second, removes what has expired and leaves the rest.
#[tokio::test]
async fn an_object_purges_itself() -> CaseResult {
    let store = fresh_store().await;
    let (expired, live) = (record(START + Duration::from_secs(1))?, record(END)?);
    store.insert(live.clone()).await?;
    // Again and again: the object sets its alarm once more while it has sessions.
    for _ in 0..2 {
        store.insert(expired.clone()).await?;
        let mut waits = 0;
        while store.load(&expired.id).await?.is_some() {
            assert!(waits < 100, "the session is still there after ten seconds");
            waits += 1;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    assert!(store.load(&live.id).await?.is_some());
    Ok(())
}
