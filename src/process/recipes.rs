//! The recipes of all endpoints, and how an event finds its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::config::Endpoint;
use crate::model::field::Kind;
use crate::model::problem::Problem;
use crate::process::recipe::{FieldRecipe, Recipe, ValueRecipe};
use crate::source::catalog::Catalog;
use crate::source::declaration::Source;

/// Every recipe, compiled from one reading of the configuration.
#[derive(Debug)]
pub struct Recipes {
    by_endpoint: BTreeMap<String, Arc<Recipe>>,
    catalog: Arc<Catalog>,
    /// Recipes without an endpoint, made when an event first asks for one.
    spare: Mutex<BTreeMap<String, Arc<Recipe>>>,
}

impl Recipes {
    /// Compiles one recipe per endpoint. An endpoint whose source is not in the catalog is a problem of its own.
    ///
    /// # Errors
    /// Everything that does not compile, with file and line.
    pub fn compile(catalog: Arc<Catalog>, endpoints: &[Endpoint]) -> Result<Self, Vec<Problem>> {
        let mut by_endpoint = BTreeMap::new();
        let mut problems = Vec::new();
        for endpoint in endpoints {
            let Some(source) = catalog.get(&endpoint.source) else {
                problems.push(Problem {
                    file: "frontdesk.toml".to_owned(),
                    line: endpoint.line,
                    message: format!("there is no source called \"{}\"", endpoint.source).into(),
                });
                continue;
            };
            match Recipe::compile(source, endpoint) {
                Ok(recipe) => {
                    by_endpoint.insert(endpoint.name.clone(), Arc::new(recipe));
                }
                Err(found) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            problems.sort();
            problems.dedup();
            return Err(problems);
        }
        Ok(Recipes {
            by_endpoint,
            catalog,
            spare: Mutex::default(),
        })
    }

    /// The recipe for an event that came in at `endpoint` from `source`.
    ///
    /// An endpoint that is gone, or that speaks another source by now, leaves its events the source's defaults.
    /// `None` when the source is gone too.
    pub fn of_event(&self, endpoint: &str, source: &str) -> Option<Arc<Recipe>> {
        match self.by_endpoint.get(endpoint) {
            Some(recipe) if recipe.source == source => Some(Arc::clone(recipe)),
            _ => self.spare(source),
        }
    }

    /// Whether an endpoint of this name is configured.
    pub fn has_endpoint(&self, name: &str) -> bool {
        self.by_endpoint.contains_key(name)
    }

    /// The declaration of a source.
    pub fn source(&self, name: &str) -> Option<&Source> {
        self.catalog.get(name)
    }

    /// The fields that some endpoint's mapping fills: `lead.budget`, `contact.address.country`. Without an endpoint there
    /// is nothing to go by, so every field counts.
    pub fn filled(&self) -> BTreeSet<String> {
        let mut filled = BTreeSet::new();
        if self.by_endpoint.is_empty() {
            for kind in Kind::ALL {
                let names = kind.fields().iter().map(|field| field.name);
                filled.extend(names.map(|name| format!("{}.{name}", kind.as_str())));
            }
            return filled;
        }
        let recipes = self.by_endpoint.values();
        for record in recipes.flat_map(|it| &it.events).flat_map(|it| &it.records) {
            record
                .fields
                .iter()
                .for_each(|field| fill(&mut filled, record.kind.as_str(), field));
        }
        filled
    }

    fn spare(&self, name: &str) -> Option<Arc<Recipe>> {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(recipe) = spare.get(name) {
            return Some(Arc::clone(recipe));
        }
        let recipe = Recipe::of_source(self.catalog.get(name)?, None).ok()?;
        let recipe = Arc::new(recipe);
        spare.insert(name.to_owned(), Arc::clone(&recipe));
        Some(recipe)
    }
}

fn fill(filled: &mut BTreeSet<String>, above: &str, field: &FieldRecipe) {
    let path = format!("{above}.{}", field.name);
    match &field.value {
        ValueRecipe::Formula(_) => drop(filled.insert(path)),
        ValueRecipe::Object(parts) | ValueRecipe::Each { fields: parts, .. } => {
            parts.iter().for_each(|part| fill(filled, &path, part));
        }
        ValueRecipe::Entries(entries) => {
            entries
                .iter()
                .flatten()
                .for_each(|part| fill(filled, &path, part));
        }
    }
}

/// The recipes in use: replaced as a whole when an endpoint changes, while batches go on with the old ones.
#[derive(Debug)]
pub struct LiveRecipes(RwLock<Arc<Recipes>>);

impl LiveRecipes {
    pub fn new(recipes: Recipes) -> Self {
        LiveRecipes(RwLock::new(Arc::new(recipes)))
    }

    pub fn current(&self) -> Arc<Recipes> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn replace(&self, recipes: Recipes) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(recipes);
    }
}
