//! Every rule of up to four conditions, beside an evaluation that knows nothing of the parser.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::super::super::model::RoleRef;
use super::super::super::names::Source;
use super::super::{Condition, Rule, rule};
use crate::errors::Errors;
use crate::keys::split;
use crate::testing::captured;

const ATOMS: [&str; 4] = ["role(\"a\")", "scope(\"b\")", "role(set::C)", "scope(\"d\")"];

/// A place where `(` or `!(` opens before a condition, and `)` closes after another.
#[derive(Clone, Copy)]
struct Parentheses {
    first: usize,
    last: usize,
    negated: bool,
}

/// Each way to put parentheses around the conditions, none of which cross, each with and without `!`.
fn all_parentheses(count: usize) -> Vec<Vec<Parentheses>> {
    let mut ways: Vec<Vec<Parentheses>> = vec![Vec::new()];
    for first in 0..count {
        for last in first + 1..count {
            for way in ways.clone() {
                let crosses =
                    way.iter().any(|other| other.first < first && first <= other.last && other.last < last);
                if !crosses {
                    for negated in [false, true] {
                        let mut more = way.clone();
                        more.push(Parentheses { first, last, negated });
                        ways.push(more);
                    }
                }
            }
        }
    }
    ways
}

/// Every expression of `count` conditions, as words: `!`, `(`, `)`, `&&`, `||` and the numbers of conditions.
fn expressions(count: usize) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for way in all_parentheses(count) {
        for operators in 0..1 << (count - 1) {
            for negations in 0..1 << count {
                all.push(expression(count, &way, operators, negations));
            }
        }
    }
    all
}

fn expression(count: usize, way: &[Parentheses], operators: u32, negations: u32) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for index in 0..count {
        if index > 0 {
            words.push(if operators >> (index - 1) & 1 == 1 { "&&" } else { "||" }.to_owned());
        }
        let mut opening: Vec<_> = way.iter().filter(|pair| pair.first == index).collect();
        opening.sort_by_key(|pair| std::cmp::Reverse(pair.last));
        for pair in opening {
            words.extend(pair.negated.then(|| "!".to_owned()));
            words.push("(".to_owned());
        }
        words.extend((negations >> index & 1 == 1).then(|| "!".to_owned()));
        words.push(index.to_string());
        words.extend(way.iter().filter(|pair| pair.last == index).map(|_| ")".to_owned()));
    }
    words
}

/// Dijkstra's shunting-yard, with the precedence of the Rust reference: `!` before `&&` before `||`.
fn evaluated(words: &[String], held: u32) -> bool {
    let precedence = |operator: &str| match operator {
        "!" => 3,
        "&&" => 2,
        "||" => 1,
        _ => 0,
    };
    let apply = |operator: &str, values: &mut Vec<bool>| {
        let right = values.pop().unwrap();
        let value = match operator {
            "!" => !right,
            "&&" => values.pop().unwrap() & right,
            _ => values.pop().unwrap() | right,
        };
        values.push(value);
    };
    let (mut values, mut operators) = (Vec::new(), Vec::<&str>::new());
    for word in words {
        match word.as_str() {
            "!" | "(" => operators.push(word),
            ")" => {
                while let Some(operator) = operators.pop().filter(|operator| *operator != "(") {
                    apply(operator, &mut values);
                }
            }
            "&&" | "||" => {
                while let Some(top) = operators.last().filter(|top| precedence(top) >= precedence(word)) {
                    apply(top, &mut values);
                    operators.pop();
                }
                operators.push(word);
            }
            number => values.push(held >> number.parse::<u32>().unwrap() & 1 == 1),
        }
    }
    while let Some(operator) = operators.pop() {
        apply(operator, &mut values);
    }
    assert_eq!(values.len(), 1, "{words:?}");
    values[0]
}

