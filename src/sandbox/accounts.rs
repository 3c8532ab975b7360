//! The page where an account is typed in, and its holder agrees to the mandate by which it may be debited.

use super::entry::{AccountForm, EntryError};
use super::html::{Field, Focus, GO_BACK, cancel_form};
use crate::services::payments::sandbox::debits::ACCOUNTS;
use crate::words::escape;

/// The whole page.
pub fn page(page_url: &str, vendor_name: &str, form: &AccountForm, errors: &[EntryError]) -> String {
    format!(
        "<h1>Add a test account for {}</h1><p>Only the test accounts listed below work.</p>{}{}{}",
        escape(vendor_name),
        account_form(vendor_name, form, errors, Focus::FirstError, GO_BACK),
        cancel_form(page_url),
        table(),
    )
}

/// The same fields for a frame.
pub fn fields(vendor_name: &str, form: &AccountForm, errors: &[EntryError]) -> String {
    account_form(vendor_name, form, errors, Focus::Left, "")
}

fn account_form(vendor_name: &str, form: &AccountForm, errors: &[EntryError], focus: Focus, go_back: &str) -> String {
    let iban = Field {
        name: "iban",
        label: "IBAN",
        hint: "A published test account",
        // No number is ever sent back.
        value: "",
        rest: "autocomplete=\"off\" autocapitalize=\"characters\" spellcheck=\"false\" maxlength=\"50\" required",
    };
    let holder = Field {
        name: "holder",
        label: "Account holder",
        hint: "Any name, not kept",
        value: &form.holder,
        rest: "autocomplete=\"name\" maxlength=\"200\" required",
    };
    let not_agreed = errors.iter().find(|(field, _)| *field == "agrees").map(|(_, sentence)| *sentence);
    format!(
        "<form method=\"post\">{}{}{}<label class=\"check\"><input type=\"checkbox\" name=\"agrees\" value=\"yes\" required{}><span>{}</span></label><button>Add this account</button>{go_back}</form>",
        iban.told(errors, focus),
        holder.told(errors, focus),
        not_agreed.map(|sentence| format!("<span class=\"err\" id=\"agrees-error\" role=\"alert\">{sentence}</span>")).unwrap_or_default(),
        if not_agreed.is_some() { " aria-invalid=\"true\" aria-describedby=\"agrees-error\"" } else { "" },
        mandate(vendor_name),
    )
}

/// What the holder agrees to: the wording that the scheme asks for.
fn mandate(vendor_name: &str) -> String {
    format!(
        "I authorise {vendor} and its payment provider to send instructions to my bank to debit my account, and my bank to debit it in accordance with those instructions. I am entitled to a refund from my bank under the terms of my agreement with it; it must be claimed within 8 weeks of the debit. {vendor} tells me of each debit ahead of it.",
        vendor = escape(vendor_name)
    )
}

/// The published accounts.
pub fn table() -> String {
    let rows: String = ACCOUNTS.iter().map(|account| format!("<tr><th scope=\"row\">{}</th><td>{}</td></tr>", account.iban, escape(account.what))).collect();
    format!(
        "<h2>Test accounts</h2><p>With any name. Every other number is refused.</p><table><thead><tr><th scope=\"col\">IBAN</th><th scope=\"col\">What happens</th></tr></thead><tbody>{rows}</tbody></table>"
    )
}
