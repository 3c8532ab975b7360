//! What the law wants on an invoice is there before it is numbered; whoever lacks it keeps nobody else waiting, reads what is missing, and
//! gets the invoice once it is filled in.

use billing::money::Currency;
use billing::tax::TaxRate;
use chrono::Duration;
use portico::services::customers::{self, Details, NewCustomer, Role};
use portico::services::invoices::{self, Lacking, Told};
use portico::services::vendors::{self, NewVendor, Vendor};
use portico::services::{Refusal, activity, catalog};
use portico::words::Words;
use portico::worker::bill::{self, Report};

use crate::world::World;

fn details(name: &str, country: &str, tax_id: Option<&str>) -> Details {
    Details {
        name: name.into(),
        legal_name: format!("{name} AG"),
        country: country.into(),
        tax_id: tax_id.map(str::to_owned),
        locale: "en".into(),
        time_zone: "Europe/Berlin".into(),
        ..Details::default()
    }
}

fn at_home(details: Details) -> Details {
    Details { address_line1: Some("Ring 1".into()), city: Some("Bonn".into()), ..details }
}

async fn customer(world: &World, details: Details) -> String {
    let mut desk = world.desk().await;
    let new = NewCustomer { external_id: None, details, tax_exempt: false, currency: Currency::from_code("EUR").unwrap() };
    let id = customers::create(&mut desk, &new).await.unwrap();
    desk.commit().await.unwrap();
    id
}

/// Charges €10.00 for once and bills.
async fn charged(world: &World, customer_id: &str) -> Report {
    let mut desk = world.desk().await;
    invoices::charge(&mut desk, customer_id, 1000, "Workshop").await.unwrap();
    desk.commit().await.unwrap();
    billed(world).await
}

async fn billed(world: &World) -> Report {
    world.wait(Duration::seconds(1));
    bill::bill(&world.app, &world.vendor, world.now()).await.unwrap()
}

fn lacking(report: &Report) -> Vec<Lacking> {
    match report.failed.as_slice() {
        [(_, Refusal::Incomplete(lacking))] => lacking.clone(),
        other => panic!("{other:?}"),
    }
}

async fn numbers(world: &World, customer_id: &str) -> Vec<String> {
    let mut desk = world.desk().await;
    invoices::list(&mut desk, customer_id, 10).await.unwrap().into_iter().map(|invoice| invoice.number).collect()
}

/// A vendor in another country, from now on the story's.
async fn vendor(world: &mut World, country: &str, tax_id: Option<&str>) {
    let vendor = Vendor {
        id: format!("ven_{}", country.to_lowercase()),
        host: Some(format!("{country}.example")),
        country: country.into(),
        tax_id: tax_id.map(str::to_owned),
        ..(*world.vendor).clone()
    };
    vendors::create(&world.app.db, &vendor).await.unwrap();
    world.app.reload_vendors().await.unwrap();
    world.vendor = world.app.vendors().into_iter().find(|of| of.id == vendor.id).unwrap();
}

async fn rate(world: &World, country: &str) -> Result<(), Refusal> {
    let mut desk = world.desk().await;
    let (key, percent) = (country.to_lowercase(), 7.into());
    let rate = TaxRate { key, name: "VAT".into(), country: country.into(), region: None, percent, from: None, to: None, products: None };
    catalog::create_tax_rate(&mut desk, &rate).await?;
    desk.commit().await.unwrap();
    Ok(())
}

#[tokio::test]
async fn a_business_without_an_address_waits_for_its_invoice_and_nobody_waits_with_it() {
    let world = World::new().await;
    let werk = customer(&world, details("Werk", "DE", Some("DE136695976"))).await;
    let private = world.customer("Ada").await;
    let mira = world.member("mira@werk.example", &werk, Role::Owner).await.browser;
    assert!(!mira.get("/").await.text.contains("be issued yet"));

    let report = charged(&world, &werk).await;
    assert_eq!(lacking(&report), [Lacking::CustomerStreet, Lacking::CustomerCity]);
    assert!(report.failed[0].1.to_string().contains("the street (address_line1) is missing"));
    assert_eq!((charged(&world, &private).await.issued, numbers(&world, &private).await), (1, vec!["2026-0001".to_owned()]));

    // It is said on the first page and in the log: once, however often billing is tried.
    let page = mira.get("/").await.text;
    assert!(page.contains("Your invoice can’t be issued yet.") && page.contains("/account#address_line1"), "{page}");
    let log = activity::of_customer(&mut world.desk().await, &werk, "", 50).await.unwrap();
    assert_eq!(log.iter().filter(|entry| entry.kind == "invoice.held").count(), 1);
    assert!(mira.get("/account/activity").await.text.contains("An invoice is held back"));

    let mut desk = world.desk().await;
    customers::update_details(&mut desk, &werk, &at_home(details("Werk", "DE", Some("DE136695976")))).await.unwrap();
    desk.commit().await.unwrap();
    let report = billed(&world).await;
    assert_eq!((report.issued, report.failed.len()), (1, 0));
    assert_eq!(numbers(&world, &werk).await, ["2026-0002"], "no number was lost");
    assert!(!mira.get("/").await.text.contains("be issued yet"));
}

