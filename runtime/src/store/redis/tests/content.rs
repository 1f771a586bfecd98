//! The content of Redis.

use super::*;
use crate::testing::conformance::owner;

/// Compares a time to live in milliseconds with the expected one. A slow machine may take up to a minute of it.
fn is_about(actual: i64, expected: Duration) -> bool {
    let expected = i64::try_from(expected.as_millis()).unwrap();
    (expected - 60_000..=expected).contains(&actual)
}

const GRACE: Duration = Duration::from_secs(60 * 60);

#[tokio::test]
async fn every_key_expires_soon_after_what_it_is_for() {
    let store = fresh_store().await;
    let mut long = record("ann");
    long.idle_expires_at = START + 3 * DAY;
    let short = record("ann");
    let mut ended = record("bob");
    ended.idle_expires_at = START - DAY;
    for record in [&ended, &long, &short] {
        store.insert(record.clone()).await.unwrap();
    }

    let keys = store.keys().await;
    let expected = [
        (store.record(&long.id), 3 * DAY),
        (store.record(&short.id), DAY),
        (store.record(&ended.id), Duration::ZERO),
        (store.index_of("ann"), 3 * DAY),
        (store.index_of("bob"), Duration::ZERO),
        (store.all_sessions(), 3 * DAY),
    ];
    assert_eq!(keys.len(), expected.len());
    for (key, life) in expected {
        assert!(is_about(keys[&key], life + GRACE), "{key}: {}", keys[&key]);
    }
}

#[tokio::test]
async fn a_rotation_prolongs_the_life_of_its_keys() {
    let store = fresh_store().await;
    let first = record("ann");
    store.insert(first.clone()).await.unwrap();
    let mut second = next(&first);
    second.last_used_at = START + DAY;
    second.idle_expires_at = START + 6 * DAY;
    assert_eq!(store.replace(second, 0).await.unwrap(), Replaced::Yes);
    let keys = store.keys().await;
    assert_eq!(keys.len(), 3);
    assert!(keys.values().all(|life| is_about(*life, 5 * DAY + GRACE)), "{keys:?}");

    let mut refused = next(&first);
    refused.idle_expires_at = START + 300 * DAY;
    refused.absolute_expires_at = START + 300 * DAY;
    assert_eq!(store.replace(refused, 0).await.unwrap(), Replaced::Conflict);
    assert!(store.keys().await.values().all(|life| is_about(*life, 5 * DAY + GRACE)));
}

#[tokio::test]
async fn times_at_the_end_of_the_calendar_are_kept() {
    let store = fresh_store().await;
    let [first, last] = [i64::MIN, i64::MAX].map(Timestamp::from_unix);
    for (created_at, ends_at) in [(first, last), (first, first), (last, last), (last, first)] {
        let mut record = record("ann");
        record.created_at = created_at;
        record.last_used_at = created_at;
        record.idle_expires_at = ends_at;
        record.absolute_expires_at = ends_at;
        store.insert(record.clone()).await.unwrap();
        assert_eq!(store.load(&record.id).await.unwrap(), Some(record));
    }
    assert!(store.keys().await.values().all(|life| *life > 0));
}

/// Row 89.
#[tokio::test]
async fn keys_name_no_user_and_values_hold_no_token() {
    let store = fresh_store().await;
    let sessions = sessions(&store);
    let user = "ann@example.com";
    let [jti, next_jti] = ["the identifier of the first token", "the identifier of its successor"];
    let [first, second] = [jti, next_jti].map(TokenHash::of);
    let id = sessions.open(user, first.clone(), SessionMetadata::default()).await.unwrap().id;
    let prepared = sessions.prepare(&id, &first, &second).await.unwrap();
    sessions.commit(prepared, |_, _| Ok::<_, SessionError>(())).await.unwrap();

    let keys = store.keys().await;
    assert!(keys.keys().all(|key| !key.contains("ann") && !key.contains("example")), "{keys:?}");
    let fields: HashMap<String, String> = store.ask(&["HGETALL", &store.record(&id)]).await;
    let mut values: Vec<_> = fields.into_values().collect();
    for index in [store.index_of(user), store.all_sessions()] {
        values.extend(store.ask::<Vec<String>>(&["ZRANGE", &index, "0", "-1"]).await);
    }
    let dump = values.join("\n");
    assert!(dump.contains(user) && dump.contains(id.as_str()));
    assert!(!dump.contains(jti) && !dump.contains(next_jti));
}

#[tokio::test]
async fn nothing_is_left_when_every_session_is_gone() {
    let store = fresh_store().await;
    let records: Vec<_> = (0..4).map(|_| record("ann")).collect();
    for record in &records {
        store.insert(record.clone()).await.unwrap();
    }
    assert!(store.remove(&records[0].id).await.unwrap());
    for index in [store.index_of("ann"), store.all_sessions()] {
        assert_eq!(store.ask::<u32>(&["ZCARD", &index]).await, 3);
    }
    assert_eq!(store.remove_all(&owner("ann"), Some(&records[1].id)).await.unwrap(), 2);
    assert_eq!(store.purge_expired(START + DAY, 1000).await.unwrap(), 1);
    assert_eq!(store.keys().await, HashMap::new());
}

