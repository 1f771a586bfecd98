//! A Redis Cluster whose master is killed, and whose slots move to another master.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use test_servers::RedisCluster;

use crate::client::Pair;
use crate::server::{IN_WINDOW, Server, Store};

const USERS: usize = 24;
/// How long a client waits before it repeats a request that got a 503, and between two refreshes. So there are about 100 of them in a second.
const PAUSE: Duration = Duration::from_millis(20);
const STEP: Duration = Duration::from_millis(200);

/// The slot in which a session is: the first 12 bits of its identifier are the hash tag.
fn slot_of(cluster: &RedisCluster, pair: &Pair) -> u16 {
    let payload = URL_SAFE_NO_PAD.decode(pair.access.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    let id = URL_SAFE_NO_PAD.decode(claims["sid"].as_str().unwrap()).unwrap();
    cluster.slot_of(&format!("{:03x}", u16::from_be_bytes([id[0], id[1]]) >> 4))
}

/// A user with a client: repeats what got a 503, and signs in again when its token is refused.
struct User<'a> {
    server: &'a Server,
    name: String,
    pair: Pair,
    refreshes: u32,
    sign_ins: u32,
}

impl<'a> User<'a> {
    fn sign_in(server: &'a Server, name: String) -> Self {
        let pair = server.login_when_available(&name).0;
        Self { server, name, pair, refreshes: 0, sign_ins: 1 }
    }

    fn refresh(&mut self) {
        loop {
            let answer = self.server.refresh(&self.pair.refresh);
            match answer.status {
                503 => {
                    answer.is_unavailable();
                    thread::sleep(PAUSE);
                }
                400 => {
                    answer.is_invalid_grant();
                    self.pair = self.server.login_when_available(&self.name).0;
                    self.sign_ins += 1;
                    return;
                }
                _ => {
                    self.pair = answer.pair();
                    self.refreshes += 1;
                    return;
                }
            }
        }
    }
}

/// Users refresh while `fault` runs, and for a while after it. Returns them with what they have then.
fn refresh_during<'a>(server: &'a Server, fault: impl FnOnce(&[Pair])) -> Vec<User<'a>> {
    let mut users: Vec<_> = (0..USERS).map(|user| User::sign_in(server, format!("user {user}"))).collect();
    let held: Vec<_> = users.iter().map(|user| user.pair.clone()).collect();
    let is_over = AtomicBool::new(false);
    let in_the_end = AtomicU32::new(0);
    thread::scope(|scope| {
        for user in &mut users {
            let (is_over, in_the_end) = (&is_over, &in_the_end);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    user.refresh();
                    thread::sleep(STEP);
                }
                user.refresh();
                in_the_end.fetch_add(1, Ordering::Relaxed);
            });
        }
        thread::sleep(STEP);
        fault(&held);
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(in_the_end.load(Ordering::Relaxed) as usize, USERS, "each client is served");
    users
}

/// Row 161. Each client has a usable pair, or signed in again: no client holds a half of two pairs.
#[test]
fn redis_cluster_whose_master_is_killed_under_load_has_usable_pairs_alone() {
    let cluster = RedisCluster::start();
    let server = Server::start(&Store::at(cluster.url()), IN_WINDOW);
    let mut users = refresh_during(&server, |held| {
        let slot = slot_of(&cluster, &held[0]);
        cluster.kill_master_of(slot);
        cluster.wait_for_another_master_of(slot);
        cluster.start_again();
    });
    for user in &mut users {
        let (before, sign_ins) = (user.pair.clone(), user.sign_ins);
        user.refresh();
        assert_eq!(user.sign_ins, sign_ins, "{} had no usable pair", user.name);
        assert_eq!(server.refresh(&before.refresh).pair(), user.pair, "a retry gets the same pair");
        assert!(!server.sessions(&user.pair).is_empty());
        assert!(user.refreshes > 3, "{} was not served", user.name);
    }
    // Asynchronous replication loses little, and most users notice nothing.
    let signed_out = users.iter().filter(|user| user.sign_ins > 1).count();
    assert!(signed_out <= USERS / 2, "{signed_out} of {USERS} had to sign in again");
}

