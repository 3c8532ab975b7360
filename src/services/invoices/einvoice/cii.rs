//! The Cross Industry Invoice (UN/CEFACT D16B, the subset of EN 16931 that Factur-X calls its profile EN 16931). The order of elements is
//! the schema's.

use chrono::NaiveDate;

use super::xml::Xml;
use super::{Category, DISCOUNT, Days, Document, Line, ONE, Party, SPECIFICATION, Tax, type_code};

const ROOT: &str = "rsm:CrossIndustryInvoice xmlns:rsm=\"urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100\" \
    xmlns:ram=\"urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100\" \
    xmlns:udt=\"urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100\"";

/// The document as a Cross Industry Invoice.
pub fn cii(document: &Document) -> String {
    let mut xml = Xml::new();
    xml.within(ROOT, |xml| {
        xml.within("rsm:ExchangedDocumentContext", |xml| {
            xml.within("ram:GuidelineSpecifiedDocumentContextParameter", |xml| xml.text("ram:ID", SPECIFICATION));
        });
        xml.within("rsm:ExchangedDocument", |xml| {
            xml.text("ram:ID", &document.number);
            xml.text("ram:TypeCode", type_code(document.kind));
            day(xml, "ram:IssueDateTime", document.issued_on);
            for note in &document.notes {
                xml.within("ram:IncludedNote", |xml| xml.text("ram:Content", note));
            }
        });
        xml.within("rsm:SupplyChainTradeTransaction", |xml| {
            for (index, of) in document.lines.iter().enumerate() {
                line(xml, index, of);
            }
            xml.within("ram:ApplicableHeaderTradeAgreement", |xml| {
                xml.within("ram:SellerTradeParty", |xml| party(xml, &document.seller));
                xml.within("ram:BuyerTradeParty", |xml| party(xml, &document.buyer));
                if let Some(order) = &document.purchase_order {
                    xml.within("ram:BuyerOrderReferencedDocument", |xml| xml.text("ram:IssuerAssignedID", order));
                }
            });
            // Nothing is delivered that has an address; the element is wanted all the same.
            xml.within("ram:ApplicableHeaderTradeDelivery", |_| {});
            xml.within("ram:ApplicableHeaderTradeSettlement", |xml| settlement(xml, document));
        });
    });
    xml.finish()
}

fn line(xml: &mut Xml, index: usize, line: &Line) {
    xml.within("ram:IncludedSupplyChainTradeLineItem", |xml| {
        xml.within("ram:AssociatedDocumentLineDocument", |xml| xml.text("ram:LineID", &(index + 1).to_string()));
        xml.within("ram:SpecifiedTradeProduct", |xml| {
            xml.text("ram:Name", &line.name);
            xml.maybe("ram:Description", line.description.as_deref());
        });
        xml.within("ram:SpecifiedLineTradeAgreement", |xml| {
            xml.within("ram:NetPriceProductTradePrice", |xml| xml.text("ram:ChargeAmount", &line.price.to_string()));
        });
        xml.within("ram:SpecifiedLineTradeDelivery", |xml| {
            xml.text(&format!("ram:BilledQuantity unitCode=\"{ONE}\""), &line.quantity.to_string());
        });
        xml.within("ram:SpecifiedLineTradeSettlement", |xml| {
            xml.within("ram:ApplicableTradeTax", |xml| {
                xml.text("ram:TypeCode", "VAT");
                xml.text("ram:CategoryCode", line.category.code());
                if line.category != Category::OutsideScope {
                    xml.text("ram:RateApplicablePercent", &line.percent.to_string());
                }
            });
            days(xml, line.period);
            if let Some(allowance) = &line.allowance {
                xml.within("ram:SpecifiedTradeAllowanceCharge", |xml| {
                    xml.within("ram:ChargeIndicator", |xml| xml.text("udt:Indicator", "false"));
                    xml.text("ram:ActualAmount", &allowance.amount.to_string());
                    xml.text("ram:ReasonCode", DISCOUNT);
                    xml.text("ram:Reason", &allowance.reason);
                });
            }
            xml.within("ram:SpecifiedTradeSettlementLineMonetarySummation", |xml| xml.text("ram:LineTotalAmount", &line.amount.to_string()));
        });
    });
}