#[tokio::test]
async fn a_list_forgets_records_that_have_expired_away() {
    let store = fresh_store().await;
    let [gone, kept] = [record("ann"), record("ann")];
    for record in [&gone, &kept] {
        store.insert(record.clone()).await.unwrap();
    }
    let _: u32 = store.ask(&["DEL", &store.record(&gone.id)]).await;
    assert_eq!(store.list(&owner("ann"), Page::first(1000)).await.unwrap(), std::slice::from_ref(&kept));
    let ids: Vec<String> = store.ask(&["ZRANGE", &store.index_of("ann"), "0", "-1"]).await;
    assert_eq!(ids, [kept.id.as_str()]);
    assert_eq!(store.remove_all(&owner("ann"), None).await.unwrap(), 1);
}

/// `purge_expired` need not be called.
#[tokio::test]
async fn indexes_shrink_as_records_are_added_after_others_have_expired_away() {
    let store = fresh_store().await;
    for number in 0..20 {
        let mut short = record("ann");
        short.idle_expires_at = START + number * Duration::from_secs(1);
        store.insert(short).await.unwrap();
    }
    for key in store.keys().await.into_keys().filter(|key| key.starts_with(&store.records())) {
        let _: u32 = store.ask(&["DEL", &key]).await;
    }
    for _ in 0..10 {
        store.insert(record("ann")).await.unwrap();
    }
    for index in [store.index_of("ann"), store.all_sessions()] {
        assert_eq!(store.ask::<u32>(&["ZCARD", &index]).await, 10);
    }
}

#[tokio::test]
async fn a_damaged_record_is_an_error_and_no_session() {
    let store = fresh_store().await;
    let record = record("ann");
    let key = store.record(&record.id);
    store.insert(record.clone()).await.unwrap();
    let whole: HashMap<String, String> = store.ask(&["HGETALL", &key]).await;
    let data = &whole["data"];

    let unknown_field = data.replacen('{', "{\"ends_early\":true,", 1);
    let no_address = data.replacen('{', "{\"address\":\"nowhere\",", 1);
    let short_hash = data.replacen(&stored_hash(&record.current), "AAAA", 1);
    let other_user = data.replacen("\"ann\"", "\"bob\"", 1);
    let no_id = data.replacen(record.id.as_str(), "../../etc/passwd", 1);
    let no_user = data.replacen("\"user_id\":\"ann\",", "", 1);
    let damages =
        ["", "null", "\u{0}", &unknown_field, &no_address, &short_hash, &other_user, &no_id, &no_user]
            .map(|damage| ("data", damage))
            .into_iter()
            .chain(["", "-1", "1.0", "18446744073709551616", "one"].map(|damage| ("version", damage)))
            .chain(["", "ann"].map(|damage| ("user", damage)))
            .chain(["", "now", "1.5"].map(|damage| ("authenticated_at", damage)));
    for (field, damage) in damages {
        assert_ne!(whole[field], damage);
        let _: u32 = store.ask(&["HSET", &key, field, damage]).await;
        let error = store.load(&record.id).await.unwrap_err();
        assert!(!format!("{error:?}").contains("ann"), "{error:?}");
        assert!(store.list(&owner("ann"), Page::first(1000)).await.is_err(), "{field} {damage:?}");
        let _: u32 = store.ask(&["HSET", &key, field, &whole[field]]).await;
        assert_eq!(store.load(&record.id).await.unwrap().as_ref(), Some(&record));
    }
    for field in ["data", "version", "user"] {
        let _: u32 = store.ask(&["HDEL", &key, field]).await;
        assert!(store.load(&record.id).await.is_err());
        assert!(store.list(&owner("ann"), Page::first(1000)).await.is_err());
        let _: u32 = store.ask(&["HSET", &key, field, &whole[field]]).await;
    }
}

fn stored_hash(hash: &TokenHash) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash.as_bytes())
}

#[tokio::test]
async fn a_record_in_the_place_of_another_is_an_error() {
    let store = fresh_store().await;
    let [mine, other] = [record("ann"), record("ann")];
    store.insert(mine.clone()).await.unwrap();
    let _: () = store.ask(&["RENAME", &store.record(&mine.id), &store.record(&other.id)]).await;
    assert!(store.load(&other.id).await.is_err());
}

/// During a rolling update, a server without `authenticated_at` rotates tokens and opens sessions.
#[tokio::test]
async fn a_server_of_an_older_version_does_not_lose_when_a_user_proved_who_they_are() {
    let store = fresh_store().await;
    let mut first = record("ann");
    first.authenticated_at = START + DAY;
    store.insert(first.clone()).await.unwrap();
    let key = store.record(&first.id);
    let data: String = store.ask(&["HGET", &key, "data"]).await;
    assert!(!data.contains("authenticated_at"), "which that server would not read: {data}");
    // The way such a server writes.
    let user = stored::name_of_user("ann");
    let _: u32 = store.ask(&["HSET", &key, "version", "1", "user", &user, "data", &data]).await;
    assert_eq!(store.load(&first.id).await.unwrap(), Some(next(&first)));

    let _: u32 = store.ask(&["HDEL", &key, "authenticated_at"]).await;
    let opened = SessionRecord { authenticated_at: first.created_at, ..next(&first) };
    assert_eq!(store.load(&first.id).await.unwrap().as_ref(), Some(&opened));
    assert_eq!(store.list(&owner("ann"), Page::first(1000)).await.unwrap(), [opened]);
}
