//! The thinnest whole path: a request, the router, the database, a page.

use portico::services::payments::sandbox::cards::CARDS;

use crate::world::World;

#[tokio::test]
async fn the_first_page_answers_from_the_database() {
    let world = World::new().await;
    let page = world.visitor().get("/").await;
    assert_eq!((page.status, page.location()), (303, "/sign-in"));
    let page = world.visitor().get("/sign-in").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Kestrel"), "{}", page.text);
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
}

#[tokio::test]
async fn health_and_readiness_are_told_apart_from_pages() {
    let world = World::new().await;
    let visitor = world.visitor();
    assert_eq!(visitor.get("/healthz").await.status, 200);
    assert_eq!(visitor.get("/readyz").await.status, 200);
    assert_eq!(visitor.get("/nothing-here").await.status, 404);
}

#[tokio::test]
async fn each_world_has_a_database_of_its_own() {
    let one = World::new().await;
    let two = World::new().await;
    one.add_vendor("Osprey", Some("billing.osprey.example")).await;
    assert_eq!(one.app.vendors().len(), 2);
    two.app.reload_vendors().await.unwrap();
    assert_eq!(two.app.vendors().len(), 1);
}

#[test]
fn the_readme_lists_every_test_number_and_what_it_does() {
    let readme = include_str!("../../README.md");
    let missing: Vec<_> = CARDS.iter().map(|card| format!("| {} | {} |", card.number, card.what)).filter(|row| !readme.contains(row)).collect();
    assert_eq!(missing, Vec::<String>::new());
}