fn party(xml: &mut Xml, party: &Party) {
    xml.maybe("ram:ID", party.identifier.as_deref());
    xml.text("ram:Name", &party.legal_name);
    if let Some(name) = &party.trading_name {
        xml.within("ram:SpecifiedLegalOrganization", |xml| xml.text("ram:TradingBusinessName", name));
    }
    if let Some(email) = &party.email {
        xml.within("ram:DefinedTradeContact", |xml| {
            xml.within("ram:EmailURIUniversalCommunication", |xml| xml.text("ram:URIID", email));
        });
    }
    xml.within("ram:PostalTradeAddress", |xml| {
        xml.maybe("ram:PostcodeCode", party.address.postal_code.as_deref());
        xml.maybe("ram:LineOne", party.address.line1.as_deref());
        xml.maybe("ram:LineTwo", party.address.line2.as_deref());
        xml.maybe("ram:CityName", party.address.city.as_deref());
        xml.text("ram:CountryID", &party.country);
        xml.maybe("ram:CountrySubDivisionName", party.address.region.as_deref());
    });
    if let Some(email) = &party.email {
        xml.within("ram:URIUniversalCommunication", |xml| xml.text("ram:URIID schemeID=\"EM\"", email));
    }
    for (scheme, id) in [("VA", &party.vat_id), ("FC", &party.tax_registration)] {
        if let Some(id) = id {
            xml.within("ram:SpecifiedTaxRegistration", |xml| xml.text(&format!("ram:ID schemeID=\"{scheme}\""), id));
        }
    }
}

fn settlement(xml: &mut Xml, document: &Document) {
    xml.text("ram:InvoiceCurrencyCode", &document.currency);
    for of in &document.taxes {
        tax(xml, of);
    }
    days(xml, document.period);
    if document.terms.is_some() || document.due_on.is_some() {
        xml.within("ram:SpecifiedTradePaymentTerms", |xml| {
            xml.maybe("ram:Description", document.terms.as_deref());
            if let Some(due_on) = document.due_on {
                day(xml, "ram:DueDateDateTime", due_on);
            }
        });
    }
    let totals = &document.totals;
    xml.within("ram:SpecifiedTradeSettlementHeaderMonetarySummation", |xml| {
        xml.text("ram:LineTotalAmount", &totals.without_tax.to_string());
        xml.text("ram:TaxBasisTotalAmount", &totals.without_tax.to_string());
        xml.text(&format!("ram:TaxTotalAmount currencyID=\"{}\"", document.currency), &totals.tax.to_string());
        if !totals.rounding.is_zero() {
            xml.text("ram:RoundingAmount", &totals.rounding.to_string());
        }
        xml.text("ram:GrandTotalAmount", &totals.with_tax.to_string());
        if !totals.prepaid.is_zero() {
            xml.text("ram:TotalPrepaidAmount", &totals.prepaid.to_string());
        }
        xml.text("ram:DuePayableAmount", &totals.due.to_string());
    });
    for number in &document.corrects {
        xml.within("ram:InvoiceReferencedDocument", |xml| xml.text("ram:IssuerAssignedID", number));
    }
}

fn tax(xml: &mut Xml, tax: &Tax) {
    xml.within("ram:ApplicableTradeTax", |xml| {
        xml.text("ram:CalculatedAmount", &tax.amount.to_string());
        xml.text("ram:TypeCode", "VAT");
        xml.maybe("ram:ExemptionReason", tax.reason.as_deref());
        xml.text("ram:BasisAmount", &tax.base.to_string());
        xml.text("ram:CategoryCode", tax.category.code());
        xml.maybe("ram:ExemptionReasonCode", tax.category.reason_code());
        if tax.category != Category::OutsideScope {
            xml.text("ram:RateApplicablePercent", &tax.percent.to_string());
        }
    });
}

fn days(xml: &mut Xml, period: Option<Days>) {
    if let Some(Days { first, last }) = period {
        xml.within("ram:BillingSpecifiedPeriod", |xml| {
            day(xml, "ram:StartDateTime", first);
            day(xml, "ram:EndDateTime", last);
        });
    }
}

/// Format 102: `YYYYMMDD`.
fn day(xml: &mut Xml, element: &str, day: NaiveDate) {
    xml.within(element, |xml| xml.text("udt:DateTimeString format=\"102\"", &day.format("%Y%m%d").to_string()));
}
