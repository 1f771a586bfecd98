//! Redis Cluster.

use std::sync::OnceLock;

use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use test_servers::RedisCluster;

use super::*;

crate::testing::store_conformance!(conformance, fresh_store_on_a_cluster());

/// An empty store on the cluster that all tests share.
async fn fresh_store_on_a_cluster() -> RedisStore<ClusterConnection> {
    store_on_cluster(RedisCluster::shared(), |client| client).await.with_prefix(fresh_prefix())
}

/// Another cluster for the tests that move slots: other tests have sessions in the same ones.
fn moving_cluster() -> &'static RedisCluster {
    static MOVING: OnceLock<RedisCluster> = OnceLock::new();
    MOVING.get_or_init(RedisCluster::start)
}

async fn store_on_cluster(
    cluster: &RedisCluster,
    set: impl FnOnce(ClusterClientBuilder) -> ClusterClientBuilder,
) -> RedisStore<ClusterConnection> {
    let client = ClusterClient::builder(cluster.urls())
        .connection_timeout(CONNECT_PATIENCE)
        .response_timeout(PATIENCE)
        .retries(5)
        .min_retry_wait(20)
        .max_retry_wait(500);
    let connection = set(client).build().unwrap().get_async_connection().await.unwrap();
    RedisStore::with_connection(connection)
}

/// CRC-16/XMODEM of the hash tag, as the specification of Redis Cluster says.
fn slot_of(key: &str) -> u16 {
    let (_, rest) = key.split_once('{').unwrap();
    let (tag, _) = rest.split_once('}').unwrap();
    let with_bit = |crc: u16, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
    tag.bytes().fold(0, |crc, byte| (0..8).fold(crc ^ u16::from(byte) << 8, with_bit)) % 16_384
}

#[test]
fn tags_spread_over_the_nodes_of_a_cluster() {
    assert_eq!(slot_of("x{123456789}y"), 0x31c3);
    let keys = Keys::with_prefix("myapp:");
    for nodes in [2_u16, 3, 6, 10, 30] {
        let mut tags = vec![0; usize::from(nodes)];
        for number in 0..keys::TAGS {
            let slot = slot_of(&keys.ends(Tag::numbered(number)));
            tags[usize::from(slot) * usize::from(nodes) / 16_384] += 1;
        }
        let fair = keys::TAGS / nodes;
        assert!(tags.iter().all(|count| (fair * 8 / 10..=fair * 12 / 10).contains(count)), "{tags:?}");
    }
}

/// The list, which may have to be asked for again while a slot moves: a connection that others use too may lose its way between two nodes.
async fn list_of_ann(store: &RedisStore<ClusterConnection>) -> Vec<SessionRecord> {
    for _ in 0..10 {
        if let Ok(records) = store.list(&owner("ann"), Page::first(100)).await {
            return records;
        }
    }
    panic!("the list cannot be read");
}

/// While a slot moves to another node, its keys are partly on one node and partly on the other. Each session is found where it is, an
/// operation that needs several keys is refused before it has done anything, and no record is taken for a missing one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_moves_loses_nothing() {
    let cluster = moving_cluster();
    let store = store_on_cluster(cluster, |client| client.min_retry_wait(1).max_retry_wait(10)).await;
    let store = store.with_prefix(fresh_prefix());
    let ann = owner("ann");
    let mut records: Vec<_> = (0..12).map(|_| record("ann")).collect();
    for record in &mut records {
        store.add(record).await;
    }
    let slot = cluster.slot_of(&store.index_of("ann"));
    let moving = cluster.begin_to_move(slot);
    let indexes = [store.index_of("ann"), store.ends_of("ann"), store.sequence_of("ann")];
    let early: Vec<_> = records[..4].iter().map(|record| store.record(&record.id)).collect();
    let [index, ends, sequence] = &indexes;
    let steps = [&early[0], index, &early[1], ends, &early[2], sequence, &early[3]];
    for step in std::iter::once(None).chain(steps.into_iter().map(Some)) {
        if let Some(key) = step {
            moving.take_along(key);
        }
        for record in &mut records {
            *record = next(record);
            assert_eq!(store.replace(record.clone(), record.version - 1).await.unwrap(), Replaced::Yes);
            assert_eq!(store.load(&record.id).await.unwrap().as_ref(), Some(&*record));
        }
        let mut newest_first = records.clone();
        newest_first.reverse();
        assert_eq!(list_of_ann(&store).await, newest_first);

        // A new record is on neither node, so it is not added to either.
        let new = super::record("ann");
        let refused = store.insert(new.clone()).await.unwrap_err();
        assert!(!refused.is_unreachable());
        assert_eq!(store.load(&new.id).await.unwrap(), None);
        if step.is_some() {
            let ids: Vec<_> = records.iter().map(|record| record.id).collect();
            assert!(store.remove_each(&ids).await.is_err());
            assert!(store.remove_all(&ann, None).await.is_err());
            assert!(store.purge_expired(START + 30 * DAY, 1000).await.is_err());
            assert_eq!(list_of_ann(&store).await, newest_first);
        }
        // One session ends wherever it is, and stays away.
        let gone = records.pop().unwrap();
        assert!(store.remove(&gone.id).await.unwrap());
        assert!(!store.remove(&gone.id).await.unwrap());
    }
    tokio::task::block_in_place(|| moving.finish());
    let mut again = record("ann");
    store.add(&mut again).await;
    records.push(again);
    records.reverse();
    assert_eq!(list_of_ann(&store).await, records);
    assert_eq!(store.remove_all(&ann, None).await.unwrap(), records.len() as u64);
    for record in records {
        assert_eq!(store.load(&record.id).await.unwrap(), None);
    }
}

/// Two clients of one cluster, one of which has to find out that a slot has moved.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_parallel_refreshes_one_succeeds_while_slots_move() {
    let cluster = moving_cluster();
    let prefix = fresh_prefix();
    let stores = [
        store_on_cluster(cluster, |client| client).await.with_prefix(&prefix),
        store_on_cluster(cluster, |client| client).await.with_prefix(&prefix),
    ];
    let mut record = record("bob");
    stores[0].add(&mut record).await;
    let slot = cluster.slot_of(&stores[0].record(&record.id));
    for _ in 0..3 {
        let moving = cluster.begin_to_move(slot);
        let writes = (0..40).map(|number| {
            let mut next = next(&record);
            next.current = TokenHash::of([number]);
            let store = stores[usize::from(number % 2)].clone();
            tokio::spawn(
                async move { store.replace(next, 0).await.map(|replaced| replaced == Replaced::Yes) },
            )
        });
        let writes: Vec<_> = writes.collect();
        tokio::task::block_in_place(|| moving.finish());
        let mut winners = 0;
        for write in writes {
            winners += u32::from(write.await.unwrap().unwrap());
        }
        assert_eq!(winners, 1);
        assert!(stores[0].remove(&record.id).await.unwrap());
        stores[1].add(&mut record).await;
    }
}
