//! The judge judges: a sound document spoiled in one way breaks the rule that is about it.

use portico::services::invoices::einvoice::{Category, Document, cii, draw, ubl};

use super::judge::judge;
use super::lives::documents;

/// In what way a document is spoiled, and the rule that must notice.
struct Spoiled {
    what: &'static str,
    rule: &'static str,
    /// Which document can be spoiled so.
    of: fn(&Document) -> bool,
    /// The first stretch from one mark to another is cut, marks and all, and something else put there.
    from: &'static str,
    to: &'static str,
    by: &'static str,
}

const fn spoiled(what: &'static str, rule: &'static str, of: fn(&Document) -> bool, [from, to, by]: [&'static str; 3]) -> Spoiled {
    Spoiled { what, rule, of, from, to, by }
}

fn taxed(document: &Document) -> bool {
    let [tax] = document.taxes.as_slice() else { return false };
    tax.category == Category::Standard && document.currency == "EUR" && document.seller.vat_id.is_some() && document.totals.due > 1.into()
}

fn invoice(document: &Document) -> bool {
    taxed(document) && document.corrects.is_empty()
}

fn discounted(document: &Document) -> bool {
    document.lines.iter().any(|line| line.allowance.is_some())
}

fn note(document: &Document) -> bool {
    !document.corrects.is_empty()
}

fn reversed(document: &Document) -> bool {
    document.taxes.iter().all(|tax| tax.category == Category::ReverseCharge)
}

fn outside(document: &Document) -> bool {
    document.taxes.iter().all(|tax| tax.category == Category::OutsideScope)
}

const CII: [Spoiled; 25] = [
    spoiled("no number", "BR-02", invoice, ["<rsm:ExchangedDocument><ram:ID>", "</ram:ID>", "<rsm:ExchangedDocument>"]),
    spoiled("no date", "BR-03", invoice, ["<ram:IssueDateTime>", "</ram:IssueDateTime>", ""]),
    spoiled("no type", "BR-04", invoice, ["<ram:TypeCode>380", "</ram:TypeCode>", ""]),
    spoiled("no currency", "BR-05", invoice, ["<ram:InvoiceCurrencyCode>", "</ram:InvoiceCurrencyCode>", ""]),
    spoiled("a seller without a name", "BR-06", invoice, ["<ram:SellerTradeParty><ram:Name>", "</ram:Name>", "<ram:SellerTradeParty>"]),
    spoiled("a buyer without a name", "BR-07", invoice, ["<ram:BuyerTradeParty><ram:Name>", "</ram:Name>", "<ram:BuyerTradeParty>"]),
    spoiled("a seller of no country", "BR-09", invoice, ["<ram:CountryID>", "</ram:CountryID>", ""]),
    spoiled("a line without a name", "BR-25", invoice, ["<ram:SpecifiedTradeProduct><ram:Name>", "</ram:Name>", "<ram:SpecifiedTradeProduct>"]),
    spoiled("a negative price", "BR-27", invoice, ["<ram:ChargeAmount>", "</ram:ChargeAmount>", "<ram:ChargeAmount>-1</ram:ChargeAmount>"]),
    spoiled(
        "a period that ends before it begins",
        "BR-30",
        invoice,
        ["<ram:StartDateTime><udt:DateTimeString format=\"102\">", "<", "<ram:StartDateTime><udt:DateTimeString format=\"102\">20991231<"],
    ),
    spoiled("a discount without a reason", "BR-42", discounted, ["<ram:ReasonCode>", "</ram:Reason>", ""]),
    spoiled(
        "an invoice corrected without a number",
        "BR-55",
        note,
        ["<ram:InvoiceReferencedDocument>", "</ram:IssuerAssignedID>", "<ram:InvoiceReferencedDocument>"],
    ),
    spoiled("three decimals", "BR-DEC-18", invoice, ["</ram:DuePayableAmount>", "", "1</ram:DuePayableAmount>"]),
    spoiled("a VAT id of no country", "BR-CO-09", invoice, ["<ram:ID schemeID=\"VA\">", "<", "<ram:ID schemeID=\"VA\">12345678<"]),
    spoiled(
        "lines that do not add up",
        "BR-CO-10",
        invoice,
        ["HeaderMonetarySummation><ram:LineTotalAmount>", "<", "HeaderMonetarySummation><ram:LineTotalAmount>1<"],
    ),
    spoiled("a net that is not of the lines", "BR-CO-13", invoice, ["<ram:TaxBasisTotalAmount>", "<", "<ram:TaxBasisTotalAmount>1<"]),
    spoiled(
        "a tax total that is not of its parts",
        "BR-CO-14",
        invoice,
        ["<ram:TaxTotalAmount currencyID=\"EUR\">", "<", "<ram:TaxTotalAmount currencyID=\"EUR\">0.01<"],
    ),
    spoiled("a gross that is not net and tax", "BR-CO-15", invoice, ["<ram:GrandTotalAmount>", "<", "<ram:GrandTotalAmount>1<"]),
    spoiled("an amount due that is not left", "BR-CO-16", invoice, ["<ram:DuePayableAmount>", "<", "<ram:DuePayableAmount>0.01<"]),
    spoiled("a tax that is not of its rate", "BR-CO-17", invoice, ["<ram:CalculatedAmount>", "<", "<ram:CalculatedAmount>9999<"]),
    spoiled("no tax by rate", "BR-CO-18", invoice, ["<ram:ApplicableTradeTax><ram:CalculatedAmount>", "</ram:ApplicableTradeTax>", ""]),
    spoiled("a base that is not of its lines", "BR-S-08", invoice, ["<ram:BasisAmount>", "<", "<ram:BasisAmount>1<"]),
    spoiled(
        "reverse charge without saying so",
        "BR-AE-10",
        reversed,
        ["<ram:ExemptionReason>", "</ram:ExemptionReasonCode>", "<ram:CategoryCode>AE</ram:CategoryCode>"],
    ),
    spoiled(
        "reverse charge of nobody’s VAT id",
        "BR-AE-02",
        reversed,
        ["<ram:SpecifiedTaxRegistration><ram:ID schemeID=\"VA\">DE", "</ram:SpecifiedTaxRegistration>", ""],
    ),
    spoiled(
        "a rate outside the scope of tax",
        "BR-O-05",
        outside,
        ["<ram:CategoryCode>O</ram:CategoryCode>", "", "<ram:CategoryCode>O</ram:CategoryCode><ram:RateApplicablePercent>5</ram:RateApplicablePercent>"],
    ),
];

const UBL: [Spoiled; 5] = [
    spoiled("no number", "BR-02", invoice, ["<cbc:ID>", "</cbc:ID>", ""]),
    spoiled("a negative price", "BR-27", invoice, ["<cbc:PriceAmount currencyID=\"EUR\">", "<", "<cbc:PriceAmount currencyID=\"EUR\">-1<"]),
    spoiled(
        "an amount due that is not left",
        "BR-CO-16",
        invoice,
        ["<cbc:PayableAmount currencyID=\"EUR\">", "<", "<cbc:PayableAmount currencyID=\"EUR\">0.01<"],
    ),
    spoiled("an invoice corrected without a number", "BR-55", note, ["<cac:InvoiceDocumentReference><cbc:ID>", "</cbc:ID>", "<cac:InvoiceDocumentReference>"]),
    spoiled("reverse charge of nobody’s VAT id", "BR-AE-02", reversed, ["<cac:PartyTaxScheme><cbc:CompanyID>DE", "</cac:PartyTaxScheme>", ""]),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_document_is_found_by_the_rule_about_it() {
    let drawn: Vec<Document> = documents().await.iter().map(|(_, snapshot)| draw(snapshot).unwrap()).collect();
    let written = |spoiled: &Spoiled, write: fn(&Document) -> String| {
        let sound = drawn.iter().filter(|document| (spoiled.of)(document)).map(write);
        sound.filter_map(|text| cut(&text, spoiled)).next().unwrap_or_else(|| panic!("no document can have {}", spoiled.what))
    };
    let cii = CII.iter().enumerate().map(|(index, spoiled)| (format!("{index}.cii.xml"), written(spoiled, cii), spoiled));
    let ubl = UBL.iter().enumerate().map(|(index, spoiled)| (format!("{index}.ubl.xml"), written(spoiled, ubl), spoiled));
    let all: Vec<_> = cii.chain(ubl).collect();
    let files: Vec<_> = all.iter().map(|(name, text, _)| (name.clone(), text.clone())).collect();
    let wrong = judge(&files);
    for (name, _, Spoiled { what, rule, .. }) in &all {
        let found: Vec<&str> = wrong[name].iter().map(|(rule, _)| rule.as_str()).collect();
        assert!(found.contains(rule), "{name} with {what} breaks {found:?}, not {rule}");
    }
}

/// `None` where the marks are not there.
fn cut(text: &str, spoiled: &Spoiled) -> Option<String> {
    let start = text.find(spoiled.from)?;
    let rest = start + spoiled.from.len();
    let end = rest + text[rest..].find(spoiled.to)? + spoiled.to.len();
    Some(format!("{}{}{}", &text[..start], spoiled.by, &text[end..]))
}
