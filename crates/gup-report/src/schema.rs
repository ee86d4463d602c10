//! The published schemas, made from the types: `UPDATE=1 cargo test -p gup-report` writes `reports/schema/`.
//!
//! Doc comments become descriptions. What the types do not say stands here: what members of one name have in common, wherever they
//! stand. In tests alone: the program is built without what makes schemas.

use std::fs;
use std::path::Path;

use gup_analysis::summary::RefKind;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{Diff, Report, diff, known::baseline, report};

/// In the order in which people read it; a map would be sorted.
#[derive(Serialize)]
struct Published {
    #[serde(rename = "$schema")]
    dialect: &'static str,
    #[serde(rename = "$id")]
    id: String,
    title: &'static str,
    description: Value,
    r#type: Value,
    required: Value,
    properties: Value,
    #[serde(rename = "$defs")]
    defs: Value,
}

/// By the name of the member; what the type says itself comes first.
fn members() -> Value {
    let kinds = [RefKind::Pin, RefKind::Get, RefKind::Cache, RefKind::Alloc, RefKind::Ref, RefKind::Borrowed, RefKind::Immortal];
    let kinds = kinds.map(RefKind::name);
    json!({
        "file": { "description": "Path relative to the kernel tree.", "pattern": "^[^/]" },
        "renamed_from": { "pattern": "^[^/]" },
        "line": { "description": "Line, counted from 1; 0 where unknown." },
        "column": { "description": "Column, counted from 1, in bytes; 0 where unknown." },
        "function": { "description": "Name of the function." },
        "rule": {
            "description": "Name of the rule: `gupcheck explain RULE` says what it finds.",
            "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
        },
        "fingerprint": {
            "description": "Stays the same while code around it moves; equal findings are told apart by an ordinal in it.",
            "pattern": "^gf1:[0-9a-f]{16}$",
        },
        "kind": { "description": "How the references were obtained.", "enum": kinds },
        "kinds": { "description": "How the references were obtained.", "items": { "enum": kinds } },
        "reached_by": { "items": { "enum": ["gup", "other"] } },
    })
}

/// `name`: name and version of the format.
fn schema<T: JsonSchema>(name: &'static str) -> String {
    // As reports are written: a member that is null is there all the same.
    let generator = SchemaSettings::draft2020_12().for_serialize().with(|settings| settings.meta_schema = None);
    let mut schema = generator.into_generator().into_root_schema_for::<T>().to_value();
    schema["properties"]["schema"] = json!({ "description": "Name and version of this format.", "const": name });
    complete(&mut schema, &members());
    let published = Published {
        dialect: "https://json-schema.org/draft/2020-12/schema",
        id: file_name(name),
        title: name,
        description: schema["description"].take(),
        r#type: schema["type"].take(),
        required: schema["required"].take(),
        properties: schema["properties"].take(),
        defs: schema["$defs"].take(),
    };
    serde_json::to_string_pretty(&published).unwrap() + "\n"
}

fn file_name(name: &str) -> String {
    format!("{}.schema.json", name.replace('/', "-"))
}

/// Makes what schemars gives what is published.
fn complete(schema: &mut Value, members: &Value) {
    match schema {
        Value::Object(inner) => {
            complete_members(inner, members);
            // A name for Rust's number types, which no standard knows.
            if inner.get("type").is_some_and(|of| of == "integer") {
                inner.remove("format");
            }
            for (key, value) in inner.iter_mut() {
                match value {
                    Value::String(text) if key == "description" => *text = text.replace('\n', " "),
                    _ => complete(value, members),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| complete(item, members)),
        _ => {}
    }
}

fn complete_members(schema: &mut Map<String, Value>, members: &Value) {
    let mut required = schema.remove("required").unwrap_or_else(|| json!([]));
    let (Some(Value::Object(properties)), Value::Array(names)) = (schema.get_mut("properties"), &mut required) else { return };
    for (name, member) in properties.iter_mut() {
        add(member, &members[name]);
        let Value::Object(member) = member else { continue };
        if member.remove("default").is_some() {
            // What reading fills in was not written at all times.
            names.retain(|required| required != name);
        } else if !names.iter().any(|required| required == name)
            && let Some(Value::Array(mut alternatives)) = member.remove("anyOf")
            && let Value::Object(other_than_null) = alternatives.swap_remove(0)
        {
            // It is left out instead of being null.
            member.extend(other_than_null);
        }
    }
    schema.insert("required".to_owned(), required);
}

/// Puts `more` into `schema` where it has no such thing.
fn add(schema: &mut Value, more: &Value) {
    for (key, value) in more.as_object().into_iter().flatten() {
        match &mut schema[key] {
            Value::Null => schema[key] = value.clone(),
            inner => add(inner, value),
        }
    }
}

/// Members that nothing describes, neither where they stand nor in their type.
fn undescribed(schema: &Value, defs: &Value, place: &str) -> Vec<String> {
    let is_described = |member: &Value| {
        let name = member["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/"));
        member["description"].is_string() || name.is_some_and(|name| defs[name]["description"].is_string())
    };
    let members = schema["properties"].as_object().into_iter().flatten();
    members.filter(|(_, member)| !is_described(member)).map(|(name, _)| format!("{place}.{name}")).collect()
}

#[test]
fn the_published_schemas_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports/schema");
    for (name, schema) in [
        (report::SCHEMA, schema::<Report>(report::SCHEMA)),
        (diff::SCHEMA, schema::<Diff>(diff::SCHEMA)),
        (baseline::SCHEMA, schema::<baseline::Baseline>(baseline::SCHEMA)),
    ] {
        let path = folder.join(file_name(name));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &schema).expect("reports/schema can be written");
        }
        let published = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(published, schema, "{name} differs; UPDATE=1 accepts what the types say now");

        let schema: Value = serde_json::from_str(&schema).unwrap();
        let defs = &schema["$defs"];
        let mut missing = undescribed(&schema, defs, name);
        missing.extend(defs.as_object().unwrap().iter().flat_map(|(name, def)| undescribed(def, defs, name)));
        assert_eq!(missing, [""; 0], "a doc comment of the member describes it to those who read the schema");
    }
}
