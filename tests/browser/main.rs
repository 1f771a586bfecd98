//! The browser module and the Scalar page in headless Chromium, driven by the scripts in this folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test that is how it fails")]

mod module_real;
mod pages;
#[allow(dead_code, reason = "other tests paste the lines")]
#[path = "../integration/printed_lines.rs"]
mod printed_lines;
#[allow(dead_code, reason = "the integration tests use the rest")]
#[path = "../integration/process.rs"]
mod process;
mod scalar_situations;

use std::path::Path;
use std::process::Command;

use process::Process;
use scalar_situations::{Deployment, Page};

/// Runs a script against the example `browser`, as this user.
fn visit(script: &str, user: &str) {
    visit_example("browser", script, user);
}

/// Runs a script against an example, as this user.
fn visit_example(example: &str, script: &str, user: &str) {
    let server = Process::start::<&str>(&["-p", "examples", "--bin", example], &[]);
    let credentials = server.credentials(user);
    run(&[script, &server.url, user, credentials["password"].as_str().unwrap()]);
}

/// Runs a script of this folder. Returns what it prints.
fn run(arguments: &[&str]) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    assert!(
        folder.join("node_modules").exists(),
        "the driver of the browser is not installed; type: (cd tests/browser && npm ci)"
    );
    let output = Command::new("node")
        .args(arguments)
        .current_dir(&folder)
        .output()
        .expect("node runs; if it is not there, type: sudo apt-get install -y nodejs npm chromium");
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{arguments:?}: {said:?}");
    let [said, _] = said;
    said
}

/// Tries the operations of the Scalar page as this reader; see `scalar_situations.mjs`.
fn read(page: Page, deployment: Deployment, reader: &str) {
    let (url, token) = scalar_situations::serve(page, deployment);
    let token = if reader == "wrong" { "wrong" } else { &token };
    run(&["scalar_situations.mjs", &url, deployment.prefix(), reader, token]);
}

/// Rows 102, 107 and 112 as a browser sees them.
#[test]
fn two_tabs_share_one_refresh_and_no_script_sees_its_token() {
    visit("two_tabs.mjs", "ada");
}

/// Row 164 as a browser sees it.
#[test]
fn a_sign_out_in_one_tab_ends_the_streams_of_the_other() {
    visit_example("streams", "streams.mjs", "max");
}

/// Every refusal on every origin, with everything that `fetch` takes and everything that may happen meanwhile.
#[test]
fn the_module_renews_only_what_a_renewal_can_mend() {
    run(&["module_table.mjs"]);
}

/// Rows 154 and 155, with the page on the server's origin and on another one that it trusts, and with the access token in memory and in a
/// cookie.
#[test]
fn a_late_answer_belongs_to_the_session_before() {
    for (with_access_cookie, way) in [(false, "memory"), (true, "cookie")] {
        let [api, other] = module_real::serve(with_access_cookie);
        for site in [&api, &other] {
            run(&["module_real.mjs", &api, site, way]);
        }
    }
}

#[test]
fn an_outage_is_no_sign_out_and_no_wait_is_without_end() {
    run(&["module_situations.mjs"]);
}

#[test]
fn the_package_of_the_module_installs_and_has_types() {
    run(&["module_package.mjs", env!("CARGO_PKG_VERSION")]);
}

#[test]
fn late_answers_end_as_if_one_thing_had_happened_after_the_other() {
    run(&["module_races.mjs"]);
}

#[test]
fn the_scalar_page_sends_requests_to_its_own_host_only() {
    visit("scalar.mjs", "max");
}

/// Row 66: nothing is typed, and nothing is cleared before.
#[test]
fn a_reader_with_the_cookie_types_nothing() {
    read(Page::Guarded, Deployment::Alone, "cookie");
}

#[test]
fn a_reader_with_the_cookie_types_nothing_on_an_open_page() {
    read(Page::Open, Deployment::Alone, "cookie");
}

/// Then the scheme for tokens is selected, and the page sends it without one.
#[test]
fn a_reader_with_a_cookie_that_the_document_does_not_name_types_nothing() {
    read(Page::Undescribed, Deployment::Alone, "undescribed cookie");
}

#[test]
fn a_section_with_its_page_is_tried_at_its_prefix() {
    read(Page::Guarded, Deployment::Section, "cookie");
}

#[test]
fn a_router_in_a_router_of_axum_is_tried_at_its_prefix() {
    read(Page::Guarded, Deployment::Nested, "cookie");
}

#[test]
fn an_application_behind_a_proxy_that_takes_a_prefix_off_is_tried_through_the_proxy() {
    read(Page::Open, Deployment::Proxied, "cookie");
}

#[test]
fn a_visitor_who_types_nothing_is_a_visitor() {
    read(Page::Open, Deployment::Alone, "visitor");
}

#[test]
fn a_visitor_who_types_a_wrong_token_is_told_so() {
    read(Page::Open, Deployment::Alone, "wrong");
}

#[test]
fn a_visitor_who_types_a_token_is_signed_in() {
    read(Page::Open, Deployment::Nested, "right");
}

/// The time is for docs/PERFORMANCE.md; only that it opens is asserted.
#[test]
fn a_document_of_five_hundred_operations_opens() {
    let url = scalar_situations::serve_large(500);
    println!("{}", run(&["scalar_large.mjs", &url, "500"]));
}

/// Pages with strict cookies: after a sign-in at another site, after the end of the access cookie, and for a visitor.
#[test]
fn a_user_is_on_the_page_after_a_sign_in_at_another_site() {
    run(&["pages.mjs", &pages::serve().to_string()]);
}

#[test]
fn a_reader_of_the_page_signs_in_at_the_providers_that_the_server_trusts() {
    let (server, _) = printed_lines::resource_server("mock");
    run(&["sign_in.mjs", &server.url]);
}
