//! The API, read by people: a page at `/api` made of the OpenAPI document, without script.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use leptos::prelude::*;
use serde_json::{Map, Value};

use super::document::document;
use crate::app::App;
use crate::t;
use crate::ui::page;
use crate::words::{Words, escape};

pub async fn show(State(app): State<App>, headers: HeaderMap) -> Response {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let Some(vendor) = app.vendor_of_host(host) else {
        return (StatusCode::MISDIRECTED_REQUEST, "No portal answers to this host name.\n").into_response();
    };
    let w = Words::of(&vendor.locale);
    let doc = document();
    page::document(&app, &vendor, StatusCode::OK, &t!(w, "api-title"), || {
        view! {
            <main class="page api" id="main">
                <div class="answer">
                    <h1>{t!(w, "api-title")}</h1>
                    <p><a class="link" href="/api/v1/openapi.json">{t!(w, "api-document")}</a></p>
                </div>
                <div inner_html=prose(text(&doc["info"]["description"]))></div>
                {nouns(w, doc)}
                {problems(w, doc)}
                {types(w, doc)}
            </main>
        }
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// The operations, noun by noun.
fn nouns(w: Words, doc: &'static Value) -> impl IntoView {
    let tags = doc["tags"].as_array().into_iter().flatten();
    tags.map(|tag| {
        let noun = text(&tag["name"]);
        let operations: Vec<_> = fields(&doc["paths"])
            .flat_map(|(path, item)| fields(item).map(move |(method, operation)| (path, method, operation)))
            .filter(|(_, _, operation)| operation["tags"][0] == noun)
            .map(|(path, method, operation)| operation_view(w, path, method, operation))
            .collect();
        view! { <section class="sec"><div class="head"><h2>{noun}</h2></div>{operations}</section> }
    })
    .collect_view()
}

fn operation_view(w: Words, path: &str, method: &str, operation: &'static Value) -> impl IntoView {
    let parameters: Vec<_> = operation["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "query").collect();
    let body = operation["requestBody"]["content"]["application/json"].get("schema");
    let answers: Vec<_> = fields(&operation["responses"]).filter(|(status, _)| status.starts_with('2')).collect();
    view! {
        <article class="op" id=text(&operation["operationId"])>
            <h3>{text(&operation["summary"])}</h3>
            <p><code>{format!("{} /api/v1{path}", method.to_uppercase())}</code></p>
            {operation["description"].as_str().map(|about| view! { <p inner_html=inline(about)></p> })}
            <dl class="facts">
                <div><dt>{t!(w, "api-scope")}</dt><dd><code>{text(&operation["security"][0]["key"][0])}</code></dd></div>
                {body.map(|schema| view! { <div><dt>{t!(w, "api-body")}</dt><dd inner_html=kind(schema)></dd></div> })}
                {answers.into_iter().map(|(status, answer)| {
                    let kinds: Vec<_> = fields(&answer["content"]).map(|(_, content)| kind(&content["schema"])).collect();
                    view! { <div><dt>{t!(w, "api-answer", status = status)}</dt><dd inner_html=kinds.join(", ")></dd></div> }
                }).collect_view()}
            </dl>
            {(!parameters.is_empty()).then(|| table(w, t!(w, "api-query"), parameters.into_iter().map(|parameter| {
                let is_needed = parameter["required"] == true;
                (text(&parameter["name"]).to_owned(), kind(&parameter["schema"]), is_needed, text(&parameter["description"]).to_owned())
            }).collect()))}
        </article>
    }
}

/// Rows of name, type, whether it is needed, and what it means.
fn table(w: Words, caption: String, rows: Vec<(String, String, bool, String)>) -> impl IntoView {
    view! {
        <table>
            <caption class="vh">{caption}</caption>
            <thead><tr><th scope="col">{t!(w, "api-name")}</th><th scope="col">{t!(w, "api-meaning")}</th></tr></thead>
            <tbody>
                {rows.into_iter().map(|(name, kind, is_needed, meaning)| view! {
                    <tr>
                        <th scope="row"><code>{name}</code>{is_needed.then(|| view! { <span class="sub">{t!(w, "api-needed")}</span> })}</th>
                        <td><span inner_html=kind></span><span class="sub" inner_html=inline(&meaning)></span></td>
                    </tr>
                }).collect_view()}
            </tbody>
        </table>
    }
}

fn problems(w: Words, doc: &'static Value) -> impl IntoView {
    let rows = doc["x-problems"].as_array().into_iter().flatten().map(|kind| {
        view! {
            <tr id=format!("problem-{}", text(&kind["name"]))>
                <th scope="row"><code>{text(&kind["name"])}</code><span class="sub">{kind["status"].to_string()}</span></th>
                <td>{text(&kind["title"])}<span class="sub" inner_html=inline(text(&kind["meaning"]))></span></td>
            </tr>
        }
    });
    view! {
        <section class="sec" id="problems">
            <div class="head"><h2>{t!(w, "api-problems")}</h2></div>
            <p>{t!(w, "api-problems-lede")}</p>
            <table>
                <thead><tr><th scope="col">{t!(w, "api-name")}</th><th scope="col">{t!(w, "api-meaning")}</th></tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
}

fn types(w: Words, doc: &'static Value) -> impl IntoView {
    let all = fields(&doc["components"]["schemas"]).map(|(name, schema)| {
        let needed = |field: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|name| name == field));
        let rows: Vec<_> =
            fields(&schema["properties"]).map(|(field, of)| (field.clone(), kind(of), needed(field), text(&of["description"]).to_owned())).collect();
        let values: Vec<String> = schema["enum"].as_array().into_iter().flatten().map(|value| format!("<code>{}</code>", escape(text(value)))).collect();
        view! {
            <article class="op" id=format!("type-{name}")>
                <h3>{name.clone()}</h3>
                {schema["description"].as_str().map(|about| view! { <p inner_html=inline(about)></p> })}
                {(!values.is_empty()).then(|| view! { <p inner_html=values.join(", ")></p> })}
                {(!rows.is_empty()).then(|| table(w, name.clone(), rows))}
            </article>
        }
    });
    view! { <section class="sec" id="types"><div class="head"><h2>{t!(w, "api-types")}</h2></div>{all.collect_view()}</section> }
}

/// A schema in a few words, as HTML: a link to a type, or what JSON calls it.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|address| address.rsplit('/').next()) {
        return format!("<a href=\"#type-{0}\">{0}</a>", escape(name));
    }
    if let Some(of) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
        return of.iter().map(kind).collect::<Vec<_>>().join(" · ");
    }
    let of = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" · "),
        kind => text(kind).to_owned(),
    };
    if of == "array" {
        return format!("[{}]", kind(&schema["items"]));
    }
    let properties: Vec<String> = fields(&schema["properties"]).map(|(name, of)| format!("<code>{}</code>: {}", escape(name), kind(of))).collect();
    if properties.is_empty() { escape(&of) } else { format!("{{ {} }}", properties.join(", ")) }
}

/// Headings and paragraphs of the document's own words.
fn prose(markdown: &str) -> String {
    let block = |block: &str| match block.strip_prefix("## ") {
        Some(heading) => format!("<h2 class=\"sec\">{}</h2>", inline(heading)),
        None => format!("<p>{}</p>", inline(block)),
    };
    markdown.split("\n\n").map(block).collect()
}

/// Text with `code`, as HTML.
fn inline(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { format!("<code>{}</code>", escape(part)) } else { escape(part) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_marked_and_nothing_gets_through() {
        assert_eq!(inline("send `a<b` & more"), "send <code>a&lt;b</code> &amp; more");
        assert_eq!(prose("One\n\n## Two"), "<p>One</p><h2 class=\"sec\">Two</h2>");
    }
}
