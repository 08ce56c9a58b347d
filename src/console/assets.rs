//! Styles and modules, embedded; served under a folder that is named by what is in it, so that they may be kept for ever.

use std::sync::OnceLock;

use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};

static ASSETS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/console/assets");

/// One style sheet: the files of `css/` in the order of their names.
const STYLE: &str = "console.css";

/// A file as it is served.
pub struct Asset {
    pub content_type: &'static str,
    pub body: &'static [u8],
}

/// Everything, and the name of its folder.
struct Assets {
    folder: String,
    style: String,
}

fn assets() -> &'static Assets {
    static ALL: OnceLock<Assets> = OnceLock::new();
    ALL.get_or_init(|| {
        let style = sheets().collect::<Vec<_>>().join("\n");
        let mut hash = Sha256::new();
        hash.update(style.as_bytes());
        for (name, body) in modules() {
            hash.update(name.as_bytes());
            hash.update(body);
        }
        let mut folder = hex::encode(hash.finalize());
        folder.truncate(12);
        Assets { folder, style }
    })
}

fn sheets() -> impl Iterator<Item = &'static str> {
    let mut files: Vec<_> = ASSETS
        .get_dir("css")
        .into_iter()
        .flat_map(Dir::files)
        .collect();
    files.sort_by_key(|file| file.path());
    files.into_iter().filter_map(|file| file.contents_utf8())
}

fn modules() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    let mut files: Vec<_> = ASSETS
        .get_dir("js")
        .into_iter()
        .flat_map(Dir::files)
        .collect();
    files.sort_by_key(|file| file.path());
    files.into_iter().filter_map(|file| {
        let name = file.path().file_name()?.to_str()?;
        Some((name, file.contents()))
    })
}

/// Where a file is served: `/assets/3f0c…/console.css`.
pub fn path(name: &str) -> String {
    format!("/assets/{}/{name}", assets().folder)
}

/// The file of this name, when `folder` is the current one.
pub fn find(folder: &str, name: &str) -> Option<Asset> {
    let assets = assets();
    if folder != assets.folder {
        return None;
    }
    if name == STYLE {
        return Some(Asset {
            content_type: "text/css; charset=utf-8",
            body: assets.style.as_bytes(),
        });
    }
    let (_, body) = modules().find(|(module, _)| *module == name)?;
    Some(Asset {
        content_type: "text/javascript; charset=utf-8",
        body,
    })
}
