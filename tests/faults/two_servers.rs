//! Two server processes on one store.

use std::sync::Barrier;
use std::thread;

use crate::client::Answer;
use crate::server::{IN_WINDOW, STRICT, Server, Store, on_every_store};

const REQUESTS: usize = 100;

on_every_store! {
    parallel_refreshes_of_one_token_get_one_successor
    parallel_refreshes_of_one_token_without_window_have_one_winner
    users_between_two_servers_stay_signed_in
}

fn two_servers(store: &Store, window: u32) -> [Server; 2] {
    // Both at the same time, since each makes the tables if there are none.
    thread::scope(|scope| {
        [(), ()].map(|()| scope.spawn(|| Server::start(store, window))).map(|server| server.join().unwrap())
    })
}

/// One token, presented to both servers by many at once.
fn refresh_everywhere(servers: &[Server; 2], refresh_token: &str, requests: usize) -> Vec<Answer> {
    let all_at_once = Barrier::new(requests);
    thread::scope(|scope| {
        let clients: Vec<_> = servers
            .iter()
            .cycle()
            .take(requests)
            .map(|server| {
                scope.spawn(|| {
                    all_at_once.wait();
                    server.refresh(refresh_token)
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    })
}

/// Row 77.
fn parallel_refreshes_of_one_token_get_one_successor(store: &Store) {
    let servers = two_servers(store, IN_WINDOW);
    let first = servers[0].login("ann");
    let answers = refresh_everywhere(&servers, &first.refresh, REQUESTS);
    let successor = answers[0].pair();
    for answer in &answers {
        assert_eq!(answer.pair(), successor);
    }
    assert_eq!(servers[1].sessions(&successor), [1], "one session, written once");
    servers[1].refresh(&successor.refresh).pair();
}

/// Row 76.
fn parallel_refreshes_of_one_token_without_window_have_one_winner(store: &Store) {
    let servers = two_servers(store, STRICT);
    for user in ["ann", "bob", "cyd"] {
        let first = servers[0].login(user);
        let answers = refresh_everywhere(&servers, &first.refresh, REQUESTS);
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(won.len(), 1);
        for answer in lost {
            answer.is_invalid_grant();
        }
        let successor = won[0].pair();
        for server in &servers {
            server.refresh(&successor.refresh).is_invalid_grant();
            assert!(server.sessions(&successor).is_empty());
        }
    }
}

/// Row 77: every token goes to both servers at once, then its successor to one of them, as a load balancer does for browsers with two tabs.
fn users_between_two_servers_stay_signed_in(store: &Store) {
    const ROUNDS: usize = 6;
    let servers = two_servers(store, IN_WINDOW);
    thread::scope(|scope| {
        for user in 0..12 {
            let servers = &servers;
            scope.spawn(move || {
                let mut pair = servers[user % 2].login(&format!("user {user}"));
                for round in 0..ROUNDS {
                    let answers = refresh_everywhere(servers, &pair.refresh, 2);
                    assert_eq!(answers[0].pair(), answers[1].pair());
                    pair = servers[(user + round) % 2].refresh(&answers[0].pair().refresh).pair();
                }
                assert_eq!(servers[0].sessions(&pair), [2 * ROUNDS as u64]);
            });
        }
    });
}
