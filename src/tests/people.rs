//! People for stories: invited, enrolled and signed in the way a person is, through the pages.
//!
//! ```ignore
//! let mira = world.member("mira@nordlicht.example", &customer_id, Role::Owner).await;
//! let page = mira.browser.get("/").await;
//! world.sign_in(&mira).await; // another browser of hers
//! ```

use chrono::Duration;
use portico::identity::enrolment;
use portico::identity::people::{self, Invitation};
use portico::services::customers::{self, Details, NewCustomer, Role};
use portico::services::invoices::{self, WithholdingRate};
use rust_decimal::Decimal;

use crate::world::{Persona, World};

/// Somebody who can sign in.
pub struct Person {
    pub email: String,
    pub password: String,
    pub identity_id: String,
    pub recovery_codes: Vec<String>,
    /// The browser they enrolled with: signed in, and its second factor fresh.
    pub browser: Persona,
}

impl World {
    /// Siam Robotics of Bangkok, a company that withholds 3 % tax of what it pays.
    pub async fn siam(&self, currency: &str) -> String {
        let mut desk = self.desk().await;
        let details = Details {
            name: "Siam Robotics".into(),
            legal_name: "Siam Robotics Co., Ltd.".into(),
            address_line1: Some("1 Rama IV".into()),
            city: Some("Bangkok".into()),
            country: "TH".into(),
            tax_id: Some("0994000165510".into()),
            locale: "en".into(),
            time_zone: "Asia/Bangkok".into(),
            ..Details::default()
        };
        let currency = billing::money::Currency::from_code(currency).unwrap();
        let id = customers::create(&mut desk, &NewCustomer { external_id: None, details, tax_exempt: false, currency }).await.unwrap();
        invoices::set_withholding_rate(&mut desk, &WithholdingRate { country: "TH".into(), percent: Decimal::from(3) }).await.unwrap();
        desk.commit().await.unwrap();
        id
    }

    /// A customer with nothing but a name.
    pub async fn customer(&self, name: &str) -> String {
        let mut desk = self.desk().await;
        let details = Details {
            name: name.to_owned(),
            legal_name: format!("{name} GmbH"),
            country: "DE".to_owned(),
            locale: "en".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
            ..Details::default()
        };
        let new = NewCustomer { external_id: None, details, tax_exempt: false, currency: billing::money::Currency::from_code("EUR").unwrap() };
        let id = customers::create(&mut desk, &new).await.unwrap();
        desk.commit().await.unwrap();
        id
    }

    /// Invites somebody; the token of their link.
    pub async fn invite(&self, email: &str, customer_id: &str, role: Role) -> (String, Option<String>) {
        let mut desk = self.desk().await;
        let invitation = Invitation { email, name: email.split('@').next().unwrap(), customer: Some((customer_id, role)) };
        let invited = people::invite(&mut desk, invitation).await.unwrap();
        desk.commit().await.unwrap();
        (invited.identity_id, invited.token)
    }

    /// A person who has accepted their invitation, enrolled, and is signed in.
    pub async fn member(&self, email: &str, customer_id: &str, role: Role) -> Person {
        let (identity_id, token) = self.invite(email, customer_id, role).await;
        let password = "nine gates at dawn".to_owned();
        let browser = self.visitor();
        let page = browser.post("/invitation", &[("token", &token.unwrap()), ("password", &password)]).await;
        assert_eq!((page.status, page.location()), (303, "/invitation"), "{}", page.text);
        let page = browser.get("/invitation").await;
        assert_eq!(page.status, 200);
        let code = self.offered_code(&identity_id).await;
        let page = browser.post("/invitation", &[("code", &code)]).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let recovery_codes = codes_on(&page.text);
        assert_eq!(recovery_codes.len(), 10);
        // The code just used stays behind: the next one is another.
        self.wait(Duration::seconds(30));
        Person { email: email.to_owned(), password, identity_id, recovery_codes, browser }
    }

    /// What the app of somebody who is enrolling would show.
    pub async fn offered_code(&self, identity_id: &str) -> String {
        let mut tx = self.app.db.read().await.unwrap();
        let seed = enrolment::offered_seed(&mut tx, &self.app, &self.vendor, identity_id).await.unwrap().unwrap();
        seed.code_of(self.now().timestamp().div_euclid(30))
    }

    /// What the person's app would show, not used before; waits for it where it must.
    pub async fn code(&self, person: &Person) -> String {
        loop {
            match people::demo_code(&self.app, &self.vendor, &person.email).await.unwrap() {
                Ok(code) => return code,
                Err(_) => self.wait(Duration::seconds(30)),
            }
        }
    }

    /// The person signs in on a browser.
    pub async fn sign_in_on(&self, browser: &Persona, person: &Person) {
        let page = browser.post("/sign-in", &[("email", &person.email), ("password", &person.password)]).await;
        assert_eq!((page.status, page.location()), (303, "/sign-in/code"), "{}", page.text);
        let page = browser.post("/sign-in/code", &[("code", &self.code(person).await)]).await;
        assert_eq!(page.status, 303, "{}", page.text);
    }

    /// The person signs in on a browser of their own.
    pub async fn sign_in(&self, person: &Person) -> Persona {
        let browser = self.visitor();
        self.sign_in_on(&browser, person).await;
        browser
    }
}

/// The recovery codes a page shows.
pub fn codes_on(page: &str) -> Vec<String> {
    page.split("<li><code>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}
