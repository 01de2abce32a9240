//! The page is built by `cargo xtask web` and embedded: a release build looks whether it changed. (A debug build reads
//! the page's files when they are asked for, so it need not be built again.)

fn main() {
    let release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    println!("cargo::rerun-if-changed={}", if release { "../../dist" } else { "build.rs" });
}
