//! The example `resource-server`, with mocks as its providers; `tests/oidc` has it with a provider in Node.

use axum::http::Method;
use serde_json::{Value, json};

use crate::printed_lines::{paste, resource_server};
use crate::process::{Process, Reply, send, text};

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A provider of the example, as the document of the API says.
struct Provider<'a> {
    api: &'a Process,
    url: String,
}

impl<'a> Provider<'a> {
    /// The provider whose token endpoint the line with this name asks.
    fn of(api: &'a Process, lines: &[String], variable: &str) -> Self {
        let line = lines.iter().find(|line| line.starts_with(variable)).unwrap();
        let (_, rest) = line.split_once("http://").unwrap();
        Self { api, url: format!("http://{}", rest.split('/').next().unwrap()) }
    }

    fn form(&self, path: &str, pairs: &[(&str, &str)]) -> (u16, Value) {
        let answer = ureq::post(format!("{}{path}", self.url))
            .config()
            .http_status_as_error(false)
            .build()
            .send_form(pairs.iter().copied());
        let mut answer = answer.unwrap();
        let status = answer.status().as_u16();
        let body = answer.body_mut().read_to_string().unwrap();
        (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }

    /// Goes to the page for signing in.
    fn authorize(&self, changed: &[(&str, &str)]) -> Reply {
        let page = format!("{}/scalar", self.api.url);
        let mut pairs = vec![
            ("client_id", "docs"),
            ("redirect_uri", page.as_str()),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "the state"),
        ];
        pairs.retain(|(name, _)| !changed.iter().any(|(other, _)| other == name));
        pairs.extend(changed);
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        send(&format!("{}/authorize?{query}", self.url), Method::GET, &[], None)
    }

    /// The code that this user brings back.
    fn code(&self, user: &str) -> String {
        let answer = self.authorize(&[("user", user)]);
        assert_eq!(answer.status, 303);
        let location = answer.headers["location"].to_str().unwrap();
        let query = location.strip_prefix(&format!("{}/scalar?", self.api.url)).unwrap();
        let (code, state) = query.split_once('&').unwrap();
        assert_eq!(state, "state=the+state");
        code.strip_prefix("code=").unwrap().to_owned()
    }

    fn redeem(&self, code: &str, verifier: &str) -> (u16, Value) {
        let page = format!("{}/scalar", self.api.url);
        self.form(
            "/token",
            &[
                ("grant_type", "authorization_code"),
                ("client_id", "docs"),
                ("redirect_uri", &page),
                ("code", code),
                ("code_verifier", verifier),
            ],
        )
    }

    fn token(&self, user: &str) -> String {
        let (status, tokens) = self.redeem(&self.code(user), VERIFIER);
        assert_eq!(status, 200, "{tokens}");
        text(&tokens, "access_token")
    }
}

#[test]
fn every_line_that_it_prints_does_what_it_says() {
    let (_server, lines) = resource_server("mock");
    assert_eq!(paste(&lines), ["200", "200", "403", "403", "200", "403", "401"]);
}

#[test]
fn users_of_two_providers_are_different_ones_and_one_provider_makes_administrators() {
    let (server, lines) = resource_server("mock");
    let [acme, partner] = ["ROBOT", "ADA"].map(|variable| Provider::of(&server, &lines, variable));
    let [ada, max, other] = [acme.token("ada"), acme.token("max"), partner.token("ada")];
    let users = [&ada, &max, &other, &ada].map(|token| {
        let (status, user) = server.get("/me", Some(token));
        assert_eq!(status, 200, "{user}");
        (user["id"].clone(), user["roles"].clone(), text(&user, "known_as"))
    });
    let user = |id: u64, role: &str, name: &str| (json!(id), json!([role]), name.to_owned());
    let expected = [
        user(1, "admin", "ada of acme"),
        user(2, "member", "max of acme"),
        user(3, "member", "ada of partner"),
        user(1, "admin", "ada of acme"),
    ];
    assert_eq!(users, expected);
    let statuses = |path| [&ada, &max, &other].map(|token| server.get(path, Some(token)).0);
    assert_eq!((statuses("/report"), statuses("/partners")), ([200, 403, 403], [403, 403, 200]));
}

#[test]
fn the_mock_gives_a_code_only_to_its_client_and_tokens_only_for_its_code() {
    let (server, lines) = resource_server("mock");
    let partner = Provider::of(&server, &lines, "ADA");
    let page = partner.authorize(&[]);
    assert_eq!(page.status, 200);
    assert!(page.body.as_str().unwrap().contains("user=max\">max</a>"), "{:?}", page.body);
    for changed in [
        ("redirect_uri", "https://evil.test/scalar"),
        ("client_id", "robot"),
        ("code_challenge_method", "plain"),
    ] {
        assert_eq!(partner.authorize(&[changed, ("user", "ada")]).status, 400, "{changed:?}");
    }
    assert_eq!(partner.authorize(&[("user", "robot")]).status, 200, "the page, since a machine is no user");

    let code = partner.code("ada");
    let refused = (400, json!({ "error": "invalid_grant" }));
    assert_eq!(partner.redeem(&code, CHALLENGE), refused);
    assert_eq!(partner.redeem(&code, VERIFIER), refused, "a code works once");
    let code = partner.code("ada");
    assert_eq!((partner.redeem(&code, VERIFIER).0, partner.redeem(&code, VERIFIER)), (200, refused));
    let machine = partner.form("/token", &[("grant_type", "client_credentials")]);
    assert_eq!(machine, (401, json!({ "error": "invalid_client" })));
}
