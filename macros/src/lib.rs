//! The derives and attributes of `countersign`. Use them through that crate, which documents them.

// One folder for each macro, one file for each pass: parse (tokens to input, every mistake collected), model (invalid
// states cannot be written), expand (cannot fail).

mod errors;
mod keys;
mod krate;
mod suggest;
