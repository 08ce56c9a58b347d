//! The catalog: the built-in sources load, and a broken declaration tells all that is wrong.

use frontdesk::config::CatalogConfig;
use frontdesk::source::catalog::Catalog;

#[test]
fn the_built_in_sources_load() {
    let catalog = Catalog::load(&CatalogConfig::default()).unwrap_or_else(|problems| {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"));
    });
    for name in ["contact_form", "meta", "shopify", "standard_webhooks"] {
        assert!(catalog.get(name).is_some(), "{name}");
    }
}
