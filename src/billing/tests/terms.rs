//! **Terms**: what can be billed together, and what its lines are called.

use billing::{
    price::Price,
    subscription::{Product, SubscriptionError, Terms},
};

use crate::world::{Life, add_on, flat, of, per_unit, plan};

#[test]
fn a_quantity_may_be_nought_but_not_less() {
    let seats = || vec![per_unit("seats", "900")];
    let with_add_on = |quantity| Terms { add_ons: vec![add_on("support", quantity, seats())], ..plan("team", seats()) };
    for quantity in [0, 1] {
        assert_eq!((of(quantity, plan("team", seats())).check(), with_add_on(quantity).check()), (Ok(()), Ok(())));
    }
    let refused = || Err(SubscriptionError::NegativeQuantity.into());
    assert_eq!((of(-1, plan("team", seats())).check(), with_add_on(-1).check()), (refused(), refused()));
}

#[test]
fn an_add_on_is_taken_once() {
    let with = |add_ons: [&str; 2]| Terms { add_ons: add_ons.map(|key| add_on(key, 1, vec![flat("fee", 600)])).to_vec(), ..plan("team", Vec::new()) };
    assert_eq!(with(["support", "backup"]).check(), Ok(()));
    assert_eq!(with(["support", "support"]).check(), Err(SubscriptionError::AddOnTwice("support".to_owned()).into()));
}

#[test]
fn a_line_is_called_by_its_product_and_price_unless_the_price_says_both() {
    let named = |name: &str| Price { name: name.to_owned(), ..flat(name, 100) };
    let prices = ["Team plan", "Seats", ""].map(named).to_vec();
    let names = Life::new(plan("Team", prices), "2024-06-01").begin().lines.into_iter().map(|line| line.name);
    assert_eq!(names.collect::<Vec<_>>(), ["Team plan", "Team · Seats", "Team"]);
}

#[test]
fn a_line_tells_its_product_and_the_product_its_key() {
    let support = add_on("support", 1, vec![flat("fee", 600)]);
    let document = Life::new(Terms { add_ons: vec![support], ..plan("team", vec![flat("base", 3000)]) }, "2024-06-01").begin();
    let products = document.lines.iter().filter_map(Product::of).collect::<Vec<_>>();
    assert_eq!(products, [Product::Plan("team".to_owned()), Product::AddOn("support".to_owned())]);
    assert_eq!(products.iter().map(Product::key).collect::<Vec<_>>(), ["team", "support"]);
}
