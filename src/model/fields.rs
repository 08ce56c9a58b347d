//! The fields of a record by their names.

use std::collections::HashMap;
use std::fmt;
use std::ops::Index;

use compact_str::CompactString;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value};

/// A field's name, or that of a part: it is short, so that most need no memory of their own.
pub type FieldName = CompactString;

/// So many are looked through faster than a table of them is made.
const FEW: usize = 32;

/// Fields by their public names, in the order in which they were told; absent and unknown ones are left out.
///
/// A record has a dozen or two, and is read, copied and compared far more often than it grows: a list that is looked
/// through takes a fraction of the time and memory of a table of hashes.
#[derive(Clone, Default)]
pub struct Fields(Vec<(FieldName, Value)>);

impl Fields {
    pub const fn new() -> Self {
        Fields(Vec::new())
    }

    pub fn with_capacity(count: usize) -> Self {
        Fields(Vec::with_capacity(count))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|(known, _)| known == name)
    }

    pub fn contains_key(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        let found = self.0.iter_mut().find(|(known, _)| known == name);
        found.map(|(_, value)| value)
    }

    /// The text of a field, when it has one.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// Sets a field where it stands, or behind the others; what stood there comes back.
    pub fn insert(&mut self, name: &str, value: Value) -> Option<Value> {
        if let Some(known) = self.get_mut(name) {
            return Some(std::mem::replace(known, value));
        }
        self.0.push((name.into(), value));
        None
    }

    /// Changes a field; one that is not there is `first` before.
    pub fn change(&mut self, name: &str, first: Value, change: impl FnOnce(&mut Value)) {
        if let Some(known) = self.get_mut(name) {
            return change(known);
        }
        let mut value = first;
        change(&mut value);
        self.0.push((name.into(), value));
    }

    /// Takes a field out; the others keep their order.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let position = self.position(name)?;
        Some(self.0.remove(position).1)
    }

    pub fn iter(&self) -> Iter<'_> {
        let pair: Pair = |(name, value)| (name, value);
        self.0.iter().map(pair)
    }

    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.0.iter().map(|(_, value)| value)
    }
}

/// The same fields with the same values; their order says nothing.
impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        // Mostly one is a copy of the other, in its order.
        let mut pairs = self.iter().zip(other.iter());
        self.len() == other.len()
            && pairs.all(|((name, value), (beside, there))| match name == beside {
                true => value == there,
                false => other.get(name) == Some(value),
            })
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Of a repeated name the last counts.
impl<N: Into<FieldName>> FromIterator<(N, Value)> for Fields {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(fields: I) -> Self {
        let fields = fields.into_iter();
        let mut found = Fields::with_capacity(fields.size_hint().0.min(FEW));
        found.extend(fields);
        found
    }
}

impl<N: Into<FieldName>> Extend<(N, Value)> for Fields {
    fn extend<I: IntoIterator<Item = (N, Value)>>(&mut self, fields: I) {
        // Whoever writes to the API may send any number.
        let mut many: HashMap<FieldName, usize> = HashMap::new();
        for (name, value) in fields {
            let name = name.into();
            if self.len() < FEW {
                self.insert(&name, value);
                continue;
            }
            if many.is_empty() {
                many.extend(
                    self.0
                        .iter()
                        .enumerate()
                        .map(|(at, (name, _))| (name.clone(), at)),
                );
            }
            match many.get(&name).and_then(|at| self.0.get_mut(*at)) {
                Some((_, known)) => *known = value,
                None => {
                    many.insert(name.clone(), self.0.len());
                    self.0.push((name, value));
                }
            }
        }
    }
}

impl IntoIterator for Fields {
    type Item = (FieldName, Value);
    type IntoIter = std::vec::IntoIter<(FieldName, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

type Pair = for<'f> fn(&'f (FieldName, Value)) -> (&'f str, &'f Value);
/// Fields one by one.
pub type Iter<'f> = std::iter::Map<std::slice::Iter<'f, (FieldName, Value)>, Pair>;

impl<'f> IntoIterator for &'f Fields {
    type Item = (&'f str, &'f Value);
    type IntoIter = Iter<'f>;

