//! The demo's folder: private, and gone when the demo stops.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::cli::sender::fresh_id;

/// A folder that removes itself.
pub struct Folder(PathBuf);

impl Folder {
    /// A fresh folder that nobody else can read.
    ///
    /// # Errors
    /// When the system's folder for such things cannot be written.
    pub fn make() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("frontdesk-demo-{}", fresh_id()?.simple()));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt;
            builder.mode(0o700);
        }
        builder
            .create(&path)
            .with_context(|| format!("making {}", path.display()))?;
        Ok(Folder(path))
    }

    /// Writes a file; its path.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn write(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        let path = self.path().join(name);
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system, which empties its folder for such things.
        drop(std::fs::remove_dir_all(self.path()));
    }
}
