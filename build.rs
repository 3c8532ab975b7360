// `sqlx::migrate!` reads the folder at compile time but may not notice a new file in it.
fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
