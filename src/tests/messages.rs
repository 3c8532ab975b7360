//! Messages, dated: what is told of billing, to whom, once; the history a customer reads; and a mail server that is away for a day.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::Duration;
use portico::platform::config::Config;
use portico::platform::post::Post;
use portico::services::customers::{self, Details, Role};
use portico::services::payments::scripted::Script;
use portico::services::payments::{self, Brand, DeclineReason};
use portico::services::{messages, subscriptions};
use portico::words;
use portico::worker::{bill, deliver};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::billing::{catalogue, to_team};
use crate::nordlicht::{Nordlicht, add_card};
use crate::sign_in::letters;
use crate::world::World;

/// The letters about something, in order of sending. Their subject as mail has it is not for reading: the title says the same.
async fn about(world: &World, subject: &str) -> Vec<String> {
    letters(world).await.into_iter().filter(|letter| letter.contains(&format!("<title>[Test] {subject}"))).collect()
}

/// A customer whose invoices go to the addresses it named.
async fn with_books(world: &World, emails: &[&str]) -> String {
    let id = world.customer("Nordlicht").await;
    let mut desk = world.desk().await;
    let invoice_emails = emails.iter().map(|email| (*email).to_owned()).collect();
    let details = Details {
        name: "Nordlicht".to_owned(),
        legal_name: "Nordlicht GmbH".to_owned(),
        country: "DE".to_owned(),
        locale: "en".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        invoice_emails,
        ..Details::default()
    };
    customers::update_details(&mut desk, &id, &details).await.unwrap();
    desk.commit().await.unwrap();
    id
}

#[tokio::test]
async fn what_was_paid_and_what_was_not_is_told_once_and_with_the_way_to_repair_it() {
    let at = Nordlicht::past_due().await;
    let receipts = about(&at.world, "Receipt: €47.00 paid to Kestrel").await;
    assert_eq!(receipts.len(), 1, "{receipts:?}");
    let said = "Kestrel received €47.00 for invoice 2026-0001 on 1 March 2026, from Visa ending 4242.";
    assert!(receipts[0].contains(said) && receipts[0].contains("http://localhost:3000/invoices/2026-0001"), "{}", receipts[0]);
    let failed = about(&at.world, "Payment failed: €47.00 to Kestrel").await;
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed[0].contains("€47.00 is due, and Visa ending 4242 was declined. There was not enough money on it."), "{}", failed[0]);
    assert!(failed[0].contains("http://localhost:3000/invoices/2026-0002/pay") && failed[0].contains("To: mira <mira@nordlicht.example>"), "{}", failed[0]);
    assert_eq!(about(&at.world, "Invoice").await, Vec::<String>::new(), "what is charged by itself is told of by what came of it");
    at.browser().post("/invoices/2026-0002/pay", &[]).await;
    let receipts = about(&at.world, "Receipt: €47.00 paid to Kestrel").await;
    assert!(receipts.len() == 2 && receipts[1].contains("invoice 2026-0002 on 1 April 2026"), "{receipts:?}");
    assert_eq!(about(&at.world, "Payment failed").await.len(), 1);
}

#[tokio::test]
async fn a_failure_that_was_repaired_before_it_was_told_is_not_told() {
    let at = Nordlicht::new().await;
    at.bank.script(&at.id, Script::Declines(DeclineReason::InsufficientFunds));
    at.go_to("2026-04-01T02:00:00+02:00").await;
    at.bank.script(&at.id, Script::Succeeds);
    at.sign_in().await;
    // Signing in looks into no outbox: the letters of the night are still to be written.
    assert_eq!(at.browser().post("/invoices/2026-0002/pay", &[]).await.status, 303);
    assert_eq!(about(&at.world, "Payment failed").await, Vec::<String>::new());
    assert_eq!(about(&at.world, "Receipt").await.len(), 2);
}

