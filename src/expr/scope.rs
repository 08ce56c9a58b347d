//! The names a formula can read.

use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object};

/// A short list of names with their values; cloning it is cheap.
#[derive(Debug, Clone, Default)]
pub struct Scope(Arc<Names>);

#[derive(Debug, Clone, Default)]
struct Names(Vec<(&'static str, Value)>);

impl Scope {
    /// A scope with these names.
    pub fn new(names: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        Scope(Arc::new(Names(names.into_iter().collect())))
    }

    /// The same scope with one more name, which hides an older one.
    #[must_use]
    pub fn with(&self, name: &'static str, value: Value) -> Self {
        let mut names = Vec::with_capacity(self.0.0.len() + 1);
        names.push((name, value));
        names.extend(self.0.0.iter().filter(|(key, _)| *key != name).cloned());
        Scope(Arc::new(Names(names)))
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.find(name)
    }

    /// For MiniJinja.
    pub fn as_value(&self) -> Value {
        Value::from_dyn_object(Arc::clone(&self.0))
    }
}

impl Names {
    fn find(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }
}

impl Object for Names {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.find(key.as_str()?).cloned()
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.find(key).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.iter().map(|(key, _)| Value::from(*key)).collect())
    }
}