    fn into_iter(self) -> Iter<'f> {
        self.iter()
    }
}

impl From<Map<String, Value>> for Fields {
    fn from(members: Map<String, Value>) -> Self {
        members.into_iter().collect()
    }
}

impl From<Fields> for Map<String, Value> {
    fn from(fields: Fields) -> Self {
        let fields = fields.into_iter();
        fields.map(|(name, value)| (name.into(), value)).collect()
    }
}

impl From<Fields> for Value {
    fn from(fields: Fields) -> Self {
        Value::Object(fields.into())
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Told)
    }
}

struct Told;

impl<'de> Visitor<'de> for Told {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Fields, A::Error> {
        let mut broken = None;
        let told = std::iter::from_fn(|| match members.next_entry::<FieldName, Value>() {
            Ok(entry) => entry,
            Err(error) => {
                broken = Some(error);
                None
            }
        });
        let fields = told.collect();
        broken.map_or(Ok(fields), Err)
    }
}

/// A field that is not there is null.
impl Index<&str> for Fields {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, prop, prop_assert, prop_assert_eq, proptest};
    use serde_json::{Map, Value, json};

    use super::{FEW, Fields};

    /// A few names, so that they repeat, and many, so that a table of them is made.
    fn entries() -> impl Strategy<Value = Vec<(String, i32)>> {
        let few = prop::collection::vec(("[a-e]", 0..9), 0..12);
        let many = prop::collection::vec(("[a-z]{1,2}", 0..9), 0..4 * FEW);
        let own = |entries: Vec<(String, i32)>| entries;
        proptest::prelude::prop_oneof![few.prop_map(own), many.prop_map(own)]
    }

    proptest! {
        /// What a map of the library does with the same names, fields do.
        #[test]
        fn fields_are_like_a_map(entries in entries(), gone in "[a-e]", changed in "[a-e]") {
            let entries = entries.into_iter().map(|(name, value)| (name, Value::from(value)));
            let mut map: Map<String, Value> = entries.clone().collect();
            let mut fields: Fields = entries.collect();
            prop_assert_eq!(fields.remove(&gone), map.shift_remove(&gone));
            prop_assert_eq!(fields.insert(&changed, json!("x")), map.insert(changed.clone(), json!("x")));
            fields.change(&gone, json!(1), |value| *value = json!([value]));
            let first = map.entry(gone.clone()).or_insert(json!(1));
            *first = json!([first]);
            prop_assert_eq!(fields.get(&gone), map.get(&gone));
            prop_assert_eq!(serde_json::to_string(&fields).unwrap(), serde_json::to_string(&map).unwrap());
            let read: Fields = serde_json::from_str(&serde_json::to_string(&map).unwrap()).unwrap();
            prop_assert_eq!(&read, &fields);
            prop_assert_eq!(Value::from(fields.clone()), Value::Object(map.clone()));
            prop_assert!(fields.iter().eq(map.iter().map(|(name, value)| (name.as_str(), value))));
        }
    }

    #[test]
    fn the_order_of_fields_says_nothing() {
        let read = |text: &str| serde_json::from_str::<Fields>(text).unwrap();
        assert_eq!(read(r#"{"a": 1, "b": 2}"#), read(r#"{"b": 2, "a": 1}"#));
        assert_ne!(read(r#"{"a": 1, "b": 2}"#), read(r#"{"b": 2, "c": 1}"#));
        assert_ne!(read(r#"{"a": 1}"#), read(r#"{"a": 1, "b": null}"#));
    }

    #[test]
    fn numbers_keep_their_text() {
        let text = r#"{"price":19.90,"id":123456789012345678901234567890}"#;
        let fields: Fields = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&fields).unwrap(), text);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["[]", "null", "{\"a\":}", "{\"a\":1"] {
            assert!(serde_json::from_str::<Fields>(text).is_err(), "{text}");
        }
    }
}
