//! Stores with many records, long values and extreme ones.

use std::slice::from_ref;

use futures_util::future::{join, join_all};

use super::{CaseResult, START, any_id, full_record, insert, list, owner, record, wild_text};
use crate::clock::Timestamp;
use crate::session::{Partition, SessionMetadata, SessionRecord};
use crate::store::{Replaced, SessionStore};

/// The lowest and the highest, punctuation only, and two that differ only in case.
const IDS: [&str; 5] = [
    "AAAAAAAAAAAAAAAAAAAAAA",
    "aaaaaaaaaaaaaaaaaaaaaA",
    "_____________________w",
    "---------------------g",
    "-_-_-_-_-_-_-_-_-_-_-Q",
];

/// Identifiers are compared exactly.
pub async fn identifiers_at_their_limits_are_told_apart<S: SessionStore>(store: S) -> CaseResult {
    let mut records = Vec::new();
    for (version, id) in IDS.into_iter().enumerate() {
        let mut record = record("ann")?;
        record.id = id.parse()?;
        record.version = u64::try_from(version)?;
        insert(&store, &mut record).await?;
        records.push(record);
    }
    for record in &records {
        assert_eq!(store.load(&record.id).await?.as_ref(), Some(record));
    }
    for (position, gone) in records.iter().enumerate() {
        assert!(store.remove(&gone.id).await?);
        assert_eq!(store.load(&gone.id).await?, None);
        for left in &records[position + 1..] {
            assert_eq!(store.load(&left.id).await?.as_ref(), Some(left));
        }
    }
    Ok(())
}

/// The first and the last identifier of a partition belong to it, and their neighbours do not.
pub async fn partitions_are_told_apart_at_their_limits<S: SessionStore>(store: S) -> CaseResult {
    let own = owner("ann").partition();
    let neighbours = [own.number().wrapping_sub(1), own.number().wrapping_add(1)].map(Partition::new);
    let mut expected = Vec::new();
    let foreign = [neighbours[0].last(), neighbours[1].first()];
    for id in [own.first(), own.last()].into_iter().chain(foreign) {
        let mut record = record(if id.partition() == own { "ann" } else { "bob" })?;
        record.id = id;
        insert(&store, &mut record).await?;
        if id.partition() == own {
            expected.insert(0, record);
        }
    }
    assert_eq!(list(&store, "ann").await?, expected);
    assert_eq!(store.remove_all(&owner("ann"), None).await?, 2);
    for id in foreign {
        assert!(store.load(&id).await?.is_some());
    }
    Ok(())
}

/// How many identifiers make a user id that is longer than an index entry may be in some databases.
const LONG: usize = 400;

/// Long user ids are compared to the last character.
pub async fn long_users_are_told_apart<S: SessionStore>(store: S) -> CaseResult {
    let mut user = String::new();
    for _ in 0..LONG {
        user.push_str(any_id()?.as_str());
    }
    let [first, second] = [format!("{user}1"), format!("{user}2")];
    let [mut mine, mut other] = [record(&first)?, record(&second)?];
    insert(&store, &mut mine).await?;
    insert(&store, &mut other).await?;
    assert_eq!(store.load(&mine.id).await?.as_ref(), Some(&mine));
    assert_eq!(list(&store, &first).await?, [mine]);
    assert_eq!(list(&store, &user).await?, []);
    assert_eq!(store.remove_all(&owner(&first), None).await?, 1);
    assert_eq!(list(&store, &second).await?, [other]);
    Ok(())
}

/// `access_not_before` can be set, moved and removed, and `None` is not 1970.
pub async fn access_not_before_comes_back<S: SessionStore>(store: S) -> CaseResult {
    let mut record = record("ann")?;
    insert(&store, &mut record).await?;
    for time in [Some(0), None, Some(-1), Some(START.unix()), Some(253_402_300_799), None] {
        let expected = record.version;
        record.version += 1;
        record.access_not_before = time.map(Timestamp::from_unix);
        assert_eq!(store.replace(record.clone(), expected).await?, Replaced::Yes);
        assert_eq!(store.load(&record.id).await?.as_ref(), Some(&record));
        assert_eq!(list(&store, "ann").await?, [record.clone()]);
    }
    let mut inserted = full_record("bob")?;
    inserted.access_not_before = Some(Timestamp::from_unix(0));
    insert(&store, &mut inserted).await?;
    assert_eq!(store.load(&inserted.id).await?, Some(inserted));
    Ok(())
}

/// Metadata of every shape comes back, also after a replacement.
pub async fn metadata_of_every_shape_comes_back<S: SessionStore>(store: S) -> CaseResult {
    let wild = wild_text();
    let longest = "\0".repeat(512);
    let metadata = [
        SessionMetadata::default().with_user_agent(wild.clone()).with_device_label(wild),
        SessionMetadata::default().with_address([192, 0, 2, 7].into()),
        SessionMetadata::default().with_device_label(""),
        SessionMetadata::default().with_address([0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0207].into()),
        SessionMetadata::default().with_user_agent(longest.clone()).with_device_label(longest),
        SessionMetadata::default().with_address([0xffff; 8].into()).with_user_agent(" "),
        SessionMetadata::default(),
    ];
    for metadata in metadata {
        let mut record = record("ann")?;
        record.metadata = metadata;
        insert(&store, &mut record).await?;
        assert_eq!(store.load(&record.id).await?.as_ref(), Some(&record));
        record.version += 1;
        assert_eq!(store.replace(record.clone(), 0).await?, Replaced::Yes);
        assert_eq!(list(&store, "ann").await?, from_ref(&record));
        assert!(store.remove(&record.id).await?);
    }
    Ok(())
}

