//! The form in which a message is committed: the same on every machine, and after every edit of a file that is not the case.

/// Makes `rendered`, one message of rustc, free of what differs between machines and commits.
pub(crate) fn committed(rendered: &str, workspace: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut is_elsewhere = false;
    for line in rendered.lines() {
        let line = match place(line) {
            Some((start, place)) => {
                let (own, shown) = file(place, workspace);
                is_elsewhere = !own;
                format!("{start}{shown}")
            }
            None => {
                is_elsewhere &= is_code(line);
                let line = if is_elsewhere { without_number(line) } else { line.to_owned() };
                words(&line)
            }
        };
        let line = line.trim_end();
        let is_second_blank = line.is_empty() && lines.last().is_some_and(String::is_empty);
        let is_of_this_machine =
            line.trim_start().starts_with("= note: the full name for the type has been written to");
        if !is_second_blank && !is_of_this_machine {
            lines.push(line.to_owned());
        }
    }
    let text = narrowed(shortened(lines)).join("\n");
    match text.trim_end() {
        "" => String::new(),
        text => format!("{text}\n"),
    }
}

/// The line's beginning up to the arrow, and what it points to.
fn place(line: &str) -> Option<(&str, &str)> {
    let start = line.len() - line.trim_start().len();
    let arrow = &line[start..];
    (arrow.starts_with("--> ") || arrow.starts_with("::: ")).then(|| line.split_at(start + 4))
}

/// Whether the file is the case, and how it is shown. The lines of other files move, so their numbers are left out.
fn file(place: &str, workspace: &str) -> (bool, String) {
    let place = place.replace('\\', "/");
    if let Some(case) = place.strip_prefix("ui-tests/") {
        return (true, case.to_owned());
    }
    let file = place.split(':').next().unwrap_or(&place);
    let shown = if let Some((_, file)) = file.split_once("/rustlib/src/rust/library/") {
        format!("$RUST/{file}")
    } else if let Some((_, file)) = file.strip_prefix("/rustc/").and_then(|file| file.split_once("/library/"))
    {
        format!("$RUST/{file}")
    } else if let Some((_, file)) = file.split_once("/registry/src/") {
        // The registry, then the package with its version.
        let mut parts = file.splitn(3, '/').skip(1);
        let (package, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let name = package
            .split('.')
            .next()
            .and_then(|name| name.rsplit_once('-'))
            .map_or(package, |(name, _)| name);
        format!("$CARGO/{name}-$VERSION/{rest}")
    } else {
        let file = file.strip_prefix(workspace).unwrap_or(file).trim_start_matches('/');
        format!("$WORKSPACE/{file}")
    };
    (false, shown)
}

/// Whether a line shows code: `12 | let`, `   |`, `...`.
fn is_code(line: &str) -> bool {
    line.trim_start().starts_with(|first: char| first.is_ascii_digit() || "|.".contains(first))
}

fn without_number(line: &str) -> String {
    let end = line.find(|char: char| char != ' ' && !char.is_ascii_digit()).unwrap_or(line.len());
    " ".repeat(end) + &line[end..]
}

/// A line of words or of the case's code.
fn words(line: &str) -> String {
    let start = line.len() - line.trim_start().len();
    let number = line[start..].strip_prefix("and ").and_then(|rest| rest.strip_suffix(" others"));
    if number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit())) {
        return format!("{}and $N others", &line[..start]);
    }
    // In the name of a closure's type.
    line.replace("ui-tests/cases/", "$DIR/cases/")
}

/// Lists of implementations, which grow with every dependency, end after eight.
fn shortened(lines: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    let mut listed = None;
    let mut rest = lines.into_iter().peekable();
    while let Some(line) = rest.next() {
        let words = line.trim_start();
        let is_heading =
            words.starts_with("= help: the following ") && words.contains("types implement trait ");
        listed = match listed {
            _ if is_heading => Some(0),
            Some(count) if is_listed(&line) => Some(count + 1),
            _ => None,
        };
        match listed {
            Some(9) if rest.peek().is_some_and(|next| is_listed(next)) => {
                let indent = line.len() - words.len() - 2;
                kept.push(format!("{}and $N others", " ".repeat(indent)));
            }
            Some(10..) => {}
            _ => kept.push(line),
        }
    }
    kept
}

fn is_listed(line: &str) -> bool {
    line.starts_with("            ") && line.trim_start() != "and $N others"
}

/// The margin is as wide as the highest line number, which may have been one of another file: it is cut to the numbers that are left.
fn narrowed(mut lines: Vec<String>) -> Vec<String> {
    let Some(first) = lines.iter().position(|line| place(line).is_some()) else { return lines };
    let margin = lines[first].len() - lines[first].trim_start().len();
    let number = |line: &str| {
        let number = line.get(..margin)?.trim_start();
        number.bytes().all(|byte| byte.is_ascii_digit()).then_some(number.len())
    };
    let widest = lines[first..].iter().filter_map(|line| number(line)).max().unwrap_or(0);
    let cut = margin - widest.max(1);
    // A `help:` of its own starts at the first column, and its further lines have no margin before there is code.
    let mut is_below_words = false;
    for line in &mut lines[first..] {
        let is_words = number(line).is_none() && !line.starts_with("...");
        let has_margin = place(line).is_some() || line.trim_start().starts_with(['|', '=']);
        is_below_words = is_words || is_below_words && !has_margin;
        if number(line).is_some() && !is_below_words {
            *line = line.split_off(cut);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::committed;

    #[test]
    fn lines_of_other_files_have_no_numbers_and_need_no_room() {
        let rendered = "\
error[E0277]: no
    --> ui-tests/cases/a/b.rs:7:3
     |
   7 | routes!(a)
     |         ^ here
     |
note: required by
    --> runtime/src/router.rs:1234:5
     |
1230 |    fn f()
...
1234 |    A,
     |     ^
    ::: /home/ada/.cargo/registry/src/index-1f/axum-core-0.5.6/src/a.rs:3:1
     = note: the full name for the type has been written to '/x'


     = help: the following
               A
             and 12 others
help: two
      lines
     |
   7 | routes!(b)
";
        assert_eq!(
            committed(rendered, "/w"),
            "\
error[E0277]: no
 --> cases/a/b.rs:7:3
  |
7 | routes!(a)
  |         ^ here
  |
note: required by
 --> $WORKSPACE/runtime/src/router.rs
  |
  |    fn f()
...
  |    A,
  |     ^
 ::: $CARGO/axum-core-$VERSION/src/a.rs

  = help: the following
            A
          and $N others
help: two
      lines
  |
7 | routes!(b)
"
        );
    }
}
