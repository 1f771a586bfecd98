//! The answers of a server while its store is down, for every store.

use std::collections::HashSet;
use std::sync::mpsc;
use std::thread;

use crate::client::Pair;
use crate::server::{IN_WINDOW, Server, Store};

const USERS: usize = 8;
const OUTAGES: usize = 2;

/// Users refresh repeatedly while the store goes down and comes back. Each answer is 200 or 503, and a token that got a 503 is good for the
/// next attempt.
pub(crate) fn outage_under_load_costs_no_session(url: String, stop: impl Fn(), start_again: impl Fn()) {
    let server = Server::start(&Store::at(url), IN_WINDOW);
    let (sender, answers) = mpsc::channel();
    let server = &server;
    let held: Vec<Pair> = thread::scope(|scope| {
        let users: Vec<_> = (0..USERS)
            .map(|user| {
                let answered = sender.clone();
                scope.spawn(move || refresh_until_the_receiver_is_gone(server, user, &answered))
            })
            .collect();
        drop(sender);
        for _ in 0..OUTAGES {
            wait_until_all_are_answered(&answers, 200);
            stop();
            wait_until_all_are_answered(&answers, 503);
            start_again();
        }
        wait_until_all_are_answered(&answers, 200);
        drop(answers);
        users.into_iter().map(|user| user.join().unwrap()).collect()
    });
    for pair in held {
        let next = server.refresh(&pair.refresh).pair();
        assert_eq!(server.sessions(&next).len(), 1);
    }
}

fn refresh_until_the_receiver_is_gone(
    server: &Server,
    user: usize,
    answered: &mpsc::Sender<(usize, u16)>,
) -> Pair {
    let mut pair = server.login(&format!("user {user}"));
    loop {
        let answer = server.refresh(&pair.refresh);
        match answer.status {
            503 => answer.is_unavailable(),
            _ => pair = answer.pair(),
        }
        if answered.send((user, answer.status)).is_err() {
            return pair;
        }
    }
}

/// Counts from the moment of the call; earlier answers do not matter.
fn wait_until_all_are_answered(answers: &mpsc::Receiver<(usize, u16)>, expected: u16) {
    while answers.try_recv().is_ok() {}
    let mut answered = HashSet::new();
    while answered.len() < USERS {
        let (user, status) = answers.recv().expect("a user was signed out");
        if status == expected {
            answered.insert(user);
        }
    }
}
