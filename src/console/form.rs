//! A form that was sent, once the gate has found it to be one of this session's.

use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::console::fault::Fault;

/// The fields of a form, in the order they were sent. A handler that takes one is behind the gate's check.
#[derive(Debug, Clone, Default)]
pub struct Form(Rc<Vec<(String, String)>>);

impl Form {
    /// Reads a form of the type `application/x-www-form-urlencoded`.
    pub fn read(body: &[u8]) -> Self {
        let fields = form_urlencoded::parse(body).into_owned().collect();
        Form(Rc::new(fields))
    }

    /// The first value of a field, without blanks around it; empty when the field is absent.
    pub fn text(&self, name: &str) -> &str {
        self.exact(name).trim()
    }

    /// The first value of a field as it was typed: for passwords.
    pub fn exact(&self, name: &str) -> &str {
        let field = self.0.iter().find(|(field, _)| field == name);
        field.map_or("", |(_, value)| value)
    }

    /// `None` when the field is absent or blank.
    pub fn maybe(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Every value of a field.
    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        let fields = self.0.iter().filter(move |(field, _)| field == name);
        fields.map(|(_, value)| value.as_str())
    }
}

impl FromRequest for Form {
    type Error = Fault;
    type Future = Ready<Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let form = request.extensions().get::<Form>().cloned();
        ready(form.ok_or_else(|| Fault::internal(&"a place that takes a form is not a POST")))
    }
}
