//! The balance: what expires and when it is told, and the statement, on the page, as a table and on paper.

use portico::services::{balance, check};

use crate::nordlicht::Nordlicht;
use crate::world::instant;

impl Nordlicht {
    async fn grant(&self, amount_minor: i64, description: &str, expires: Option<&str>) {
        let mut desk = self.desk().await;
        balance::grant(&mut desk, &self.id, "EUR", amount_minor, description, expires.map(instant)).await.unwrap();
        desk.commit().await.unwrap();
    }

    async fn left(&self) -> i64 {
        balance::total(&mut self.desk().await, &self.id, "EUR").await.unwrap()
    }

    async fn is_sound(&self) {
        assert_eq!(check::check(&self.world.app).await.unwrap().broken, None);
    }

    /// How many messages of a kind there are.
    async fn told(&self, kind: &str) -> usize {
        self.deliver().await;
        let mut desk = self.desk().await;
        let history = portico::services::messages::history(&mut desk, &self.id, &self.mira.identity_id, "", 100).await.unwrap();
        history.iter().filter(|message| message.kind == kind).count()
    }
}

#[tokio::test]
async fn credit_that_expires_is_used_first_told_of_ahead_and_gone_at_its_instant() {
    let at = Nordlicht::new().await;
    at.grant(1000, "A sorry", None).await;
    at.grant(2000, "For spring", Some("2026-03-31T22:00:00Z")).await;
    at.grant(3000, "For summer", Some("2026-04-20T12:00:00Z")).await;
    assert_eq!(at.told("credit_expiring").await, 0);
    // At the instant of April's invoice the spring's credit is gone; of the summer's 47.00 are wanted and 30.00 are there.
    at.go_to("2026-03-20T02:00:00+01:00").await;
    portico::worker::bill::bill_all(&at.world.app).await.unwrap();
    portico::worker::bill::bill_all(&at.world.app).await.unwrap();
    assert_eq!(at.told("credit_expiring").await, 1, "of the spring's alone, and once");
    at.sign_in().await;
    let page = at.browser().get("/balance").await;
    assert!(page.text.contains("<b>€20.00</b> of it expires on 1 April 2026, 00:00"), "{}", page.text);
    assert!(page.text.contains("You have <b>€60.00</b> in your balance."), "{}", page.text);
    at.go_to("2026-04-01T02:00:00+02:00").await;
    assert_eq!((at.left().await, at.taken(), at.events("balance.expired").await), (0, vec![4700, 700], 1));
    assert_eq!(at.told("credit_expired").await, 1);
    at.is_sound().await;
}

#[tokio::test]
async fn what_was_not_used_in_time_is_gone_without_anything_else_falling_due() {
    let at = Nordlicht::new().await;
    at.grant(2000, "For spring", Some("2026-03-15T12:00:00Z")).await;
    at.go_to("2026-03-15T11:59:59Z").await;
    assert_eq!(at.left().await, 2000);
    at.go_to("2026-03-15T12:00:00Z").await;
    assert_eq!((at.left().await, at.events("balance.expired").await), (0, 1));
    at.go_to("2026-03-16T12:00:00Z").await;
    assert_eq!(at.events("balance.expired").await, 1);
    at.is_sound().await;
    at.sign_in().await;
    let page = at.browser().get("/balance?period=2026-03").await;
    assert!(page.text.contains("Expired: For spring") && page.text.contains("There is <b>nothing</b> in your balance."), "{}", page.text);
}

#[tokio::test]
async fn the_statement_says_what_was_in_the_balance_after_each_movement() {
    let at = Nordlicht::new().await;
    at.grant(1500, "=SORRY()", None).await;
    at.go_to("2026-03-05T12:00:00Z").await;
    at.grant(5000, "Volume bonus", None).await;
    at.go_to("2026-04-01T02:00:00+02:00").await;
    at.sign_in().await;
    let table = at.browser().get("/balance/statement.csv?period=2026").await;
    assert_eq!((table.status, table.header("content-type")), (200, "text/csv; charset=utf-8"));
    let lines: Vec<&str> = table.text.lines().collect();
    assert_eq!(
        lines,
        [
            "time,what,document,currency,amount,balance",
            "2026-03-01T00:00:30+01:00,'=SORRY(),,EUR,15.00,15.00",
            "2026-03-05T13:00:00+01:00,Volume bonus,,EUR,50.00,65.00",
            "2026-04-01T01:00:00+02:00,Invoice 2026-0002,2026-0002,EUR,-47.00,18.00",
        ]
    );
    let april = at.browser().get("/balance/statement.csv?period=2026-04").await;
    assert_eq!(april.text.lines().count(), 2);
    let page = at.browser().get("/balance?period=2026-04").await;
    assert!(page.text.contains("65.00") && page.text.contains("<b>€18.00</b>") && page.text.contains("href=\"/invoices/2026-0002\""), "{}", page.text);
    let page = at.browser().get("/balance?period=2026-02").await;
    assert!(page.text.contains("Nothing moved in February 2026. There was €0.00 in it throughout."), "{}", page.text);
    let paper = at.browser().get("/balance/statement.pdf?period=2026").await;
    assert_eq!((paper.status, &paper.bytes[..5]), (200, &b"%PDF-"[..]));
    assert_eq!(paper.header("content-disposition"), "attachment; filename=\"balance-EUR-2026.pdf\"");
    at.is_sound().await;
}

#[tokio::test]
async fn credit_that_would_have_expired_before_it_is_given_is_refused() {
    let at = Nordlicht::new().await;
    let mut desk = at.desk().await;
    let refusal = balance::grant(&mut desk, &at.id, "EUR", 1000, "Too late", Some(at.world.now())).await.unwrap_err();
    assert!(matches!(&refusal, portico::services::Refusal::Fields(errors) if errors[0].field == "expires_at"), "{refusal}");
}
