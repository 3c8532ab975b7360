//! The usage page of a customer who builds: November 2026 of `look/usage.html`, day for day, and every state the page can be in.

use billing::calendar::{Interval, Unit};
use billing::money::Currency;
use billing::price::{Model, Price, Tier};
use billing::usage::Aggregate;
use chrono::{Datelike, Duration, NaiveDate};
use portico::identity::cookies;
use portico::identity::session::{self, Beginning, Transport};
use portico::services::usage::{self, NewEvent};
use portico::services::{catalog, customers, subscriptions};
use rust_decimal::Decimal;

use crate::billing::price;
use crate::world::{Answer, Persona, World, instant};

/// Minutes of each day of November until Saturday 21, 10:30.
const NOVEMBER: [i64; 21] = [142, 486, 571, 548, 622, 437, 158, 121, 534, 603, 688, 571, 462, 187, 133, 517, 640, 655, 594, 411, 60];

struct Kestrel {
    world: World,
    customer: String,
    mira: Persona,
}

fn metered(key: &str, aggregate: Aggregate, model: Model) -> Price {
    price(key, model, Some((key, aggregate)))
}

fn tier(up_to: Option<i64>, each: &str) -> Tier {
    Tier { up_to: up_to.map(Decimal::from), unit_amount: each.parse().unwrap(), flat_amount: Decimal::ZERO }
}

impl Kestrel {
    /// Nordlicht, on Team since 1 October 2026, Vienna time; nothing used yet.
    async fn new() -> Kestrel {
        let kestrel = Kestrel::without_plan().await;
        kestrel.subscribe().await;
        kestrel
    }

    async fn without_plan() -> Kestrel {
        let world = World::at("2026-09-30T22:00:00Z").await;
        let mut desk = world.desk().await;
        for (position, (key, name, unit, aggregate)) in
            (0..).zip([("build_minutes", "Build minutes", "minutes", Aggregate::Sum), ("storage", "Storage", "GB", Aggregate::Max)])
        {
            let new = catalog::NewMeter { key: key.to_owned(), name: name.to_owned(), unit: unit.to_owned(), aggregate, position };
            catalog::create_meter(&mut desk, &new).await.unwrap();
        }
        let details = customers::Details {
            name: "Nordlicht".to_owned(),
            legal_name: "Nordlicht Software GmbH".to_owned(),
            country: "AT".to_owned(),
            locale: "en".to_owned(),
            time_zone: "Europe/Vienna".to_owned(),
            ..customers::Details::default()
        };
        let new = customers::NewCustomer { external_id: None, details, tax_exempt: false, currency: Currency::from_code("EUR").unwrap() };
        let customer = customers::create(&mut desk, &new).await.unwrap();
        desk.commit().await.unwrap();
        let mira = sign_in(&world, &customer, "mira").await;
        Kestrel { world, customer, mira }
    }

    async fn subscribe(&self) {
        let month = Interval { unit: Unit::Month, count: 1 };
        let fee = Price { meter: None, ..metered("base", Aggregate::Sum, Model::Flat { amount_minor: 2_900 }) };
        let minutes = Model::Graduated { tiers: vec![tier(Some(1_000), "0"), tier(Some(10_000), "0.8"), tier(None, "0.5")] };
        let minutes = metered("build_minutes", Aggregate::Sum, minutes);
        let mut desk = self.world.desk().await;
        let new = catalog::NewPlan {
            key: "team".to_owned(),
            name: "Team".to_owned(),
            description: String::new(),
            position: 0,
            trial_days: 0,
            max_quantity: None,
            prices: [fee, minutes].into_iter().map(|price| catalog::NewPrice { interval: month, price }).collect(),
        };
        let plan_id = catalog::create_plan(&mut desk, &new).await.unwrap();
        catalog::publish_plan(&mut desk, &plan_id).await.unwrap();
        let request = subscriptions::StartRequest {
            customer_id: self.customer.clone(),
            external_id: None,
            plan_id,
            interval: month,
            quantity: Decimal::ONE,
            add_ons: vec![],
            coupons: vec![],
            promotion_code: None,
            trial_days: None,
            anchor: None,
            starts_at: None,
        };
        subscriptions::start(&mut desk, &request).await.unwrap();
        desk.commit().await.unwrap();
    }

