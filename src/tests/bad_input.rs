//! What nobody should send, to every form and every address: nothing breaks, nothing is half done, and who typed something wrong reads what to
//! do with what they typed still there.

use chrono::Duration;
use portico::identity::cookies::SESSION;
use portico::portal::routes::Entry;

use crate::addresses::{Address, Holds, Kind, encoded, events, every, filled, holds, in_path};
use crate::nordlicht::Nordlicht;
use crate::purchases::sells;
use crate::world::{Answer, Persona};

const FORM: &str = "application/x-www-form-urlencoded";

/// Nordlicht, with an invoice to pay, two cards and a payment: everything an address may name.
struct Target {
    at: Nordlicht,
    method: String,
    payment: String,
    receipt: String,
    message: String,
}

impl Target {
    async fn new() -> Target {
        let at = Nordlicht::past_due().await;
        let method = at.backup().await.id;
        sells(&at.world).await;
        let payment = at.payments("2026-0002").await.remove(0).id;
        let receipt = at.payments("2026-0001").await.remove(0).id;
        let message = at.message().await;
        Target { at, method, payment, receipt, message }
    }

    /// An address with ids that are there.
    fn path(&self, address: &Address) -> String {
        match in_path(address.path) {
            None => address.path.to_owned(),
            Some(Kind::Invoice) => filled(address.path, "2026-0002"),
            Some(Kind::Payment) => filled(address.path, &self.payment),
            Some(Kind::Receipt) => filled(address.path, &self.receipt),
            Some(Kind::Method) => filled(address.path, &self.method),
            Some(Kind::Message) => filled(address.path, &self.message),
            Some(other) => panic!("say here which {other:?}"),
        }
    }

    async fn addresses(&self) -> Vec<Address> {
        every(&self.at.world).await
    }

    /// A browser that is signed in, whatever the last form did to its session.
    async fn browser(&self) -> &Persona {
        if self.at.browser().cookie(SESSION).is_none() {
            self.at.sign_in().await;
        }
        self.at.browser()
    }
}

#[tokio::test]
async fn more_seats_than_a_plan_has_are_said_at_the_field() {
    let target = Target::new().await;
    let page = target.at.browser().get("/plan/change?seats=1000000").await;
    assert_eq!(page.status, 422);
    assert!(page.text.contains("id=\"seats-error\"") && page.text.contains("at most 50 seats"), "{}", page.text);
    assert_eq!(page.field("seats").as_deref(), Some("1000000"));
}

/// The statuses a person may be answered with, and nothing but them.
fn is_known(status: u16) -> bool {
    [200, 303, 400, 401, 403, 404, 409, 410, 413, 414, 415, 422, 429].contains(&status)
}

/// What is typed that makes no sense somewhere.
fn nonsense() -> impl Iterator<Item = String> {
    [
        "",
        " ",
        "0",
        "-1",
        "1.5",
        "1e309",
        "NaN",
        "true",
        "null",
        "99999999999999999999999",
        "-9223372036854775809",
        "2026-02-30",
        "0000-00-00",
        "9999-12-31",
        "-262143-01-01",
        "+00:00",
        "<script>alert(1)</script>",
        "'; DROP TABLE payments; --",
        "\" onload=\"x",
        "../../etc/passwd",
        "%",
        "%zz",
        "{}",
        "[]",
        "a\r\nSet-Cookie: x=y",
        "\u{202e}txt",
        "\u{feff}",
        "\u{ffff}",
        "ﷺ",
        "👩‍👩‍👧‍👦",
        "İ",
        "=1+1",
        "http://evil.example/",
    ]
    .into_iter()
    .map(str::to_owned)
}

/// The same without end.
fn endless() -> impl Iterator<Item = String> {
    ["x", "9", "ß", "💥", "%"].into_iter().map(|of| of.repeat(1_000))
}