#[tokio::test]
async fn more_customers_than_are_looked_at_at_once_keep_nobody_waiting() {
    let world = World::new().await;
    let mut desk = world.desk().await;
    for n in 0..205 {
        let details = details(&format!("Werk {n}"), "DE", Some("DE136695976"));
        let new = NewCustomer { external_id: None, details, tax_exempt: false, currency: Currency::from_code("EUR").unwrap() };
        let id = customers::create(&mut desk, &new).await.unwrap();
        invoices::charge(&mut desk, &id, 1000, "Workshop").await.unwrap();
    }
    desk.commit().await.unwrap();
    world.wait(Duration::seconds(1));
    let private = world.customer("Ada").await;
    let report = charged(&world, &private).await;
    assert_eq!((report.issued, report.failed.len()), (1, 205));
}

#[tokio::test]
async fn a_vendor_of_the_union_without_a_tax_id_charges_no_tax() {
    let mut world = World::new().await;
    vendor(&mut world, "FR", Some("FR40303265045")).await;
    rate(&world, "FR").await.unwrap();
    let ada = customer(&world, details("Ada", "FR", None)).await;
    // It had one when the rate was made.
    let mut desk = world.desk().await;
    desk.tx.run("UPDATE vendors SET tax_id = NULL WHERE id = 'ven_fr'", ()).await.unwrap();
    desk.commit().await.unwrap();
    world.app.reload_vendors().await.unwrap();
    world.vendor = world.app.vendors().into_iter().find(|of| of.id == "ven_fr").unwrap();
    assert!(matches!(rate(&world, "DE").await, Err(Refusal::Incomplete(lacking)) if lacking == [Lacking::VendorTaxId]));
    assert_eq!(lacking(&charged(&world, &ada).await), [Lacking::VendorTaxId]);
    let abroad = customer(&world, details("Abroad", "CH", None)).await;
    assert_eq!(charged(&world, &abroad).await.issued, 1, "where no tax is stated, none is to be named");
}

#[tokio::test]
async fn a_qualified_invoice_names_the_registration_and_a_tax_invoice_says_so() {
    let mut world = World::new().await;
    vendor(&mut world, "JP", Some("7000012050002")).await;
    assert!(matches!(rate(&world, "JP").await, Err(Refusal::Incomplete(lacking)) if lacking == [Lacking::VendorRegistration]));
    vendor(&mut world, "TH", Some("0994000165510 00012")).await;
    rate(&world, "TH").await.unwrap();
    let siam = customer(&world, details("Siam", "TH", None)).await;
    assert_eq!(lacking(&charged(&world, &siam).await), [Lacking::CustomerStreet, Lacking::CustomerCity]);
    let mut desk = world.desk().await;
    customers::update_details(&mut desk, &siam, &at_home(details("Siam", "TH", None))).await.unwrap();
    desk.commit().await.unwrap();
    billed(&world).await;
    let mut desk = world.desk().await;
    let invoice = invoices::by_number(&mut desk, &siam, "2026-0001").await.unwrap().snapshot().unwrap();
    let told = Told::new(&invoice, Words::of("en"));
    assert_eq!(told.title(), "Tax Invoice");
    assert_eq!(told.party(&invoice.from).last().unwrap(), "Tax ID 0994000165510, branch 00012");
}

#[tokio::test]
async fn a_vendor_is_refused_what_its_invoices_would_lack() {
    let world = World::new().await;
    let new = |country: &str, tax_id: &str, city: &str| NewVendor {
        host: Some("acme.example".into()),
        name: "Acme".into(),
        legal_name: "Acme".into(),
        address: "Ring 1".into(),
        postal_code: String::new(),
        city: city.into(),
        country: country.into(),
        tax_id: Some(tax_id.into()),
        support_email: "billing@acme.example".into(),
        currency: Currency::from_code("EUR").unwrap(),
        time_zone: chrono_tz::UTC,
        colour: "#06637a".into(),
        is_test: true,
    };
    for (vendor, field, words) in [
        (new("AT", "ATU13585627", " "), "city", "Enter this part of the address"),
        (new("AT", "ATU13585626", "Graz"), "tax_id", "its check digit doesn’t fit the others"),
        (new("JP", "7000012050002", "Kobe"), "tax_id", "Enter it as in T7000012050002"),
        (new("TH", "0994000165511", "Bangkok"), "tax_id", "its check digit doesn’t fit the others"),
    ] {
        let Err(Refusal::Fields(errors)) = vendors::add(&world.app, vendor).await else { panic!("{field} was not refused") };
        assert_eq!(errors.iter().map(|error| error.field).collect::<Vec<_>>(), [field]);
        assert!(errors[0].sentence.to_string().contains(words), "{}", errors[0].sentence);
    }
}
