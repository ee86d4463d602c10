//! One file of settings, every key checked.

use std::path::Path;

use clap::ValueEnum;
use gup_analysis::contract::{Errors, Table, did_you_mean, read_table};

use super::{SETTINGS, Setting, Value};
use crate::cli::{Color, Confidence, FailOn};
use crate::output::Failure;

/// What the file sets; nothing where there is none. `may`: whether a setting is allowed in it.
pub(super) fn read(path: &Path, may: &dyn Fn(&Setting) -> bool) -> Result<Vec<Value>, Failure> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.map_err(|error| Failure::new(format!("{}: {error}", path.display())))?,
    };
    let name = path.display().to_string();
    let (values, errors) = read_table(&name, &text, "a settings file", |top, errors| {
        SETTINGS.iter().filter_map(|setting| value(setting, top, path, &text, may(setting), errors)).collect()
    });
    if errors.is_empty() { Ok(values) } else { Err(Failure::in_file(&errors, &name, &text)) }
}

fn value(setting: &Setting, top: &mut Table<'_>, path: &Path, text: &str, may: bool, errors: &mut Errors) -> Option<Value> {
    let found = top.get(setting.name)?;
    let span = found.span();
    if !may {
        let message = format!("a tree does not say what `{}` is", setting.name);
        errors.add(span, message, format!("give it in your own config.toml, or as --{}", setting.name));
        return None;
    }
    let written = match (found.get_ref().as_str(), setting.name) {
        (Some(text), _) => text.to_owned(),
        (None, "min-coverage") => text[span.clone()].to_owned(),
        (None, name) => {
            errors.add(span, format!("`{name}` is a string"), format!("{name} = \"…\""));
            return None;
        }
    };
    let allowed = words(setting.name);
    if !allowed.is_empty() && !allowed.contains(&written) {
        let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
        errors.add(span, format!("`{}` cannot be `{written}`", setting.name), did_you_mean(&written, &allowed));
        return None;
    }
    // A path is meant from where the file is.
    let beside = |written: &str| path.with_file_name("").join(written).display().to_string();
    let line = text[..span.start].matches('\n').count() + 1;
    let written = if setting.is_path { beside(&written) } else { written };
    Some(Value { name: setting.name, text: written, origin: format!("{}:{line}", path.display()) })
}

/// What a setting may be; empty: anything.
fn words(name: &str) -> Vec<String> {
    fn all<T: ValueEnum>() -> Vec<String> {
        T::value_variants().iter().filter_map(|value| Some(value.to_possible_value()?.get_name().to_owned())).collect()
    }
    match name {
        "color" => all::<Color>(),
        "confidence" => all::<Confidence>(),
        "fail-on" => all::<FailOn>(),
        _ => Vec::new(),
    }
}
