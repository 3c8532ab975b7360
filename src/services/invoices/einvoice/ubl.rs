//! UBL 2.1: an Invoice or a CreditNote, two schemas that differ in the names of a few elements. The order of elements is the schemas'.

use billing::invoice::DocumentKind;
use rust_decimal::Decimal;

use super::xml::Xml;
use super::{Category, DISCOUNT, Days, Document, Line, ONE, Party, SPECIFICATION, type_code};

const SPACES: &str = "xmlns:cac=\"urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2\" \
    xmlns:cbc=\"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2\"";

/// What the two schemas call differently.
struct Names {
    root: &'static str,
    type_code: &'static str,
    line: &'static str,
    quantity: &'static str,
}

const INVOICE: Names = Names { root: "Invoice", type_code: "cbc:InvoiceTypeCode", line: "cac:InvoiceLine", quantity: "cbc:InvoicedQuantity" };
const CREDIT_NOTE: Names = Names { root: "CreditNote", type_code: "cbc:CreditNoteTypeCode", line: "cac:CreditNoteLine", quantity: "cbc:CreditedQuantity" };

/// The document as UBL.
pub fn ubl(document: &Document) -> String {
    let names = match document.kind {
        DocumentKind::Invoice => INVOICE,
        DocumentKind::CreditNote => CREDIT_NOTE,
    };
    let mut xml = Xml::new();
    let root = format!("{0} xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:{0}-2\" {SPACES}", names.root);
    xml.within(&root, |xml| {
        xml.text("cbc:CustomizationID", SPECIFICATION);
        xml.text("cbc:ID", &document.number);
        xml.text("cbc:IssueDate", &document.issued_on.to_string());
        // A credit note's schema has no due date.
        if document.kind == DocumentKind::Invoice {
            xml.maybe("cbc:DueDate", document.due_on.map(|day| day.to_string()).as_deref());
        }
        xml.text(names.type_code, type_code(document.kind));
        if !document.notes.is_empty() {
            // One note at most, in this syntax.
            xml.text("cbc:Note", &document.notes.join("\n"));
        }
        xml.text("cbc:DocumentCurrencyCode", &document.currency);
        days(xml, document.period);
        if let Some(order) = &document.purchase_order {
            xml.within("cac:OrderReference", |xml| xml.text("cbc:ID", order));
        }
        for number in &document.corrects {
            xml.within("cac:BillingReference", |xml| xml.within("cac:InvoiceDocumentReference", |xml| xml.text("cbc:ID", number)));
        }
        xml.within("cac:AccountingSupplierParty", |xml| xml.within("cac:Party", |xml| party(xml, &document.seller)));
        xml.within("cac:AccountingCustomerParty", |xml| xml.within("cac:Party", |xml| party(xml, &document.buyer)));
        if let Some(terms) = &document.terms {
            xml.within("cac:PaymentTerms", |xml| xml.text("cbc:Note", terms));
        }
        taxes(xml, document);
        totals(xml, document);
        for (index, of) in document.lines.iter().enumerate() {
            xml.within(names.line, |xml| line(xml, names.quantity, &document.currency, index, of));
        }
    });
    xml.finish()
}

fn party(xml: &mut Xml, party: &Party) {
    xml.maybe("cbc:EndpointID schemeID=\"EM\"", party.email.as_deref());
    if let Some(id) = &party.identifier {
        xml.within("cac:PartyIdentification", |xml| xml.text("cbc:ID", id));
    }
    if let Some(name) = &party.trading_name {
        xml.within("cac:PartyName", |xml| xml.text("cbc:Name", name));
    }
    xml.within("cac:PostalAddress", |xml| {
        xml.maybe("cbc:StreetName", party.address.line1.as_deref());
        xml.maybe("cbc:AdditionalStreetName", party.address.line2.as_deref());
        xml.maybe("cbc:CityName", party.address.city.as_deref());
        xml.maybe("cbc:PostalZone", party.address.postal_code.as_deref());
        xml.maybe("cbc:CountrySubentity", party.address.region.as_deref());
        xml.within("cac:Country", |xml| xml.text("cbc:IdentificationCode", &party.country));
    });
    // What is no VAT id goes under another scheme than VAT.
    for (scheme, id) in [("VAT", &party.vat_id), ("TAX", &party.tax_registration)] {
        if let Some(id) = id {
            xml.within("cac:PartyTaxScheme", |xml| {
                xml.text("cbc:CompanyID", id);
                tax_scheme(xml, scheme);
            });
        }
    }
    xml.within("cac:PartyLegalEntity", |xml| xml.text("cbc:RegistrationName", &party.legal_name));
    if let Some(email) = &party.email {
        xml.within("cac:Contact", |xml| xml.text("cbc:ElectronicMail", email));
    }
}

