//! The keys of an issuer against a model that knows the whole history and computes each answer from all of it.

use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::Union;

use super::kit::{Endpoint, Server};
use crate::clock::Clock as _;

#[derive(Clone, Debug)]
enum Op {
    Wait(i64),
    Rotate(Vec<u64>),
    Set(Endpoint),
    MaxAge(Option<&'static str>),
    Look(u64),
    Forget,
}

#[derive(Clone, Debug)]
enum Event {
    /// A fetch, and the keys and the age that came of it.
    Fetch {
        at: i64,
        unknown_key: bool,
        came: Option<(Vec<u64>, i64)>,
    },
    Forget,
}

#[derive(Default)]
struct History {
    events: Vec<Event>,
    keys: Vec<u64>,
    works: bool,
    max_age: Option<&'static str>,
}

impl History {
    fn since_forget(&self) -> &[Event] {
        let from =
            self.events.iter().rposition(|event| matches!(event, Event::Forget)).map_or(0, |at| at + 1);
        &self.events[from..]
    }

    /// When the last good fetch was, its keys and its age.
    fn set(&self) -> Option<(i64, &[u64], i64)> {
        self.since_forget().iter().rev().find_map(|event| match event {
            Event::Fetch { at, came: Some((keys, age)), .. } => Some((*at, keys.as_slice(), *age)),
            _ => None,
        })
    }

    /// The times of the failures since the last good fetch.
    fn failures(&self) -> Vec<i64> {
        let failed = self.since_forget().iter().rev().map_while(|event| match event {
            Event::Fetch { at, came: None, .. } => Some(*at),
            _ => None,
        });
        failed.collect()
    }

    fn in_outage(&self, now: i64) -> bool {
        self.failures().first().is_some_and(|last| now - last < 120)
    }

    fn may_begin(&self, now: i64) -> bool {
        let failures = self.failures();
        let pause = [1, 2, 4, 8, 16, 32].get(failures.len().wrapping_sub(1)).copied().unwrap_or(60);
        failures.first().is_none_or(|last| now >= last + pause)
    }

    /// Whether the bucket has a fetch: what has dripped in since the start, less what overflowed and what was taken.
    fn may_ask(&self, now: i64) -> bool {
        let (mut drips, mut last) = (90, 0);
        for event in &self.events {
            if let Event::Fetch { at, unknown_key: true, .. } = event {
                drips = (drips + at - last).min(90) - 30;
                last = *at;
            }
        }
        (drips + now - last).min(90) >= 30
    }

    fn fetch(&mut self, at: i64, unknown_key: bool) {
        let age = match self.max_age {
            None => 600,
            Some(text) => text.strip_prefix("max-age=").unwrap().parse::<i64>().unwrap().clamp(60, 86_400),
        };
        let came = self.works.then(|| (self.keys.clone(), age));
        self.events.push(Event::Fetch { at, unknown_key, came });
    }

    fn knows(&self, kid: u64) -> bool {
        self.set().is_some_and(|(_, keys, _)| keys.contains(&kid))
    }

    /// "fresh", "over" its age, or "too old"; "none" without a set.
    fn state(&self, now: i64) -> &'static str {
        match self.set() {
            None => "none",
            Some((at, _, age)) if now < at + age => "fresh",
            Some((at, _, _)) if now < at + 6 * 3600 => "over",
            Some(_) => "too old",
        }
    }

    /// What is found when it is not there at once.
    fn after_all(&self, kid: u64, now: i64) -> &'static str {
        match (self.state(now), self.in_outage(now)) {
            ("fresh" | "over", _) if self.knows(kid) => "key",
            ("fresh", false) if self.set().is_some_and(|(_, keys, _)| !keys.is_empty()) => "unknown",
            ("none", _) => "no set yet",
            ("too old", _) => "too old",
            _ => "unreachable",
        }
    }

    /// The answer to a look-up. The history has the fetches that it causes.
    fn look(&mut self, kid: u64, now: i64) -> &'static str {
        let state = self.state(now);
        let is_usable = state == "fresh" || (state == "over" && self.in_outage(now));
        if is_usable && self.knows(kid) {
            let is_due = self.set().is_some_and(|(at, _, age)| now >= at + age * 4 / 5);
            if is_due && self.may_begin(now) {
                self.fetch(now, false);
            }
            return "key";
        }
        let unknown_key = state == "fresh";
        let begins = self.may_begin(now) && (!unknown_key || self.may_ask(now));
        if self.in_outage(now) {
            let answer = self.after_all(kid, now);
            if begins {
                self.fetch(now, unknown_key);
            }
            return answer;
        }
        if begins {
            self.fetch(now, unknown_key);
        }
        self.after_all(kid, now)
    }
}

fn endpoint() -> impl Strategy<Value = Endpoint> {
    let garbage = Endpoint::Text("garbage".to_owned());
    let endpoints = [Endpoint::Works, Endpoint::IsDown, Endpoint::Hangs, Endpoint::Status(500), garbage];
    Union::new(endpoints.map(Just))
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (1..40_i64).prop_map(Op::Wait),
        3 => (40..700_i64).prop_map(Op::Wait),
        1 => (700..30_000_i64).prop_map(Op::Wait),
        2 => proptest::sample::subsequence(vec![0, 1, 2, 3], 0..=4).prop_map(Op::Rotate),
        3 => endpoint().prop_map(Op::Set),
        1 => proptest::sample::select(vec![None, Some("max-age=1"), Some("max-age=300"), Some("max-age=40000")])
            .prop_map(Op::MaxAge),
        12 => (0..5_u64).prop_map(Op::Look),
        1 => Just(Op::Forget),
    ]
}

async fn run(ops: &[Op]) -> Result<(), TestCaseError> {
    let server = Server::with_keys(&[0, 1]);
    let mut history = History { keys: vec![0, 1], works: true, ..History::default() };
    let start = server.now().unix();
    for op in ops {
        let now = server.clock.now().unix() - start;
        match op {
            Op::Wait(seconds) => server.clock.advance(Duration::from_secs(seconds.unsigned_abs())),
            Op::Rotate(keys) => {
                server.issuer.rotate(keys);
                history.keys.clone_from(keys);
            }
            Op::Set(endpoint) => {
                history.works = matches!(endpoint, Endpoint::Works);
                server.issuer.set(endpoint.clone());
            }
            Op::MaxAge(value) => {
                server.issuer.state().cache_control = *value;
                history.max_age = *value;
            }
            Op::Forget => {
                server.keys.forget();
                history.events.push(Event::Forget);
            }
            Op::Look(kid) => {
                let found = server.look(&format!("k{kid}")).await;
                // What runs behind the scenes ends, at the latest by its time limit.
                tokio::time::sleep(Duration::from_secs(6)).await;
                let expected = history.look(*kid, now);
                prop_assert_eq!(found, expected, "k{} after {} s: {:?}", kid, now, &history.events);
                let fetches =
                    history.events.iter().filter(|event| matches!(event, Event::Fetch { .. })).count();
                prop_assert_eq!(server.issuer.asked(), fetches, "after {} s: {:?}", now, &history.events);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 400 } else { 4_000 }))]

    /// Rows 166 to 169.
    #[test]
    fn every_history_has_the_answers_of_the_model(ops in proptest::collection::vec(op(), 1..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(run(&ops))?;
    }
}