    /// October and November until Saturday 21 November 2026, 10:30, in Vienna.
    async fn at_work() -> Kestrel {
        let kestrel = Kestrel::new().await;
        // Weekdays 450, weekends 150: 22 and 9 days of October, 11,250 in all.
        let october: Vec<i64> =
            (1..=31).map(|day| if NaiveDate::from_ymd_opt(2026, 10, day).unwrap().weekday().num_days_from_monday() < 5 { 450 } else { 150 }).collect();
        kestrel.use_days("2026-10-01", &october).await;
        kestrel.use_days("2026-11-01", &NOVEMBER).await;
        kestrel
    }

    /// So many minutes each day: nine tenths at 08:10 in the morning, the rest at 18:40. The clock moves on, and what falls due is billed.
    async fn use_days(&self, first: &str, minutes: &[i64]) {
        let first: NaiveDate = first.parse().unwrap();
        for (n, minutes) in (0..).zip(minutes) {
            let date = first + Duration::days(n);
            let midnight = billing::calendar::midnight(date, chrono_tz::Europe::Vienna).unwrap();
            let late = minutes / 10;
            let is_last = date == NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
            let parts = if is_last { vec![(*minutes, 8 * 60 + 10)] } else { vec![(minutes - late, 8 * 60 + 10), (late, 18 * 60 + 40)] };
            let events: Vec<NewEvent> = parts
                .into_iter()
                .map(|(minutes, at)| NewEvent {
                    id: format!("{date}-{at}"),
                    meter: "build_minutes".to_owned(),
                    quantity: Some(minutes.into()),
                    value: None,
                    time: Some(midnight + Duration::minutes(at)),
                })
                .collect();
            self.world.app.clock.set(if is_last { instant("2026-11-21T09:30:00Z") } else { midnight + Duration::hours(23) });
            let mut desk = self.world.desk().await;
            while !subscriptions::run_due(&mut desk, std::slice::from_ref(&self.customer), self.world.now()).await.unwrap().is_empty() {}
            usage::record(&mut desk, &self.customer, &events).await.unwrap();
            desk.commit().await.unwrap();
        }
    }

    async fn get(&self, path: &str) -> Answer {
        // Signed in afresh: the clock has moved.
        let visitor = sign_in(&self.world, &self.customer, "mira").await;
        visitor.get(path).await
    }
}

/// Somebody with a session, as an owner of the customer.
async fn sign_in(world: &World, customer: &str, name: &str) -> Persona {
    let mut desk = world.desk().await;
    let (vendor, identity, now) = (world.vendor.id.clone(), format!("idn_{name}_{customer}"), desk.now.wall_ms());
    desk.tx
        .run(
            "INSERT INTO identities (vendor_id, id, email, name, totp_last_step, created_at) VALUES ($1, $2, $3, $4, 0, $5) ON CONFLICT DO NOTHING",
            (vendor.clone(), identity.clone(), format!("{identity}@nordlicht.example"), name.to_owned(), now),
        )
        .await
        .unwrap();
    desk.tx
        .run(
            "INSERT INTO members (vendor_id, id, customer_id, identity_id, role, created_at) VALUES ($1, $2, $3, $4, 'owner', $5) ON CONFLICT DO NOTHING",
            (vendor, format!("mem_{identity}"), customer.to_owned(), identity.clone(), now),
        )
        .await
        .unwrap();
    let beginning = Beginning { identity_id: &identity, customer_id: Some(customer), device_id: None, user_agent: "test", ip: "127.0.0.1", factor_at: now };
    let (_, token) = session::begin(&mut desk.tx, &world.app, &world.vendor, Transport::Lax, beginning, now).await.unwrap();
    desk.commit().await.unwrap();
    let visitor = world.visitor();
    visitor.set_cookie(cookies::SESSION, &token);
    visitor
}

