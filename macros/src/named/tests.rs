//! The expansion of definitions of rules, and the mistakes in them.

use std::str::FromStr as _;

use expect_test::expect_file;
use proc_macro2::TokenStream;
use quote::quote;

use super::rules;
use crate::testing::{assert_hygienic, compile_errors, pretty};

#[track_caller]
fn refused(definitions: &str, expected: &[&str]) {
    let expanded = rules(TokenStream::from_str(&format!("countersign, {definitions}")).unwrap());
    assert_eq!(compile_errors(expanded), expected, "{definitions}");
}

const USAGE: &str = "help: write rule! { pub CanPublish = role(\"editor\") && scope(\"posts:write\"); }";

#[test]
fn definitions_expand() {
    let expanded = rules(quote! {
        countersign,
        /// Who may write posts.
        #[cfg(feature = "posts")]
        pub(crate) CanWrite = role(Role::Editor) && scope("posts:write");

        CanPublish = CanWrite && fresh("10m") || check(posts::owns_post) && !role("guest");
    });
    expect_file!["../../tests/expand/rule.rs"].assert_eq(&pretty(expanded));
}

#[test]
fn a_definition_is_a_name_and_a_rule() {
    refused("", &[&format!("rule! defines no rule\n{USAGE}")]);
    refused("= live;", &[&format!("a rule in rule! has no name\n{USAGE}")]);
    refused("pub CanPublish: live;", &[&format!("`=` is missing after `CanPublish` in rule!\n{USAGE}")]);
    refused("CanPublish;", &[&format!("`=` is missing after `CanPublish` in rule!\n{USAGE}")]);
    refused("CanPublish = ;", &[&format!("the rule `CanPublish` in rule! is empty\n{USAGE}")]);
    refused("CanPublish = live", &["a semicolon is missing after this rule in rule!\nhelp: write `;`"]);
    refused(
        "pub can_publish = live;",
        &[
            "the rule `can_publish` in rule! is a type, so its name has to begin with a capital letter\nhelp: write `CanPublish`",
        ],
    );
    for word in ["struct", "const", "type"] {
        refused(
            &format!("pub {word} CanPublish = live;"),
            &[&format!("unexpected `{word}` in front of a rule in rule!\nhelp: remove it")],
        );
    }
    refused(
        "A = live; B = live; A = both_tokens;",
        &["rule! defines `A` twice\nhelp: rename one of the two"],
    );
}

#[test]
fn a_forgotten_semicolon_is_missed_where_it_belongs() {
    let before = "a semicolon is missing in front of this rule in rule!\nhelp: write `;`";
    refused("A = role(\"a\") B = live;", &[before]);
    refused("A = role(\"a\") #[cfg(test)] /** Text. */ pub(crate) B = live;", &[before]);
    refused("pub A = live pub B = both_tokens pub C = A;", &[before, before]);
    refused("A = live, B = both_tokens,", &["a rule in rule! ends with a comma\nhelp: write `;`"; 2]);
    refused("A = B = live;", &[before, &format!("the rule `A` in rule! is empty\n{USAGE}")]);
    refused(
        "A = B == live;",
        &["`==` cannot be used in rule!\nhelp: write role(\"admin\"), which asks whether the user has it"],
    );
}

#[test]
fn a_rule_is_read_as_in_the_attribute() {
    refused(
        "A = role(admin); B = live and live; C = role(\"a\"), live;",
        &[
            "the role `admin` needs quotes in rule!\nhelp: write role(\"admin\")",
            "`and` is not an operator in rule!\nhelp: write `&&`",
            "`live` appears twice in one group of rule!\nhelp: keep one of the two",
            "a rule in rule! cannot contain a comma\n\
             help: write `&&` if both sides have to hold, `||` if one of them is enough",
        ],
    );
    refused(
        "A = role(\"a\"), crate = kit;",
        &["rule! takes no `crate = path`\nhelp: remove it\n\
           note: rule! finds its crate by the path that it is called with"],
    );
}

#[test]
fn a_circle_is_shown() {
    let circle = |names, closing| {
        format!(
            "rules in rule! contain each other in a circle: {names}\nhelp: write the conditions of `{closing}` out here"
        )
    };
    refused("A = A && live;", &[&circle("A, A", "A")]);
    refused("A = live && B; B = C || D; C = live; D = A;", &[&circle("A, B, D, A", "A")]);
    refused("A = B; B = C; C = B;", &[&circle("B, C, B", "B")]);
    refused("A = B && C; B = D; C = D; D = live;", &[]);
}

/// Its uses are no second mistake.
#[test]
fn a_mistaken_rule_is_still_a_rule_of_which_nothing_is_known() {
    let expanded = rules(quote!(countersign, pub A = role(admin);)).to_string();
    assert!(expanded.contains("pub enum A { }") || expanded.contains("pub enum A {}"), "{expanded}");
    assert!(expanded.contains("Rule :: Check { name : \"A\" , not_found : false }"), "{expanded}");
}

#[test]
fn the_expansion_names_nothing_but_the_runtime() {
    assert_hygienic(rules(quote!(other, pub A = role("a") && check(owns) && fresh("10m");)));
}
