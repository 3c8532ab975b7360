//! While choosing: the page asks itself again with what is chosen, and takes over the parts that answer. Without script the same form has
//! a button for that.

use leptos::prelude::*;
use leptos::wasm_bindgen::{JsCast, JsValue};
use leptos::web_sys::{Event, FormData, HtmlFormElement, HtmlInputElement, UrlSearchParams};

/// The parts that are taken over, by id. The first says whom the page was written for.
const LIVE: [&str; 3] = ["live-answer", "live-left", "live-sheet"];
const WRITTEN_FOR: &str = "data-for";
const PAUSE: std::time::Duration = std::time::Duration::from_millis(200);

/// Listens to the inputs of the form with this id.
#[island]
pub fn LivePreview(form: String) -> impl IntoView {
    Effect::new(move |_| {
        let Some(element) = document().get_element_by_id(&form).and_then(|e| e.dyn_into::<HtmlFormElement>().ok()) else { return };
        let pending = StoredValue::new(None::<TimeoutHandle>);
        let turn = StoredValue::new(0_u32);
        let ask = move || {
            // From now on: an answer on its way would put back what has just been chosen.
            turn.set_value(turn.get_value().wrapping_add(1));
            if let Some(handle) = pending.get_value() {
                handle.clear();
            }
            let element = element.clone();
            pending.set_value(set_timeout_with_handle(move || leptos::task::spawn_local(refresh(element.clone(), turn)), PAUSE).ok());
        };
        // What is looked up when its button is pressed, not with each letter.
        let is_live = |input: &HtmlInputElement| !input.has_attribute("data-asked");
        let of_form = {
            let form = form.clone();
            move |event: &Event| {
                event
                    .target()
                    .and_then(|t| t.dyn_into::<HtmlInputElement>().ok())
                    .filter(|input| is_live(input) && input.form().is_some_and(|f| f.id() == form))
            }
        };
        let on_input = {
            let ask = ask.clone();
            window_event_listener(leptos::ev::input, move |event| {
                if of_form(&event).is_some() {
                    ask();
                }
            })
        };
        // One seat more or fewer.
        let on_click = window_event_listener(leptos::ev::click, move |event| {
            let Some(button) = event.target().and_then(|t| t.dyn_into::<leptos::web_sys::HtmlButtonElement>().ok()).filter(|b| b.name() == "step") else {
                return;
            };
            let Some(seats) = document().get_element_by_id("seats").and_then(|e| e.dyn_into::<HtmlInputElement>().ok()) else { return };
            if let (Ok(now), Ok(step)) = (seats.value().parse::<i32>(), button.value().parse::<i32>()) {
                event.prevent_default();
                seats.set_value(&now.saturating_add(step).max(1).to_string());
                ask();
            }
        });
        on_cleanup(move || {
            on_input.remove();
            on_click.remove();
        });
    });
}

/// Fetches the page for what is chosen now. An answer that a later choice has overtaken is dropped.
async fn refresh(form: HtmlFormElement, turn: StoredValue<u32>) {
    let mine = turn.get_value();
    let Some(path) = path_of(&form) else { return };
    let Some(fresh) = fetch(&path).await else { return };
    if turn.get_value() != mine {
        return;
    }
    // Another tab signed somebody else in, or turned to another customer: nothing of theirs is mixed into this page.
    let written_for = |page: &leptos::web_sys::Document| page.get_element_by_id(LIVE[0]).and_then(|answer| answer.get_attribute(WRITTEN_FOR));
    if let Some(theirs) = written_for(&fresh)
        && written_for(&document()).is_some_and(|ours| ours != theirs)
    {
        let _ = window().location().reload();
        return;
    }
    let focused = document().active_element().map(|e| e.id()).filter(|id| !id.is_empty());
    for id in LIVE {
        // What is being typed in stays as it is.
        let is_typed_in = document().active_element().is_some_and(|e| e.closest(&format!("#{id}")).ok().flatten().is_some() && is_typed(&e));
        if let (false, Some(old), Some(new)) = (is_typed_in, document().get_element_by_id(id), fresh.get_element_by_id(id)) {
            old.set_inner_html(&new.inner_html());
        }
    }
    if let Some(element) = focused.and_then(|id| document().get_element_by_id(&id)).and_then(|e| e.dyn_into::<leptos::web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&path));
    }
}

/// Whether it is a field that people type in.
fn is_typed(element: &leptos::web_sys::Element) -> bool {
    element.dyn_ref::<HtmlInputElement>().is_some_and(|input| input.type_() == "text")
}

/// The address the form would go to.
fn path_of(form: &HtmlFormElement) -> Option<String> {
    let data = FormData::new_with_form(form).ok()?;
    let params = UrlSearchParams::new_with_str_sequence_sequence(&data).ok()?;
    Some(format!("{}?{}", window().location().pathname().ok()?, params.to_string().as_string()?))
}

async fn fetch(path: &str) -> Option<leptos::web_sys::Document> {
    let response = wasm_bindgen_futures::JsFuture::from(window().fetch_with_str(path)).await.ok()?;
    let response: leptos::web_sys::Response = response.dyn_into().ok()?;
    if response.redirected() || matches!(response.status(), 401 | 403 | 404) {
        // Signed out meanwhile, or let in no more: the page says so itself.
        let _ = window().location().reload();
        return None;
    }
    let text = wasm_bindgen_futures::JsFuture::from(response.text().ok()?).await.ok()?.as_string()?;
    // Only what is shown: the page's head has a style of its own, which the policy of this page would refuse.
    let shown = &text[text.find("<main")?..text.rfind("</main>")?];
    let parser = leptos::web_sys::DomParser::new().ok()?;
    parser.parse_from_string(shown, leptos::web_sys::SupportedType::TextHtml).ok()
}
