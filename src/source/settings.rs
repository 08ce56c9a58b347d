//! The settings of an endpoint over the defaults of its source, for formulas. They hold tokens, so they never print.

use std::fmt;

use minijinja::Value;
use secrecy::ExposeSecret;

use crate::config::Endpoint;
use crate::expr::payload;
use crate::source::declaration::Source;

/// Settings by name.
#[derive(Clone)]
pub struct Settings(Value);

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Settings(…)")
    }
}

impl Settings {
    /// What the endpoint sets, over the source's defaults.
    pub fn of(source: &Source, endpoint: &Endpoint) -> Self {
        let given = |name: &str| endpoint.settings.get(name).map(ExposeSecret::expose_secret);
        Settings::over(source, given)
    }

    /// The source's defaults alone.
    pub fn defaults(source: &Source) -> Self {
        Settings::over(source, |_| None)
    }

    /// The source's defaults, and some text for every setting without: as if an endpoint set them all.
    pub fn supposed(source: &Source) -> Self {
        Settings::over(source, |name| {
            let default = &source.settings.get(name)?.default;
            default.is_none().then_some("a setting")
        })
    }

    fn over<'a>(source: &Source, given: impl Fn(&str) -> Option<&'a str>) -> Self {
        let pairs = source.settings.iter().filter_map(|(name, spec)| {
            let value = given(name).or(spec.default.as_deref())?;
            Some((name.clone(), Value::from(value)))
        });
        Settings(payload::of_pairs(pairs))
    }

    /// For a formula's scope.
    pub fn as_value(&self) -> Value {
        self.0.clone()
    }
}
