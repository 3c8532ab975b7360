//! How an open invoice is paid by bank transfer: the account, the reference, and the code that a bank's app reads both from.

use billing::transfer::{Number, payment_code, printed};
use leptos::prelude::*;

use crate::islands::copy::CopyButton;
use crate::services::bank::TransferTo;
use crate::services::invoices::Invoice;
use crate::t;
use crate::ui::qr::qr;
use crate::words::Words;

pub fn section(w: Words, invoice: &Invoice, transfer: &TransferTo) -> impl IntoView + use<> {
    let amount = w.money(invoice.due_minor, &invoice.currency);
    let TransferTo { account, reference } = transfer;
    let code = payment_code(account, &invoice.currency, invoice.due_minor, reference);
    let scan = code.is_some().then(|| view! { <p class="sub">{t!(w, "transfer-scan")}</p> });
    let code = code.and_then(|code| qr(&code, t!(w, "transfer-code", amount = &amount, holder = &account.holder)));
    let copied = |text: String, label: String| view! { <CopyButton text=text label=label done=t!(w, "copied") /> };
    let number = match &account.number {
        Number::Iban { iban, bic } => {
            let bic = bic.as_ref().map(|bic| view! { <div><dt>{t!(w, "transfer-bic")}</dt><dd>{bic.text().to_owned()}</dd></div> });
            view! {
                <div><dt>{t!(w, "transfer-iban")}</dt><dd>{iban.to_string()}" "{copied(iban.text().to_owned(), t!(w, "transfer-copy-iban"))}</dd></div>
                {bic}
            }
            .into_any()
        }
        Number::PromptPay(id) => view! { <div><dt>{t!(w, "transfer-promptpay")}</dt><dd>{id.to_string()}</dd></div> }.into_any(),
    };
    view! {
        <section class="sec" aria-labelledby="transfer">
            <h2 id="transfer">{t!(w, "transfer-heading")}</h2>
            <div class="transfer">
                <dl>
                    <div><dt>{t!(w, "transfer-amount")}</dt><dd><b>{amount}</b></dd></div>
                    <div><dt>{t!(w, "transfer-reference")}</dt><dd>{printed(reference)}" "{copied(reference.clone(), t!(w, "transfer-copy-reference"))}</dd></div>
                    <div><dt>{t!(w, "transfer-holder")}</dt><dd>{account.holder.clone()}</dd></div>
                    {number}
                </dl>
                {code}
            </div>
            <p class="sub">{t!(w, "transfer-how")}</p>
            {scan}
        </section>
    }
}