fn taxes(xml: &mut Xml, document: &Document) {
    let currency = &document.currency;
    xml.within("cac:TaxTotal", |xml| {
        amount(xml, "cbc:TaxAmount", currency, document.totals.tax);
        for tax in &document.taxes {
            xml.within("cac:TaxSubtotal", |xml| {
                amount(xml, "cbc:TaxableAmount", currency, tax.base);
                amount(xml, "cbc:TaxAmount", currency, tax.amount);
                xml.within("cac:TaxCategory", |xml| {
                    category(xml, tax.category, tax.percent);
                    xml.maybe("cbc:TaxExemptionReasonCode", tax.category.reason_code());
                    xml.maybe("cbc:TaxExemptionReason", tax.reason.as_deref());
                    tax_scheme(xml, "VAT");
                });
            });
        }
    });
}

fn totals(xml: &mut Xml, document: &Document) {
    let (totals, currency) = (&document.totals, &document.currency);
    xml.within("cac:LegalMonetaryTotal", |xml| {
        amount(xml, "cbc:LineExtensionAmount", currency, totals.without_tax);
        amount(xml, "cbc:TaxExclusiveAmount", currency, totals.without_tax);
        amount(xml, "cbc:TaxInclusiveAmount", currency, totals.with_tax);
        if !totals.prepaid.is_zero() {
            amount(xml, "cbc:PrepaidAmount", currency, totals.prepaid);
        }
        if !totals.rounding.is_zero() {
            amount(xml, "cbc:PayableRoundingAmount", currency, totals.rounding);
        }
        amount(xml, "cbc:PayableAmount", currency, totals.due);
    });
}

fn line(xml: &mut Xml, quantity: &str, currency: &str, index: usize, line: &Line) {
    xml.text("cbc:ID", &(index + 1).to_string());
    xml.text(&format!("{quantity} unitCode=\"{ONE}\""), &line.quantity.to_string());
    amount(xml, "cbc:LineExtensionAmount", currency, line.amount);
    days(xml, line.period);
    if let Some(allowance) = &line.allowance {
        xml.within("cac:AllowanceCharge", |xml| {
            xml.text("cbc:ChargeIndicator", "false");
            xml.text("cbc:AllowanceChargeReasonCode", DISCOUNT);
            xml.text("cbc:AllowanceChargeReason", &allowance.reason);
            amount(xml, "cbc:Amount", currency, allowance.amount);
        });
    }
    xml.within("cac:Item", |xml| {
        xml.maybe("cbc:Description", line.description.as_deref());
        xml.text("cbc:Name", &line.name);
        xml.within("cac:ClassifiedTaxCategory", |xml| {
            category(xml, line.category, line.percent);
            tax_scheme(xml, "VAT");
        });
    });
    xml.within("cac:Price", |xml| amount(xml, "cbc:PriceAmount", currency, line.price));
}

fn category(xml: &mut Xml, category: Category, percent: Decimal) {
    xml.text("cbc:ID", category.code());
    if category != Category::OutsideScope {
        xml.text("cbc:Percent", &percent.to_string());
    }
}

fn tax_scheme(xml: &mut Xml, scheme: &str) {
    xml.within("cac:TaxScheme", |xml| xml.text("cbc:ID", scheme));
}

fn days(xml: &mut Xml, period: Option<Days>) {
    if let Some(Days { first, last }) = period {
        xml.within("cac:InvoicePeriod", |xml| {
            xml.text("cbc:StartDate", &first.to_string());
            xml.text("cbc:EndDate", &last.to_string());
        });
    }
}

fn amount(xml: &mut Xml, element: &str, currency: &str, amount: Decimal) {
    xml.text(&format!("{element} currencyID=\"{currency}\""), &amount.to_string());
}