#[tokio::test]
async fn an_invoice_that_nothing_is_charged_for_goes_to_whom_the_customer_named() {
    let (world, _bank) = World::scripted_within("2026-02-28T23:00:00Z", 14).await;
    let (team, _) = catalogue(&world).await;
    let id = with_books(&world, &["books@nordlicht.example", "tax@nordlicht.example"]).await;
    world.member("mira@nordlicht.example", &id, Role::Owner).await;
    let mut desk = world.desk().await;
    subscriptions::start(&mut desk, &to_team(&id, &team)).await.unwrap();
    desk.commit().await.unwrap();
    bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
    let ready = about(&world, "Invoice 2026-0001 from Kestrel: €47.00").await;
    assert_eq!(ready.len(), 2, "{ready:?}");
    for (letter, to) in ready.iter().zip(["books@nordlicht.example", "tax@nordlicht.example"]) {
        assert!(letter.contains(&format!("To: Nordlicht <{to}>")) && letter.contains("€47.00 is to be paid by 15 March 2026."), "{letter}");
    }
}

#[tokio::test]
async fn the_history_holds_what_went_out_for_the_customer_and_for_nobody_else() {
    let at = Nordlicht::past_due().await;
    letters(&at.world).await;
    let page = at.browser().get("/account/messages").await;
    assert_eq!(page.status, 200);
    for subject in ["Payment failed: €47.00 to Kestrel", "Receipt: €47.00 paid to Kestrel", "Your access to Kestrel billing"] {
        assert!(page.text.contains(subject), "{subject} is not in {}", page.text);
    }
    let link = page.text.split("href=\"/account/messages/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let path = format!("/account/messages/{link}");
    let message = at.browser().get(&path).await;
    assert!(message.text.contains("Sent to mira at mira@nordlicht.example"), "{}", message.text);
    // What opened an account is not kept.
    let history = {
        let mut desk = at.desk().await;
        messages::history(&mut desk, &at.id, &at.mira.identity_id, "", 50).await.unwrap()
    };
    let invitation = history.iter().find(|message| message.kind == "invitation").unwrap();
    assert!(invitation.body.contains("The link works once") && !invitation.body.contains("token="), "{}", invitation.body);
    // A colleague reads what is the customer's, and not what is Mira's own.
    let vera = at.world.member("vera@nordlicht.example", &at.id, Role::Viewer).await;
    at.world.sign_in_on(&vera.browser, &vera).await;
    let hers = vera.browser.get("/account/messages").await;
    assert!(hers.text.contains("Payment failed: €47.00"), "{}", hers.text);
    assert_eq!(vera.browser.get(&format!("/account/messages/{}", invitation.id)).await.status, 404);
    let other = at.world.customer("Ostwind").await;
    let hedda = at.world.member("hedda@ostwind.example", &other, Role::Owner).await;
    at.world.sign_in_on(&hedda.browser, &hedda).await;
    assert!(!hedda.browser.get("/account/messages").await.text.contains("Payment failed"));
    assert_eq!(hedda.browser.get(&path).await.status, 404);
}

#[tokio::test]
async fn both_parts_of_a_letter_say_the_same() {
    let at = Nordlicht::past_due().await;
    for letter in letters(&at.world).await {
        let parts: Vec<&str> = letter.split("Content-Type: text/").collect();
        let (plain, html) = (parts[1], parts[2]);
        let body = |part: &str| part.split_once("\r\n\r\n").unwrap().1.split("\r\n--").next().unwrap().to_owned();
        let body_of_html = body(html).split("<body").nth(1).unwrap().split_once('>').unwrap().1.to_owned();
        let mut shown = String::new();
        let mut is_tag = false;
        for c in body_of_html.chars() {
            match c {
                '<' => is_tag = true,
                '>' => (is_tag, _) = (false, shown.push(' ')),
                c if !is_tag => shown.push(c),
                _ => {}
            }
        }
        let words = |text: &str| {
            text.replace("&amp;", "&")
                .replace("&#39;", "'")
                .replace("&quot;", "\"")
                .split_whitespace()
                .map(|word| word.trim_end_matches(':').to_owned())
                .collect::<Vec<_>>()
        };
        let shown = words(&shown);
        // The page of letters is headed by the vendor's name.
        assert_eq!(shown[1..], words(&body(plain)), "{letter}");
    }
}

#[tokio::test]
async fn a_card_that_ends_is_told_thirty_fourteen_and_three_days_ahead_once_each() {
    let at = Nordlicht::new().await;
    let expires = |day: &str| format!("Visa ending 4711 expires on {day}");
    at.bank.hand_out(Brand::Visa, "4711", 6, 2026);
    let card = add_card(&at.world, &at.id).await;
    let mut desk = at.desk().await;
    payments::make_default(&mut desk, &at.id, &card.id).await.unwrap();
    desk.commit().await.unwrap();
    let told = async |time: &str| {
        at.world.app.clock.set(crate::world::instant(time));
        bill::bill_all(&at.world.app).await.unwrap();
        bill::bill_all(&at.world.app).await.unwrap();
        about(&at.world, &expires("30 June 2026")).await.len()
    };
    assert_eq!(told("2026-05-31T08:59:00+02:00").await, 0);
    assert_eq!(told("2026-05-31T09:00:00+02:00").await, 1);
    assert_eq!(told("2026-06-16T08:59:00+02:00").await, 1);
    assert_eq!(told("2026-06-16T09:00:00+02:00").await, 2);
    assert_eq!(told("2026-06-29T09:00:00+02:00").await, 3);
    assert_eq!(told("2026-07-05T09:00:00+02:00").await, 3);
    let letter = about(&at.world, &expires("30 June 2026")).await.remove(0);
    assert!(letter.contains("Visa ending 4711, which pays for Nordlicht at Kestrel, can be charged until 30 June 2026."), "{letter}");
    assert!(letter.contains(&format!("/payment-methods/add?replaces={}", card.id)), "{letter}");
}

#[tokio::test]
async fn after_an_outage_a_card_is_told_of_once() {
    let at = Nordlicht::new().await;
    at.bank.hand_out(Brand::Visa, "4711", 6, 2026);
    let card = add_card(&at.world, &at.id).await;
    let mut desk = at.desk().await;
    payments::make_default(&mut desk, &at.id, &card.id).await.unwrap();
    desk.commit().await.unwrap();
    at.world.app.clock.set(crate::world::instant("2026-06-28T12:00:00+02:00"));
    bill::bill_all(&at.world.app).await.unwrap();
    assert_eq!(about(&at.world, "Visa ending 4711 expires").await.len(), 1);
}

/// A language of few words: what it has none for is said in English, figures and all.
const ESPERANTO: &str = "mail-receipt-subject = Kvitanco: { $amount } al { $vendor }
mail-greeting = Saluton { $name },
number-decimal = ,
";

#[tokio::test]
async fn a_letter_is_in_its_readers_language() {
    words::teach("eo", ESPERANTO);
    let at = Nordlicht::new().await;
    at.world.member("books@nordlicht.example", &at.id, Role::Billing).await;
    let speaks = async |customer: &'static str, mira: Option<&'static str>| {
        let mut desk = at.desk().await;
        let vendor = at.world.vendor.id.clone();
        desk.tx.run("UPDATE customers SET locale = $3 WHERE vendor_id = $1 AND id = $2", (vendor.clone(), at.id.clone(), customer)).await.unwrap();
        desk.tx.run("UPDATE identities SET locale = $2 WHERE vendor_id = $1 AND email LIKE 'mira@%'", (vendor, mira.map(str::to_owned))).await.unwrap();
        desk.commit().await.unwrap();
    };
    // The customer's language, but that Mira chose hers.
    speaks("eo-XX", Some("en")).await;
    at.go_to("2026-04-01T02:00:00+02:00").await;
    let (hers, books) = (about(&at.world, "Receipt: €47.00 paid").await.remove(0), about(&at.world, "Kvitanco: €47,00 al Kestrel").await.remove(0));
    assert!(hers.contains("To: mira") && hers.contains("<html lang=\"en\">"), "{hers}");
    assert!(books.contains("To: books") && books.contains("<html lang=\"eo\">") && books.contains("Saluton books,"), "{books}");
    assert!(books.contains("The invoice is paid; nothing is left to do."), "{books}");
    // A language there are no words of, and nobody chose one: English.
    speaks("fi", None).await;
    at.go_to("2026-05-01T02:00:00+02:00").await;
    // March's and April's to Mira, and May's to both.
    assert_eq!(about(&at.world, "Receipt: €47.00 paid").await.len(), 4);
    assert_eq!(about(&at.world, "Kvitanco").await.len(), 2);
    // The history holds what went out.
    at.sign_in().await;
    assert!(at.browser().get("/account/messages").await.text.contains("Kvitanco: €47,00 al Kestrel"));
}

/// A mail server on loopback: what it took, and whether it takes anything.
struct MailServer {
    port: u16,
    is_away: Arc<AtomicBool>,
    taken: mpsc::UnboundedReceiver<String>,
}

impl MailServer {
    async fn start() -> MailServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_away = Arc::new(AtomicBool::new(false));
        let (take, taken) = mpsc::unbounded_channel();
        let away = is_away.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (take, away) = (take.clone(), away.clone());
                tokio::spawn(async move {
                    let mut stream = BufReader::new(stream);
                    if away.load(Ordering::SeqCst) {
                        return;
                    }
                    stream.write_all(b"220 mail.example\r\n").await.unwrap();
                    let (mut line, mut letter) = (String::new(), None::<String>);
                    while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                        let answer = match (&mut letter, line.trim_end()) {
                            (Some(text), ".") => {
                                take.send(std::mem::take(text)).unwrap();
                                letter = None;
                                Some("250 taken\r\n")
                            }
                            (Some(text), _) => {
                                text.push_str(&line);
                                None
                            }
                            (None, "DATA") => {
                                letter = Some(String::new());
                                Some("354 go on\r\n")
                            }
                            (None, "QUIT") => Some("221 bye\r\n"),
                            (None, _) => Some("250 yes\r\n"),
                        };
                        line.clear();
                        if let Some(answer) = answer {
                            stream.write_all(answer.as_bytes()).await.unwrap();
                        }
                    }
                });
            }
        });
        MailServer { port, is_away, taken }
    }

    fn took(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.taken.try_recv().ok()).collect()
    }
}

