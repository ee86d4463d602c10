//! `textDocument/codeLens`: what becomes of the references of each acquisition, above its line.

use gen_lsp_types::{CodeLens, CodeLensParams, Command};
use gup_report::report::{Site, Verdict};
use serde_json::json;

use crate::requests::execute_command::TRACE;
use crate::requests::{Handled, value};
use crate::server::Server;

pub(crate) fn handle(server: &mut Server, params: &CodeLensParams) -> Handled {
    let name = &params.text_document.uri.0;
    let (Some(converter), Some(document)) = (server.converter(), server.documents.get(name)) else { return value([(); 0]) };
    let Some(file) = converter.snapshot.name(&document.path) else { return value([(); 0]) };
    if !server.is_analysed(name) {
        return value([(); 0]);
    }
    let sites = converter.snapshot.report.ledger.sites.iter().filter(|site| site.file == file);
    let lens = |site: &Site| CodeLens {
        range: converter.location(&site.file, site.line, site.column).range,
        command: Some(Command {
            title: title(site),
            tooltip: None,
            command: TRACE.to_owned(),
            arguments: Some(vec![json!(format!("{}:{}", site.file, site.line))]),
        }),
        data: None,
    };
    value(sites.map(lens).collect::<Vec<CodeLens>>())
}

fn title(site: &Site) -> String {
    let releases = match site.releases.len() {
        0 => "no release".to_owned(),
        1 => "1 release".to_owned(),
        count => format!("{count} releases"),
    };
    match site.verdict {
        Verdict::Balanced => format!("{releases}: balanced"),
        Verdict::Finding => format!("{releases}: finding"),
        Verdict::Unresolved => format!("{releases}: unresolved, {}", site.reason),
    }
}
