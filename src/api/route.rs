//! One operation as a value: where it is, which scope it needs, what it takes and gives, and what does it. The router, the OpenAPI document
//! and the tests that must hold at every operation are all made of the same table ([`super::router::routes`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::Method;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::give::{Give, Given};
use super::problem::Problem;
use super::take::{Asked, Take};
use crate::services::Desk;
use crate::services::api_keys::Scope;
use crate::services::payments::Errand;

#[derive(Clone)]
pub struct Route {
    /// What it is about, as the documents group it.
    pub noun: &'static str,
    pub method: Method,
    /// Below `/api/v1`, as axum writes it: what stands in braces is an id.
    pub path: &'static str,
    pub scope: Scope,
    /// Unique; what generated clients call it.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// What else there is to know; may be empty.
    pub about: &'static str,
    pub(super) described: Described,
    pub(super) act: Act,
}

/// What does it.
#[derive(Clone)]
pub(super) enum Act {
    /// On one desk: one transaction. It reads for GET, else it writes.
    Desk(Arc<DeskAct>),
    /// Over several desks: what renders, prices or talks to others in between.
    Errand(Arc<ErrandAct>),
}

type DeskAct = dyn for<'a> Fn(&'a mut Desk, &'a Asked) -> BoxFuture<'a, Result<Given, Problem>> + Send + Sync;
type ErrandAct = dyn for<'a> Fn(Errand, &'a Asked) -> BoxFuture<'a, Result<Given, Problem>> + Send + Sync;

/// What an operation takes and gives, as OpenAPI says it.
#[derive(Clone, Debug)]
pub struct Described {
    pub path: &'static str,
    pub parameters: Vec<Value>,
    pub body: Option<Value>,
    /// Status, content type, schema.
    pub answer: (u16, &'static str, Value),
    pub schemas: BTreeMap<String, Value>,
}

impl Described {
    /// A reference to a type's schema, which is kept with all that it refers to.
    pub fn schema<T: ToSchema>(&mut self) -> Value {
        let mut found = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut found);
        self.keep(found);
        json!({ "$ref": format!("#/components/schemas/{}", T::name()) })
    }

    pub fn keep(&mut self, schemas: Vec<(String, RefOr<Schema>)>) {
        self.schemas.extend(schemas.into_iter().map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default())));
    }
}

/// An async function over one desk. Implemented for every `async fn(&mut Desk, I) -> Result<O, Problem>`.
pub trait OnDesk<'a, I, O>: Copy + Send + Sync {
    type Doing: Future<Output = Result<O, Problem>> + Send + 'a;
    fn run(self, desk: &'a mut Desk, input: I) -> Self::Doing;
}

impl<'a, F, Doing, I, O> OnDesk<'a, I, O> for F
where
    F: Fn(&'a mut Desk, I) -> Doing + Copy + Send + Sync,
    Doing: Future<Output = Result<O, Problem>> + Send + 'a,
{
    type Doing = Doing;
    fn run(self, desk: &'a mut Desk, input: I) -> Doing {
        self(desk, input)
    }
}

impl Route {
    fn on_desk<I, O, F>(method: Method, path: &'static str, scope: Scope, act: F) -> Route
    where
        I: Take + 'static,
        O: Give + 'static,
        F: for<'a> OnDesk<'a, I, O> + 'static,
    {
        let act: Act = Act::Desk(Arc::new(move |desk, asked| {
            Box::pin(async move {
                let input = I::take(asked)?;
                act.run(desk, input).await?.give()
            })
        }));
        Route::made::<I, O>(method, path, scope, act)
    }

    fn made<I: Take, O: Give>(method: Method, path: &'static str, scope: Scope, act: Act) -> Route {
        let mut described = Described { path, parameters: Vec::new(), body: None, answer: (200, "", Value::Null), schemas: BTreeMap::new() };
        I::describe(&mut described);
        described.answer = O::describe(&mut described);
        Route { noun: "", method, path, scope, name: "", summary: "", about: "", described, act }
    }

    pub fn get<I: Take + 'static, O: Give + 'static, F: for<'a> OnDesk<'a, I, O> + 'static>(path: &'static str, scope: Scope, act: F) -> Route {
        Route::on_desk(Method::GET, path, scope, act)
    }

    pub fn post<I: Take + 'static, O: Give + 'static, F: for<'a> OnDesk<'a, I, O> + 'static>(path: &'static str, scope: Scope, act: F) -> Route {
        Route::on_desk(Method::POST, path, scope, act)
    }

    pub fn patch<I: Take + 'static, O: Give + 'static, F: for<'a> OnDesk<'a, I, O> + 'static>(path: &'static str, scope: Scope, act: F) -> Route {
        Route::on_desk(Method::PATCH, path, scope, act)
    }

    pub fn delete<I: Take + 'static, O: Give + 'static, F: for<'a> OnDesk<'a, I, O> + 'static>(path: &'static str, scope: Scope, act: F) -> Route {
        Route::on_desk(Method::DELETE, path, scope, act)
    }

    /// Over several desks.
    pub fn errand<I, O, F, Doing>(method: Method, path: &'static str, scope: Scope, act: F) -> Route
    where
        I: Take + 'static,
        O: Give + 'static,
        F: Fn(Errand, I) -> Doing + Copy + Send + Sync + 'static,
        Doing: Future<Output = Result<O, Problem>> + Send + 'static,
    {
        let act: Act = Act::Errand(Arc::new(move |errand, asked| {
            Box::pin(async move {
                let input = I::take(asked)?;
                act(errand, input).await?.give()
            })
        }));
        Route::made::<I, O>(method, path, scope, act)
    }

    /// Its name for generated clients, and what it does in one line.
    pub fn named(self, name: &'static str, summary: &'static str) -> Route {
        Route { name, summary, ..self }
    }

    /// What else there is to know.
    pub fn about(self, about: &'static str) -> Route {
        Route { about, ..self }
    }
}