#[tokio::test]
async fn a_mail_server_that_is_away_for_a_day_loses_nothing_and_doubles_nothing() {
    let at = Nordlicht::new().await;
    let mut server = MailServer::start().await;
    let smtp_url = Some(format!("smtp://127.0.0.1:{}", server.port));
    let post = Post::of(&Config { smtp_url, ..Config::loopback(at.world.app.config.data.clone()) }).unwrap();
    server.is_away.store(true, Ordering::SeqCst);
    for _ in 0..24 {
        while deliver::deliver_due(&at.world.app, &post).await.unwrap() > 0 {}
        at.world.wait(Duration::hours(1));
    }
    assert_eq!(server.took(), Vec::<String>::new());
    let history = messages::history(&mut at.desk().await, &at.id, &at.mira.identity_id, "", 50).await.unwrap();
    assert!(!history.is_empty() && history.iter().all(|message| message.sent_at.is_none()), "{history:?}");
    server.is_away.store(false, Ordering::SeqCst);
    for _ in 0..24 {
        while deliver::deliver_due(&at.world.app, &post).await.unwrap() > 0 {}
        at.world.wait(Duration::hours(1));
    }
    let took = server.took();
    let ids: std::collections::BTreeSet<String> =
        took.iter().map(|letter| letter.lines().find(|line| line.starts_with("Message-ID")).unwrap().to_owned()).collect();
    assert_eq!((took.len(), ids.len()), (history.len(), history.len()), "each once");
    let history = messages::history(&mut at.desk().await, &at.id, &at.mira.identity_id, "", 50).await.unwrap();
    assert!(history.iter().all(|message| message.sent_at.is_some()), "{history:?}");
}