fn holds(rule: &Rule, held: u32) -> bool {
    let atom = |condition: &Condition| {
        let index = match condition {
            Condition::Role(RoleRef::Name(_)) => 0,
            Condition::Role(RoleRef::Path(_)) => 2,
            Condition::Scope(name) if name.value() == "b" => 1,
            Condition::Scope(_) => 3,
            _ => panic!("none of the conditions"),
        };
        held >> index & 1 == 1
    };
    match rule {
        Rule::Atom(it) => atom(&it.condition),
        Rule::Not(it) => !atom(&it.condition),
        Rule::All(rules) => rules.iter().all(|rule| holds(rule, held)),
        Rule::Any(rules) => rules.iter().any(|rule| holds(rule, held)),
    }
}

/// No group directly in one of its kind, and none with fewer than two parts.
fn is_flat(rule: &Rule) -> bool {
    match rule {
        Rule::Atom(_) | Rule::Not(_) => true,
        Rule::All(rules) => {
            rules.len() > 1 && rules.iter().all(|rule| !matches!(rule, Rule::All(_)) && is_flat(rule))
        }
        Rule::Any(rules) => {
            rules.len() > 1 && rules.iter().all(|rule| !matches!(rule, Rule::Any(_)) && is_flat(rule))
        }
    }
}

fn parsed(tokens: TokenStream) -> Rule {
    let errors = Errors::new();
    let rule = rule(split(tokens), Source::Require, &errors);
    errors.finish(rule).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn tokens(words: &[String]) -> TokenStream {
    let text =
        |word: &String| word.parse::<usize>().map_or_else(|_| word.clone(), |index| ATOMS[index].to_owned());
    words.iter().map(text).collect::<Vec<_>>().join(" ").parse().unwrap()
}

/// Invisible parentheses in the place of those that group, as a fragment of a macro brings them.
fn as_fragments(tokens: TokenStream) -> TokenStream {
    let mut all = TokenStream::new();
    let mut after_word = false;
    for token in tokens {
        let is_word = matches!(token, TokenTree::Ident(_));
        match token {
            TokenTree::Group(group) if !after_word => {
                all.extend([TokenTree::from(Group::new(Delimiter::None, as_fragments(group.stream())))]);
            }
            other => all.extend([other]),
        }
        after_word = is_word;
    }
    all
}

#[test]
fn each_rule_of_up_to_four_conditions_means_what_rust_means() {
    let mut compared = 0;
    for count in 1..=ATOMS.len() {
        for words in expressions(count) {
            let rule = parsed(tokens(&words));
            assert!(is_flat(&rule), "{words:?}");
            for held in 0..1 << count {
                assert_eq!(holds(&rule, held), evaluated(&words, held), "{words:?} for {held:04b}");
                compared += 1;
            }
        }
    }
    // 16 users for each of 8 operators, 16 negations, 93 parentheses; and the shorter ones.
    assert_eq!(compared, 16 * 8 * 16 * 93 + 8 * 4 * 8 * 15 + 4 * 2 * 4 * 3 + 2 * 2);
}

#[test]
fn invisible_parentheses_group_as_others_do() {
    for count in 2..=ATOMS.len() {
        for words in expressions(count) {
            let rule = parsed(as_fragments(tokens(&words)));
            for held in 0..1 << count {
                assert_eq!(holds(&rule, held), evaluated(&words, held), "{words:?} for {held:04b}");
            }
        }
    }
}

#[test]
fn a_whole_rule_and_each_part_of_a_condition_can_come_from_a_fragment() {
    let part = |text: &str| captured(text.parse().unwrap());
    let (name, path, function) = (part("\"a\""), part("set::C"), part("posts::owns"));
    let all = quote::quote!(role(#name) && role(#path) && check(#function) && #path);
    assert_eq!(parsed(captured(all)).atoms().len(), 4);
}

#[test]
fn the_other_evaluation_knows_the_precedence() {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    assert!(evaluated(&words("0 || 1 && 2"), 0b001));
    assert!(!evaluated(&words("( 0 || 1 ) && 2"), 0b001));
    assert!(!evaluated(&words("! 0 && 1"), 0b00));
    assert!(evaluated(&words("! ( 0 && 1 )"), 0b00));
}