/// The page's text without its markup, spaces single.
fn words(page: &Answer) -> String {
    let mut out = String::new();
    let mut is_tag = false;
    for c in page.text.replace("<b>", "").replace("</b>", "").chars() {
        match c {
            '<' => is_tag = true,
            '>' => {
                is_tag = false;
                out.push(' ');
            }
            c if !is_tag => out.push(if c == '\u{202f}' { ' ' } else { c }),
            _ => {}
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn row(page: &Answer, head: &str) -> Vec<String> {
    let rows = page.text.split("<tr").filter(|row| row.contains(&format!("<th scope=\"row\">{head}<")));
    let row = rows.last().unwrap_or_else(|| panic!("no row {head}"));
    row.split("<td").skip(1).map(|cell| cell.split_once('>').unwrap().1.split('<').next().unwrap().replace('\u{202f}', " ")).collect()
}

#[tokio::test]
async fn the_page_answers_how_much_and_what_it_costs_and_the_table_gives_the_reasons() {
    let kestrel = Kestrel::at_work().await;
    let page = kestrel.get("/usage").await;
    assert_eq!(page.status, 200);
    let text = words(&page);
    assert!(text.contains("You used 9,140 minutes in November: €65.12 so far, about"), "{text}");
    assert!(text.contains("Saturday 21 November 2026, 10:30, Vienna time"));
    assert_eq!(row(&page, "Mon 2"), ["486", "628", "included", "0.00"]);
    assert_eq!(row(&page, "Tue 3"), ["571", "1,199", "included, then 0.8 ct", "1.59"]);
    assert_eq!(row(&page, "Fri 20"), ["411", "9,080", "0.8 ct", "64.64"]);
    assert!(text.contains("Sat 21 until 10:30 60 9,140 0.8 ct 65.12"), "{text}");
    assert!(text.contains("The 1,000 minutes included were used up on Tuesday 3 November; from there each costs 0.8 ct."));
    assert!(text.contains("Your busiest day was Wednesday 11 November with 688 minutes."));
    assert!(text.contains("Days begin at 00:00, Vienna time."));
    // October by the 21st, 10:30: 14 weekdays and 6 weekend days whole, and Wednesday 21's morning.
    assert!(text.contains("7,605 minutes by 21 October, 10:30; 11,250 in all"), "{text}");
    assert!(text.contains("8,140 minutes × 0.8 ct"));
    assert!(page.text.contains("Tue 3 Nov: 571 minutes, 372 included, 199 at 0.8\u{202f}ct"));
    assert!(!page.text.contains("style="));
}

#[tokio::test]
async fn what_it_costs_so_far_is_what_the_next_invoice_holds() {
    let kestrel = Kestrel::at_work().await;
    let mut desk = kestrel.world.desk().await;
    let customer = customers::load(&mut desk, &kestrel.customer).await.unwrap();
    let subscription = subscriptions::current(&mut desk, &kestrel.customer).await.unwrap().unwrap();
    let now = desk.now.billing;
    let upcoming = subscriptions::upcoming(&mut desk, &customer, &subscription, now, None).await.unwrap().unwrap();
    let lines = upcoming.priced.unwrap().document.lines;
    let usage: i64 = lines.iter().filter(|line| line.kind == billing::invoice::LineKind::Usage).map(|line| line.amount_minor).sum();
    assert_eq!(usage, 6_512);
    let report = usage::report(&mut desk, &kestrel.customer, &usage::Ask::default()).await.unwrap().unwrap();
    assert_eq!(report.cost_minor, Some(usage));
    // And with the forecast, what it will hold by then.
    let forecast = report.forecast.unwrap();
    let part = subscription.cycle.as_ref().unwrap().open[0].clone();
    let used = [billing::subscription::Used { product: part.product, price: part.price.key, units: forecast.total }];
    let upcoming = subscriptions::upcoming(&mut desk, &customer, &subscription, now, Some(&used)).await.unwrap().unwrap();
    let expected: i64 =
        upcoming.priced.unwrap().document.lines.iter().filter(|line| line.kind == billing::invoice::LineKind::Usage).map(|line| line.amount_minor).sum();
    assert_eq!(report.forecast_cost_minor, Some(expected));
}

#[tokio::test]
async fn a_period_gone_by_shows_what_it_cost() {
    let kestrel = Kestrel::at_work().await;
    let page = kestrel.get("/usage?meter=build_minutes&by=day&on=2026-10-15&against=on").await;
    assert_eq!(page.status, 200);
    // 9,000 × 0.8 ct and 1,250 × 0.5 ct.
    let text = words(&page);
    assert!(text.contains("You used 11,250 minutes in October, for €78.25."), "{text}");
    assert!(text.contains("9,000 × 0.8 ct and 1,250 × 0.5 ct"));
    assert!(text.contains("November →") && !text.contains("← September"));
    assert!(!text.contains("forecast"));
}

#[tokio::test]
async fn hours_months_and_chosen_days_are_cut_as_asked() {
    let kestrel = Kestrel::at_work().await;
    let by_hour = kestrel.get("/usage?by=hour").await;
    let text = words(&by_hour);
    assert_eq!(row(&by_hour, "Fri 20, 08:00"), ["370", "9,039", "0.8 ct", "64.31"]);
    assert!(text.contains("You used 9,140 minutes in November: €65.12 so far, about"), "{text}");
    // The day the clocks went back has 25 hours.
    let autumn = kestrel.get("/usage?by=hour&from=2026-10-25&to=2026-10-25").await;
    assert_eq!(autumn.text.matches("<tr><th scope=\"row\">").count() + autumn.text.matches("<tr class").count(), 25, "{}", words(&autumn));
    assert!(words(&autumn).contains("You used 150 minutes on 25 October; by then October held 8,850, for €62.80."), "{}", words(&autumn));
    let by_month = kestrel.get("/usage?by=month&from=2026-10-01&to=2026-11-30").await;
    assert_eq!(by_month.status, 200);
    assert_eq!(row(&by_month, "October 2026"), ["11,250", "11,250"]);
    assert!(words(&by_month).contains("not one billing period"));
}

#[tokio::test]
async fn what_is_too_much_for_a_page_is_shown_more_coarsely_and_the_file_has_it() {
    let kestrel = Kestrel::at_work().await;
    let page = kestrel.get("/usage?by=hour&from=2026-09-01&to=2026-11-21").await;
    assert_eq!(page.status, 200);
    assert!(words(&page).contains("shown by day. The CSV has every hour."));
    let file = kestrel.get("/usage.csv?meter=build_minutes&by=hour&from=2026-09-01&to=2026-11-21").await;
    assert_eq!(file.status, 200);
    assert_eq!(file.text.lines().count(), 1 + 81 * 24 + 1 + 11, "{}", file.text.lines().last().unwrap());
}

#[tokio::test]
async fn the_file_has_the_figures_of_the_table_with_iso_times_and_the_zone() {
    let kestrel = Kestrel::at_work().await;
    let file = kestrel.get("/usage.csv?meter=build_minutes&by=day").await;
    assert_eq!((file.status, file.header("content-type")), (200, "text/csv; charset=utf-8"));
    assert!(file.header("content-disposition").contains("usage-build_minutes-2026-11-01-by-day.csv"));
    let lines: Vec<&str> = file.text.split("\r\n").collect();
    assert_eq!(lines[0], "from,to,time_zone,meter,unit,used,running_total,currency,cost_so_far");
    assert_eq!(lines[3], "2026-11-03T00:00:00+01:00,2026-11-04T00:00:00+01:00,Europe/Vienna,Build minutes,minutes,571,1199,EUR,1.59");
    assert_eq!(lines[21], "2026-11-21T00:00:00+01:00,2026-11-21T10:30:00+01:00,Europe/Vienna,Build minutes,minutes,60,9140,EUR,65.12");
    assert_eq!(lines.len(), 23);
}

#[tokio::test]
async fn a_value_that_cannot_be_is_named_and_what_can_be_is_shown() {
    let kestrel = Kestrel::at_work().await;
    for (query, sentence) in [
        ("by=minute", "Choose by hour, by day or by month."),
        ("meter=nothing", "There is no such meter."),
        ("on=yesterday", "Write a date as 2026-11-21"),
        ("from=2026-11-01", "needs its first and its last day"),
        ("from=2026-11-20&to=2026-11-01", "lies before the first"),
        ("from=2000-01-01&to=2026-11-01", "at most ten years"),
        ("from=0001-01-01&to=0001-01-02", "no usage at that date"),
        ("from=2026-11-31&to=2026-12-01", "Write a date"),
        ("meter=%3Cscript%3E", "There is no such meter."),
    ] {
        let page = kestrel.get(&format!("/usage?{query}")).await;
        let text = words(&page);
        assert_eq!(page.status, 422, "{query}");
        assert!(text.contains(sentence), "{query}: {text}");
        assert!(text.contains("You used 9,140 minutes in November"), "{query}: {text}");
        assert!(!page.text.contains("<script>"));
        assert_eq!(kestrel.get(&format!("/usage.csv?{query}")).await.status, 422, "{query}");
    }
}

#[tokio::test]
async fn before_the_first_use_the_page_says_what_will_be_there() {
    let kestrel = Kestrel::new().await;
    let page = kestrel.mira.get("/usage").await;
    let text = words(&page);
    assert_eq!(page.status, 200);
    assert!(text.contains("Build minutes: nothing used yet.") && text.contains("Once you use the first minutes"), "{text}");
    assert!(!page.text.contains("class=\"plot\""));
}

#[tokio::test]
async fn without_a_plan_usage_is_shown_and_nothing_is_charged() {
    let kestrel = Kestrel::without_plan().await;
    kestrel.use_days("2026-10-01", &[100, 200, 300]).await;
    let page = kestrel.get("/usage").await;
    let text = words(&page);
    assert_eq!(page.status, 200);
    assert!(text.contains("You used 600 minutes in October") && text.contains("You have no plan at the moment"), "{text}");
    assert!(!text.contains("Cost so far"));
}

#[tokio::test]
async fn a_level_is_shown_as_its_highest_and_costs_nothing_where_it_has_no_price() {
    let kestrel = Kestrel::at_work().await;
    let mut desk = kestrel.world.desk().await;
    for (id, gb, time) in [("s1", 40, "2026-11-02T12:00:00Z"), ("s2", 62, "2026-11-18T12:00:00Z"), ("s3", 55, "2026-11-19T12:00:00Z")] {
        let event = NewEvent { id: id.to_owned(), meter: "storage".to_owned(), quantity: Some(gb.into()), value: None, time: Some(instant(time)) };
        usage::record(&mut desk, &kestrel.customer, &[event]).await.unwrap();
    }
    desk.commit().await.unwrap();
    let page = kestrel.get("/usage?meter=storage").await;
    let text = words(&page);
    assert!(text.contains("You had 62 GB at most in November.") && text.contains("Your plan does not charge for this."), "{text}");
    assert_eq!(row(&page, "Thu 19"), ["55", "62"]);
}

#[tokio::test]
async fn strangers_and_other_customers_see_nothing_of_it() {
    let kestrel = Kestrel::at_work().await;
    let stranger = kestrel.world.visitor().get("/usage").await;
    assert_eq!((stranger.status, stranger.location()), (303, "/sign-in?next=%2Fusage"));
    assert_eq!(kestrel.world.visitor().get("/usage.csv").await.status, 303);
    let mut desk = kestrel.world.desk().await;
    let details = customers::Details {
        name: "Other".to_owned(),
        legal_name: "Other".to_owned(),
        country: "AT".to_owned(),
        locale: "en".to_owned(),
        time_zone: "Europe/Vienna".to_owned(),
        ..Default::default()
    };
    let other =
        customers::create(&mut desk, &customers::NewCustomer { external_id: None, details, tax_exempt: false, currency: Currency::from_code("EUR").unwrap() })
            .await
            .unwrap();
    desk.commit().await.unwrap();
    let page = sign_in(&kestrel.world, &other, "tom").await.get("/usage").await;
    assert!(!page.text.contains("9,140"), "{}", words(&page));
    assert!(words(&page).contains("nothing used yet"));
}
