//! The program `proof`.

fn main() {}