#[tokio::test]
async fn what_no_form_can_mean_is_refused_before_anything_is_done() {
    let target = Target::new().await;
    let megabyte = "x".repeat(1 << 20);
    for address in target.addresses().await.iter().filter(|address| address.posts) {
        let path = target.path(address);
        let field = address.form.first().copied().unwrap_or("anything");
        let browser = target.browser().await;
        let before = events(&target.at.world).await;
        let send = async |status: u16, kind: &str, body: Vec<u8>| {
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            let answer = browser.post_raw(&path, kind, body).await;
            assert_eq!(answer.status, status, "{path} of {kind}: {shown}: {}", answer.text);
            assert!(answer.text.contains("<h1>"), "{path}: a page says what is wrong");
        };
        send(413, FORM, format!("{field}={megabyte}").into()).await;
        for wrong in [format!("{field}=a%00b"), format!("{field}=%FF"), format!("{field}=%C3%28"), format!("%FF={field}"), format!("{field}=%ED%A0%80")] {
            send(400, FORM, wrong.into()).await;
        }
        send(400, FORM, [field.as_bytes(), b"=\0"].concat()).await;
        send(400, FORM, [field.as_bytes(), b"=\xff\xfe"].concat()).await;
        assert_eq!(events(&target.at.world).await, before, "{path}: something happened");
    }
}

#[tokio::test]
async fn nothing_that_is_typed_breaks_a_form_or_is_done_by_halves() {
    let target = Target::new().await;
    let mut sent = 0;
    for address in target.addresses().await.iter().filter(|address| address.posts) {
        let path = target.path(address);
        let mut bodies = vec![
            (FORM, String::new()),
            (FORM, "nonsense=1&more[]=2&=&&&==".to_owned()),
            ("text/plain", "code=1".to_owned()),
            ("application/json", "{}".to_owned()),
        ];
        bodies.extend(address.form.iter().map(|field| (FORM, format!("{field}=a&{field}=b"))));
        for text in nonsense() {
            bodies.extend(address.form.iter().map(|field| (FORM, encoded(&[(field, &text)]))));
        }
        // All fields at once: each check meets what passed the one before it.
        for text in nonsense().chain(endless()) {
            bodies.push((FORM, encoded(&address.form.iter().map(|field| (*field, text.as_str())).collect::<Vec<_>>())));
        }
        for (kind, body) in bodies {
            let browser = target.browser().await;
            let before = events(&target.at.world).await;
            let answer = browser.post_raw(&path, kind, body.clone()).await;
            let shown: String = body.chars().take(120).collect();
            assert!(is_known(answer.status), "{path}: {} to {shown}: {}", answer.status, answer.text);
            let is_refused = answer.status >= 400;
            // A step of a sign-in that failed is itself something that happened.
            let is_noted = matches!(address.path, "/sign-in" | "/sign-in/code");
            if is_refused && !is_noted {
                assert_eq!(events(&target.at.world).await, before, "{path}: refused with {}, and yet something happened to {shown}", answer.status);
            }
            assert!(!is_refused || answer.text.contains("<h1"), "{path}: {} says nothing: {}", answer.status, answer.text);
            assert!(!answer.text.contains("<script>alert(1)") && !answer.headers.contains_key("x=y"), "{path}: {shown}");
            sent += 1;
        }
    }
    assert!(sent > 1_000, "only {sent} forms were sent");
}

/// The text of the field of that name, where the page has one that takes text.
fn kept(answer: &Answer, name: &str) -> Option<String> {
    let marker = format!("name=\"{name}\"");
    for (at, _) in answer.text.match_indices(&marker) {
        let start = answer.text[..at].rfind('<')?;
        let rest = &answer.text[start..];
        let tag = &rest[..rest.find('>')?];
        let has = |attribute: &str| tag.contains(attribute);
        if tag.starts_with("<textarea") {
            return Some(rest[tag.len() + 1..].split("</textarea>").next()?.to_owned());
        }
        if tag.starts_with("<input") && !["radio", "checkbox", "password"].iter().any(|kind| has(&format!("type=\"{kind}\""))) {
            return Some(tag.split("value=\"").nth(1).and_then(|value| value.split('"').next()).unwrap_or_default().to_owned());
        }
    }
    None
}

#[tokio::test]
async fn a_form_that_is_refused_keeps_what_was_typed_and_shows_no_secret() {
    let target = Target::new().await;
    let mut looked = 0;
    for address in target.addresses().await.iter().filter(|address| address.posts) {
        let path = target.path(address);
        let typed: Vec<(&str, String)> = address.form.iter().map(|field| (*field, format!("/typed/into/{field}"))).collect();
        let body: Vec<(&str, &str)> = typed.iter().map(|(field, text)| (*field, text.as_str())).collect();
        let answer = target.browser().await.post(&path, &body).await;
        for (field, text) in &typed {
            if answer.status < 400 {
                continue;
            }
            match holds(address.path, field) {
                Holds::Secret | Holds::Made => assert!(!answer.text.contains(text.as_str()), "{path} shows what was typed into {field}"),
                _ if answer.status == 422 => {
                    if let Some(kept) = kept(&answer, field) {
                        assert_eq!(kept, *text, "{path} lost what was typed into {field}");
                        looked += 1;
                    }
                }
                _ => {}
            }
        }
    }
    assert!(looked > 5, "only {looked} fields were looked at");
}

