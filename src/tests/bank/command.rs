//! The commands as an operator runs them on the demo: accounts, statements, and the test gateway's books beside ours.

use portico::platform::db::Db;

use crate::safekeeping::command::Shell;

const HEADS: &str = "booked_on,amount,currency,text,bank_reference\n";

#[tokio::test]
async fn a_statement_is_taken_in_whole_or_not_at_all_and_the_gateways_books_are_compared() {
    let shell = Shell::new();
    shell.prints(&["demo"]);
    assert_eq!(shell.prints(&["bank", "account", "list"]), "EUR  AT61 1904 3002 3457 3201  BKAUATWW  Kestrel Build GmbH\n");
    let wrong = ["bank", "account", "set", "--currency", "EUR", "--holder", "Kestrel", "--iban", "AT611904300234573202"];
    assert!(shell.fails(&wrong).starts_with("portico: --iban: A letter or digit of this IBAN is wrong"));

    let file = |name: &str, rows: &str| std::fs::write(shell.0.join(name), format!("{HEADS}{rows}")).unwrap();
    file("bad.csv", "2026-03-11,1.00,EUR,hello,B1\n2026-03-32,\"1,00\",EUR,hello,B2\n2026-03-11,1.00,CHF,hello,B3\n");
    let ended = shell.run(&["bank", "import", "bad.csv"]);
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((ended.status.code(), ended.stdout.len(), told.lines().count()), (Some(2), 0, 2), "{told}");
    assert!(told.contains("line 3, booked_on: “2026-03-32” is no day.") && told.contains("line 3, amount: “1,00” is no amount"), "{told}");
    assert_eq!(shell.prints(&["bank", "unmatched"]), "");

    file("good.csv", "2026-03-11,1.00,EUR,hello,B1\n");
    assert!(shell.prints(&["bank", "import", "good.csv"]).ends_with("1 new, 0 of them matched; 0 known already\n"));
    assert!(shell.prints(&["bank", "import", "good.csv"]).ends_with("0 new, 0 of them matched; 1 known already\n"));
    let waiting = shell.prints(&["bank", "unmatched"]);
    assert!(waiting.starts_with("ben_") && waiting.ends_with("  2026-03-11  €1.00  somebody  “hello”  It names no invoice.\n"), "{waiting}");

    let compared = shell.prints(&["reconcile"]);
    assert!(compared.starts_with("sandbox since ") && compared.ends_with(" compared, 0 differed, 0 left\n"), "{compared}");
    assert_eq!(shell.prints(&["reconcile", "--last"]), compared);
    let db = Db::open(&format!("sqlite:{}", shell.0.join("data/portico.db").display())).await.unwrap();
    let mut tx = db.write().await.unwrap();
    let one = "UPDATE sandbox_charges SET amount_minor = amount_minor + 100 WHERE reference = (SELECT MIN(reference) FROM sandbox_charges WHERE status = 'succeeded')";
    tx.run(one, ()).await.unwrap();
    tx.commit().await.unwrap();
    db.close().await;
    assert_eq!(shell.fails(&["reconcile"]), "portico: 1 left to see to\n");
    assert_eq!(shell.run(&["reconcile", "--last"]).status.code(), Some(1));
}
