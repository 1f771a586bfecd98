//! Requests of clients, and the answers to them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::Server;

/// Longer than any step takes, so that a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .max_idle_connections_per_host(128)
        .max_idle_connections(128)
        .build()
        .into()
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    body: Value,
}

impl Answer {
    /// `None` when the connection broke.
    fn read(sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Option<Self> {
        let mut response = match sent {
            Ok(response) => response,
            Err(ureq::Error::Timeout(_)) => panic!("no answer"),
            Err(_) => return None,
        };
        let body = response.body_mut().read_to_string().ok()?;
        Some(Self { status: response.status().as_u16(), body: serde_json::from_str(&body).unwrap() })
    }

    #[track_caller]
    fn member(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_else(|| panic!("no {name} in {self:?}")).to_owned()
    }

    /// The tokens of a successful answer.
    #[track_caller]
    pub(crate) fn pair(&self) -> Pair {
        assert_eq!(self.status, 200, "{self:?}");
        Pair { access: self.member("access_token"), refresh: self.member("refresh_token") }
    }

    #[track_caller]
    pub(crate) fn is_invalid_grant(&self) {
        assert_eq!((self.status, &*self.member("code")), (400, "invalid_grant"), "{self:?}");
    }

    /// Asserts a 503 whose problem body does not name the cause.
    #[track_caller]
    pub(crate) fn is_unavailable(&self) {
        assert_eq!((self.status, &*self.member("code")), (503, "temporarily_unavailable"), "{self:?}");
        let told = self.body.to_string().to_lowercase();
        for cause in ["127.0.0.1", "sqlx", "redis", "postgres", "pool", "connection"] {
            assert!(!told.contains(cause), "{told}");
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Server {
    fn post(&self, path: &str, body: &Value) -> Option<Answer> {
        Answer::read(self.agent.post(format!("{}{path}", self.url)).send_json(body))
    }

    #[track_caller]
    fn get(&self, path: &str, access_token: &str) -> Answer {
        let request = self.agent.get(format!("{}{path}", self.url));
        Answer::read(request.header("Authorization", format!("Bearer {access_token}")).call())
            .expect("the server answers")
    }

    #[track_caller]
    pub(crate) fn login(&self, user: &str) -> Pair {
        self.post("/login", &json!({ "id": user })).expect("the server answers").pair()
    }

    /// Signs out, and returns the status of the answer: 204 once the session has ended.
    pub(crate) fn logout(&self, refresh_token: &str) -> u16 {
        let request = self.agent.post(format!("{}/logout", self.url));
        let sent = request.send_json(json!({ "refresh_token": refresh_token }));
        sent.expect("the server answers").status().as_u16()
    }

    /// The tokens of a new session, once the store answers, and how many attempts it took.
    pub(crate) fn login_when_available(&self, user: &str) -> (Pair, usize) {
        let start = Instant::now();
        for attempts in 1.. {
            let answer = self.post("/login", &json!({ "id": user })).expect("the server answers");
            if answer.status != 503 {
                return (answer.pair(), attempts);
            }
            assert!(start.elapsed() < PATIENCE, "the store does not come back");
        }
        unreachable!("there is an end to the patience")
    }

    /// `None` when the connection broke.
    pub(crate) fn try_refresh(&self, refresh_token: &str) -> Option<Answer> {
        self.post("/refresh", &json!({ "refresh_token": refresh_token }))
    }

    #[track_caller]
    pub(crate) fn refresh(&self, refresh_token: &str) -> Answer {
        self.try_refresh(refresh_token).expect("the server answers")
    }

    /// The first answer after an outage that is not 503; connections may come back later than the store.
    #[track_caller]
    pub(crate) fn refresh_when_available(&self, refresh_token: &str) -> Answer {
        let start = Instant::now();
        loop {
            let answer = self.refresh(refresh_token);
            if answer.status != 503 {
                return answer;
            }
            assert!(start.elapsed() < PATIENCE, "the store does not come back");
        }
    }

    /// Whether the access token opens a route that looks no session up.
    pub(crate) fn lets_in(&self, pair: &Pair) -> bool {
        self.get("/me", &pair.access).status == 200
    }

    /// How often each living session of the user was written.
    #[track_caller]
    pub(crate) fn sessions(&self, pair: &Pair) -> Vec<u64> {
        let answer = self.get("/sessions", &pair.access);
        assert_eq!(answer.status, 200, "{answer:?}");
        serde_json::from_value(answer.body).unwrap()
    }
}
