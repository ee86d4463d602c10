//! The rules' pages as files, so that a diagnostic's code can link to its own.

use std::path::PathBuf;

use crate::settings::Settings;

/// Writes the pages beside the cache; `None` where there is none, or it cannot be written.
pub(crate) fn write(settings: &Settings) -> Option<PathBuf> {
    let folder = settings.options.cache.as_ref()?.join("rules");
    std::fs::create_dir_all(&folder).ok()?;
    for rule in &settings.rules {
        let path = folder.join(format!("{}.md", rule.name));
        if std::fs::read(&path).ok().as_deref() != Some(rule.page.as_bytes()) {
            std::fs::write(&path, &rule.page).ok()?;
        }
    }
    Some(folder)
}