#[tokio::test]
async fn a_session_that_ended_in_mid_form_keeps_what_was_typed_but_its_secrets() {
    let target = Target::new().await;
    target.at.world.wait(Duration::minutes(31));
    let before = events(&target.at.world).await;
    for address in target.addresses().await.iter().filter(|address| address.posts && address.entry == Entry::Member) {
        let path = target.path(address);
        let typed: Vec<(&str, String)> = address.form.iter().map(|field| (*field, format!("/typed/into/{field}"))).collect();
        let body: Vec<(&str, &str)> = typed.iter().map(|(field, text)| (*field, text.as_str())).collect();
        let answer = target.at.browser().post(&path, &body).await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.text.contains(&format!("action=\"{path}\"")), "{path}: {}", answer.text);
        for (field, text) in &typed {
            match holds(address.path, field) {
                Holds::Secret => assert!(!answer.text.contains(text.as_str()), "{path} shows {field}"),
                _ => assert_eq!(answer.field(field).as_ref(), Some(text), "{path} lost {field}"),
            }
        }
    }
    assert_eq!(events(&target.at.world).await, before);
}

#[tokio::test]
async fn nothing_that_is_asked_of_an_address_breaks_it() {
    let target = Target::new().await;
    let mut asked = 0;
    for address in target.addresses().await.iter().filter(|address| address.gets) {
        let path = target.path(address);
        let mut queries = vec!["?".to_owned(), "?nonsense=1&more[]=2&=&&&==".to_owned()];
        for field in address.query {
            queries.push(format!("?{field}=a&{field}=b"));
            queries.extend(nonsense().chain(endless()).map(|text| format!("?{}", encoded(&[(field, &text)]))));
        }
        if address.query.len() > 1 {
            queries.extend(nonsense().map(|text| format!("?{}", encoded(&address.query.iter().map(|field| (*field, text.as_str())).collect::<Vec<_>>()))));
        }
        for query in queries {
            let answer = target.browser().await.get(&format!("{path}{query}")).await;
            let shown: String = query.chars().take(120).collect();
            assert!(is_known(answer.status) && answer.status != 401, "{path}{shown}: {}: {}", answer.status, answer.text);
            assert!(!answer.text.contains("<script>alert(1)"), "{path}{shown}");
            assert!(
                answer.status < 400 || answer.text.contains("<h1") || answer.header("content-type").starts_with("text/plain"),
                "{path}{shown} says nothing: {}",
                answer.text
            );
            asked += 1;
        }
        for query in ["?x=%00", "?x=%FF", "?%C3%28"] {
            assert_eq!(target.at.browser().get(&format!("{path}{query}")).await.status, 400, "{path}{query}");
        }
    }
    assert!(asked > 500, "only {asked} addresses were asked");
}

#[tokio::test]
async fn nothing_in_the_place_of_an_id_breaks_an_address() {
    let target = Target::new().await;
    let before = events(&target.at.world).await;
    for address in target.addresses().await.iter().filter(|address| in_path(address.path).is_some()) {
        for text in nonsense().chain(endless()).filter(|text| !text.is_empty()) {
            let id: String = form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
            let path = filled(address.path, &id);
            let browser = target.browser().await;
            let mut answers = Vec::new();
            if address.gets {
                answers.push(browser.get(&path).await);
            }
            if address.posts {
                answers.push(browser.post(&path, &[]).await);
            }
            for answer in answers {
                assert!([404, 414].contains(&answer.status), "{path}: {}: {}", answer.status, answer.text);
            }
        }
        for id in ["%FF", "%00", "a%00b", "%C3%28"] {
            assert_eq!(target.at.browser().get(&filled(address.path, id)).await.status, 400, "{} with {id}", address.path);
        }
    }
    assert_eq!(events(&target.at.world).await, before);
}
