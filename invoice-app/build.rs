//! Migrations are embedded: a new file must rebuild the program.

#[allow(clippy::print_stdout)] // How a build script speaks to cargo.
fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
