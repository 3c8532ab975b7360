//! The account: what stands on invoices and who receives them, a person's own display, members, and what happened.

use portico::services::customers::{self, Role};

use crate::world::World;

const COMPANY: [(&str, &str); 11] = [
    ("name", "Nordlicht"),
    ("legal_name", "Nordlicht Software GmbH"),
    ("address_line1", "Praterstraße 58"),
    ("address_line2", ""),
    ("postal_code", "1020"),
    ("city", "Vienna"),
    ("region", ""),
    ("country", "AT"),
    ("tax_id", "ATU00000015"),
    ("purchase_order", "PO 7731"),
    ("invoice_emails", "books@nordlicht.example\r\nbooks@nordlicht.example, tax@nordlicht.example"),
];

fn company_with(field: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    COMPANY.into_iter().map(|(name, old)| (name, if name == field { value } else { old })).collect()
}

#[tokio::test]
async fn what_stands_on_invoices_is_changed_and_noted() {
    let world = World::new().await;
    let nordlicht = world.customer("Nordlicht").await;
    let mira = world.member("mira@nordlicht.example", &nordlicht, Role::Billing).await.browser;
    let saved = mira.post("/account", &COMPANY).await;
    assert_eq!((saved.status, saved.location()), (303, "/account?did=company"), "{}", saved.text);
    let mut desk = world.desk().await;
    let customer = customers::load(&mut desk, &nordlicht).await.unwrap();
    assert_eq!(customer.legal_name, "Nordlicht Software GmbH");
    assert_eq!(
        (customer.tax_id.as_deref(), customer.purchase_order.as_deref(), customer.address_line2.as_deref()),
        (Some("ATU00000015"), Some("PO 7731"), None)
    );
    assert_eq!(customer.invoice_emails(), ["books@nordlicht.example", "tax@nordlicht.example"]);
    assert_eq!(customer.time_zone, "Europe/Berlin", "the billing zone is no matter of this form");
    drop(desk);
    let page = mira.get(saved.location()).await;
    assert!(page.text.contains("Saved. It stands on every invoice from now on"));
    assert!(page.text.contains("mailed to 2 recipients"), "{}", page.text);
    assert!(page.text.contains("Account details were changed"));
    assert_eq!(page.field("tax_id").as_deref(), Some("ATU00000015"));
}

#[tokio::test]
async fn what_cannot_be_used_is_said_at_its_field_and_kept() {
    let world = World::new().await;
    let nordlicht = world.customer("Nordlicht").await;
    let mira = world.member("mira@nordlicht.example", &nordlicht, Role::Owner).await.browser;
    let eleven =
        "a1@x.example a2@x.example a3@x.example a4@x.example a5@x.example a6@x.example a7@x.example a8@x.example a9@x.example b1@x.example b2@x.example";
    let cases = [
        ("name", "  ", "Enter a name."),
        ("legal_name", "", "as it stands on invoices"),
        ("country", "", "Choose a country."),
        ("country", "XX", "Choose a country."),
        ("tax_id", "ATU123", "This isn’t how a VAT number of the country above is written."),
        ("tax_id", "DE123456788", "Enter it as in ATU13585627"),
        ("tax_id", "ATU00000014", "its check digit doesn’t fit the others"),
        ("invoice_emails", "books@nordlicht.example nonsense", "“nonsense” is not an e-mail address."),
        ("invoice_emails", eleven, "Enter at most 10 addresses; these are 11."),
    ];
    for (field, value, sentence) in cases {
        let page = mira.post("/account", &company_with(field, value)).await;
        assert_eq!(page.status, 422, "{field}={value}");
        assert!(page.text.contains(sentence), "{field}={value}: {}", page.text);
        assert!(page.text.contains(&format!("href=\"#{field}\"")), "the summary leads to {field}");
        assert!(page.text.contains("aria-invalid=\"true\""));
        assert_eq!(page.field("city").as_deref(), Some("Vienna"), "what was typed elsewhere is kept");
        assert!(page.text.contains("<title>Error: Account"));
    }
    let long = "x".repeat(201);
    let form: Vec<(&str, &str)> = COMPANY.into_iter().map(|(name, old)| (name, if name == "city" { long.as_str() } else { old })).collect();
    let page = mira.post("/account", &form).await;
    assert_eq!(page.status, 422);
    assert!(page.text.contains("Shorten this to 200 letters."));
    let customer = customers::load(&mut world.desk().await, &nordlicht).await.unwrap();
    assert_eq!(customer.legal_name, "Nordlicht GmbH", "nothing of it was saved");
}