/// Row 161. While a master is down, its users wait, and the others do not.
#[test]
fn redis_cluster_with_a_master_that_is_down_serves_the_users_of_the_others() {
    let cluster = RedisCluster::start();
    let server = Server::start(&Store::at(cluster.url()), IN_WINDOW);
    let mut users: Vec<_> = (0..USERS).map(|user| User::sign_in(&server, format!("user {user}"))).collect();
    let slot = slot_of(&cluster, &users[0].pair);
    let third = |slot: u16| u32::from(slot) * 3 / 16_384;
    cluster.cut_off_replica_of_master_of(slot);
    cluster.kill_master_of(slot);
    let mut served = 0;
    for user in &mut users {
        if third(slot_of(&cluster, &user.pair)) != third(slot) {
            user.refresh();
            assert_eq!((user.refreshes, user.sign_ins), (1, 1), "{}", user.name);
            served += 1;
        }
    }
    assert!(served > USERS / 4, "{served}");
    cluster.wait_for_another_master_of(slot);
    cluster.start_again();
    for user in &mut users {
        user.refresh();
    }
}

/// No session is lost when slots move, and no user signs in again.
#[test]
fn redis_cluster_whose_slots_move_under_load_costs_no_session() {
    let cluster = RedisCluster::start();
    let server = Server::start(&Store::at(cluster.url()), IN_WINDOW);
    let moved = AtomicU32::new(0);
    let users = refresh_during(&server, |held| {
        let slots: Vec<_> = held.iter().map(|pair| slot_of(&cluster, pair)).collect();
        // A third of the slots has about eight of the users.
        cluster.move_slots_of_master_of(slots[0], 1000);
        for slot in &slots[..6] {
            cluster.begin_to_move(*slot).finish();
            moved.fetch_add(1, Ordering::Relaxed);
        }
    });
    assert_eq!(moved.load(Ordering::Relaxed), 6);
    for user in users {
        assert_eq!(user.sign_ins, 1, "{} was signed out", user.name);
        assert_eq!(server.sessions(&user.pair).len(), 1);
        assert!(user.refreshes > 3);
    }
}

/// Row 161. What a failover may lose: a master confirms writes that its replica has not received. A revocation is undone, a rotation is
/// undone and ends its session when the client shows the token that the replica does not know, a sign-in is gone. Nothing worse happens.
#[test]
fn failover_of_a_redis_cluster_undoes_the_last_writes_and_does_nothing_worse() {
    let cluster = RedisCluster::start();
    let server = Server::start(&Store::at(cluster.url()), IN_WINDOW);
    // Sessions of one user are in one slot, so the same master has them all.
    let [revoked, rotated, retried, untouched] = [(); 4].map(|()| server.login("ann"));
    let slot = slot_of(&cluster, &revoked);
    cluster.wait_until_replicas_have_everything();
    cluster.cut_off_replica_of_master_of(slot);

    assert_eq!(server.logout(&revoked.refresh), 204);
    let successor = server.refresh(&rotated.refresh).pair();
    server.refresh(&retried.refresh).pair();
    let signed_in = server.login("ann");
    assert_eq!(server.sessions(&untouched).len(), 4);
    server.refresh(&revoked.refresh).is_invalid_grant();

    cluster.kill_master_of(slot);
    cluster.wait_for_another_master_of(slot);
    // The revocation is undone: the session is as it was before.
    let back = server.refresh_when_available(&revoked.refresh).pair();
    assert_eq!(server.sessions(&untouched).len(), 4);
    // A sign-in that was lost is refused, and so is its every use.
    server.refresh(&signed_in.refresh).is_invalid_grant();
    // The lost successor counts as stolen. The session ends, and with it the token that was good again.
    server.refresh(&successor.refresh).is_invalid_grant();
    server.refresh(&rotated.refresh).is_invalid_grant();
    // A client that did not receive the successor notices nothing.
    let next = server.refresh(&retried.refresh).pair();
    server.refresh(&next.refresh).pair();
    server.refresh(&untouched.refresh).pair();
    // The session that came back can be revoked again.
    assert_eq!(server.logout(&back.refresh), 204);
    server.refresh(&back.refresh).is_invalid_grant();
    assert_eq!(server.sessions(&next).len(), 2);
    let again = server.login("ann");
    server.refresh(&again.refresh).pair();
}
