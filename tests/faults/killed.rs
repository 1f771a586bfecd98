//! The server process is killed, and another one takes its place on the same store.

use std::sync::mpsc;
use std::thread;

use crate::client::Pair;
use crate::server::{IN_WINDOW, STRICT, Server, Store, on_every_store};

on_every_store! {
    replay_after_the_window_is_detected_after_a_restart
    replay_of_an_older_token_is_detected_after_a_restart
    lost_answer_is_given_again_after_a_restart
    newest_token_of_every_user_outlives_a_restart
    server_killed_in_a_storm_costs_no_session
}

/// Rows 79 and 83.
fn replay_after_the_window_is_detected_after_a_restart(store: &Store) {
    let before = Server::start(store, STRICT);
    let first = before.login("ann");
    let second = before.refresh(&first.refresh).pair();
    before.kill();

    let after = Server::start(store, STRICT);
    after.refresh(&first.refresh).is_invalid_grant();
    after.refresh(&second.refresh).is_invalid_grant();
    assert!(after.sessions(&second).is_empty());
}

/// Rows 80 and 83.
fn replay_of_an_older_token_is_detected_after_a_restart(store: &Store) {
    let before = Server::start(store, IN_WINDOW);
    let first = before.login("ann");
    let second = before.refresh(&first.refresh).pair();
    let third = before.refresh(&second.refresh).pair();
    let elsewhere = before.login("ann");
    before.kill();

    let after = Server::start(store, IN_WINDOW);
    after.refresh(&first.refresh).is_invalid_grant();
    after.refresh(&third.refresh).is_invalid_grant();
    after.refresh(&second.refresh).is_invalid_grant();
    // The user's other session goes on.
    assert_eq!(after.sessions(&third).len(), 1);
    after.refresh(&elsewhere.refresh).pair();
}

/// Rows 78 and 83: the answer to a retry follows from the store and the keys, not from the memory of a process.
fn lost_answer_is_given_again_after_a_restart(store: &Store) {
    let before = Server::start(store, IN_WINDOW);
    let first = before.login("ann");
    let lost = before.refresh(&first.refresh).pair();
    before.kill();

    let after = Server::start(store, IN_WINDOW);
    assert_eq!(after.refresh(&first.refresh).pair(), lost);
    assert_eq!(after.sessions(&lost), [1]);
    after.refresh(&lost.refresh).pair();
}

/// Row 83: no session is lost.
fn newest_token_of_every_user_outlives_a_restart(store: &Store) {
    let before = Server::start(store, STRICT);
    let newest: Vec<_> = (0..60)
        .map(|user| {
            let signed_in = before.login(&format!("user {user}"));
            (0..user % 3).fold(signed_in, |pair, _| before.refresh(&pair.refresh).pair())
        })
        .collect();
    before.kill();

    let after = Server::start(store, STRICT);
    for (user, pair) in newest.iter().enumerate() {
        let next = after.refresh(&pair.refresh).pair();
        assert_eq!(after.sessions(&next), [user as u64 % 3 + 1]);
    }
}

/// Rows 78 and 83: a client without an answer retries with its token.
fn server_killed_in_a_storm_costs_no_session(store: &Store) {
    let mut server = Server::start(store, IN_WINDOW);
    let mut held: Vec<_> = (0..16).map(|user| server.login(&format!("user {user}"))).collect();
    for _ in 0..3 {
        held = storm_until_killed(&server, held);
        server = Server::start(store, IN_WINDOW);
        for pair in &mut held {
            let next = server.refresh(&pair.refresh).pair();
            assert_eq!(server.refresh(&pair.refresh).pair(), next);
            *pair = next;
            assert_eq!(server.sessions(pair).len(), 1);
        }
    }
}

/// Every user refreshes repeatedly until the server is killed. Returns the tokens that each of them has then.
fn storm_until_killed(server: &Server, held: Vec<Pair>) -> Vec<Pair> {
    let answers_before_the_kill = held.len() * 4;
    let (sender, answers) = mpsc::channel();
    thread::scope(|scope| {
        let users: Vec<_> = held
            .into_iter()
            .map(|mut pair| {
                let answered = sender.clone();
                scope.spawn(move || {
                    while let Some(answer) = server.try_refresh(&pair.refresh) {
                        pair = answer.pair();
                        let _ = answered.send(());
                    }
                    pair
                })
            })
            .collect();
        drop(sender);
        assert_eq!(answers.iter().take(answers_before_the_kill).count(), answers_before_the_kill);
        server.kill();
        users.into_iter().map(|user| user.join().unwrap()).collect()
    })
}