#[tokio::test]
async fn switzerland_writes_its_tax_ids_its_own_way() {
    let world = World::new().await;
    let nordlicht = world.customer("Nordlicht").await;
    let mira = world.member("mira@nordlicht.example", &nordlicht, Role::Owner).await.browser;
    let form: Vec<_> = COMPANY
        .into_iter()
        .map(|(name, old)| {
            (
                name,
                match name {
                    "country" => "CH",
                    "tax_id" => "CHE-123.456.788 MWST",
                    _ => old,
                },
            )
        })
        .collect();
    assert_eq!(mira.post("/account", &form).await.status, 303);
}

#[tokio::test]
async fn a_viewer_reads_and_is_told_who_can_change_it() {
    let world = World::new().await;
    let nordlicht = world.customer("Nordlicht").await;
    let vera = world.member("vera@nordlicht.example", &nordlicht, Role::Viewer).await.browser;
    let page = vera.get("/account").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("An owner or a billing member of the account can change it."));
    assert!(page.field("legal_name").is_none());
    assert!(page.text.contains("vera@nordlicht.example"));
    let refused = vera.post("/account", &COMPANY).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text.contains("An owner of the account can do it"));
    assert_eq!(customers::load(&mut world.desk().await, &nordlicht).await.unwrap().legal_name, "Nordlicht GmbH");
}

#[tokio::test]
async fn a_person_chooses_zone_and_name_for_themselves_alone() {
    let world = World::new().await;
    let nordlicht = world.customer("Nordlicht").await;
    let mira = world.member("mira@nordlicht.example", &nordlicht, Role::Viewer).await.browser;
    let jan = world.member("jan@nordlicht.example", &nordlicht, Role::Owner).await.browser;
    let saved = mira.post("/account/display", &[("your_name", "Mira Lang"), ("locale", "en"), ("time_zone", "America/New_York")]).await;
    assert_eq!((saved.status, saved.location()), (303, "/account?did=display"));
    let page = mira.get("/account").await;
    assert!(page.text.contains("New York time") && page.text.contains("Mira Lang (you)"), "{}", page.text);
    assert!(jan.get("/account").await.text.contains("Berlin time"));
    for (field, value) in [("time_zone", "Mars/Olympus"), ("locale", "xx"), ("your_name", " ")] {
        let form = [("your_name", "Mira Lang"), ("locale", ""), ("time_zone", "")].map(|(name, old)| (name, if name == field { value } else { old }));
        let page = mira.post("/account/display", &form).await;
        assert_eq!(page.status, 422, "{field}");
        assert!(page.text.contains(&format!("href=\"#{field}\"")));
    }
    assert!(mira.get("/account").await.text.contains("New York time"), "nothing of it was saved");
}

#[tokio::test]
async fn the_log_tells_this_customers_events_alone_a_page_at_a_time() {
    let world = World::new().await;
    let (nordlicht, other) = (world.customer("Nordlicht").await, world.customer("Other").await);
    let mira = world.member("mira@nordlicht.example", &nordlicht, Role::Owner).await.browser;
    let ida = world.member("ida@other.example", &other, Role::Owner).await.browser;
    for _ in 0..52 {
        assert_eq!(mira.post("/account", &COMPANY).await.status, 303);
    }
    let count = |text: &str| text.matches("Account details were changed").count();
    let first = mira.get("/account/activity").await;
    assert_eq!(count(&first.text), 50);
    assert!(first.text.contains("By mira"));
    let next = first.text.split("/account/activity?before=").nth(1).unwrap().split('"').next().unwrap();
    let second = mira.get(&format!("/account/activity?before={next}")).await;
    assert_eq!(count(&second.text), 2);
    assert!(second.text.contains("The account was opened"));
    // Another customer's cursor shows nothing of that customer.
    let theirs = ida.get(&format!("/account/activity?before={next}")).await;
    assert_eq!((theirs.status, count(&theirs.text)), (200, 0));
    assert_eq!(mira.get("/account/activity?before=%27%3B--").await.status, 200);
}