/// Versions are compared exactly, also those that floating-point numbers cannot distinguish.
pub async fn versions_are_compared_exactly<S: SessionStore>(store: S) -> CaseResult {
    let mut record = record("ann")?;
    record.version = 1 << 53;
    insert(&store, &mut record).await?;
    for wrong in [record.version - 1, record.version + 1] {
        let mut next = record.clone();
        next.version = wrong + 1;
        assert_eq!(store.replace(next, wrong).await?, Replaced::Conflict);
    }
    let mut next = record.clone();
    next.version += 1;
    assert_eq!(store.replace(next.clone(), record.version).await?, Replaced::Yes);
    assert_eq!(store.replace(record.clone(), record.version).await?, Replaced::Conflict);
    assert_eq!(store.load(&record.id).await?, Some(next));
    Ok(())
}

const MANY: usize = 10_000;
const AT_ONCE: usize = 100;

/// Ten thousand sessions of one user are all listed and removed, without an effect on another user.
pub async fn a_user_may_have_ten_thousand_sessions<S: SessionStore>(store: S) -> CaseResult {
    let mut other = record("bob")?;
    insert(&store, &mut other).await?;
    let mut ids = Vec::new();
    for _ in 0..MANY / AT_ONCE {
        let records = (0..AT_ONCE).map(|_| record("ann")).collect::<Result<Vec<_>, _>>()?;
        ids.extend(records.iter().map(|record| record.id));
        let inserts = join_all(records.into_iter().map(|record| store.insert(record))).await;
        inserts.into_iter().collect::<Result<Vec<_>, _>>()?;
    }
    ids.sort();
    let mut listed: Vec<_> = list(&store, "ann").await?.into_iter().map(|record| record.id).collect();
    listed.sort();
    assert_eq!(listed, ids);
    assert_eq!(list(&store, "bob").await?, from_ref(&other));

    let (Some(kept), Some(gone)) = (ids.first(), ids.last()) else { return Err("none".into()) };
    assert!(store.remove(gone).await?);
    assert_eq!(store.remove_all(&owner("ann"), Some(kept)).await?, u64::try_from(MANY - 2)?);
    let left: Vec<_> = list(&store, "ann").await?.into_iter().map(|record| record.id).collect();
    assert_eq!(left, from_ref(kept));
    assert_eq!(store.purge_expired(other.idle_expires_at, 100_000).await?, 2);
    Ok(())
}

/// A record that is replaced during a purge is either removed or replaced, never both and never neither.
pub async fn a_purge_takes_nothing_that_was_just_prolonged<S: SessionStore>(store: S) -> CaseResult {
    let mut expired = Vec::new();
    for _ in 0..50 {
        let mut record = record("ann")?;
        record.idle_expires_at = START;
        insert(&store, &mut record).await?;
        expired.push(record);
    }
    let prolonged: Vec<_> = expired.iter().map(prolong).collect();
    let writes = join_all(prolonged.iter().map(|record| store.replace(record.clone(), 0)));
    let (writes, purged) = join(writes, store.purge_expired(START, 100_000)).await;
    let mut lost = 0;
    for (written, record) in writes.into_iter().zip(prolonged) {
        let survivor = store.load(&record.id).await?;
        match written? {
            Replaced::Yes => assert_eq!(survivor, Some(record)),
            Replaced::Conflict => {
                assert_eq!(survivor, None);
                lost += 1;
            }
        }
    }
    assert_eq!(purged?, lost);
    assert_eq!(u64::try_from(list(&store, "ann").await?.len())?, 50 - lost);
    Ok(())
}

fn prolong(record: &SessionRecord) -> SessionRecord {
    let mut record = record.clone();
    record.version = 1;
    record.idle_expires_at = record.absolute_expires_at;
    record
}

/// Records that are replaced during [`SessionStore::remove_all`] are removed too, and each is counted once.
pub async fn removing_all_takes_what_is_being_written<S: SessionStore>(store: S) -> CaseResult {
    let mut records = Vec::new();
    for _ in 0..50 {
        let mut record = record("ann")?;
        insert(&store, &mut record).await?;
        records.push(prolong(&record));
    }
    let writes = join_all(records.iter().map(|record| store.replace(record.clone(), 0)));
    let ann = owner("ann");
    let removals = join(store.remove_all(&ann, None), store.remove_all(&ann, None));
    let (writes, (first, second)) = join(writes, removals).await;
    writes.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(first? + second?, 50);
    assert_eq!(list(&store, "ann").await?, []);
    for record in records {
        assert_eq!(store.load(&record.id).await?, None);
    }
    Ok(())
}
