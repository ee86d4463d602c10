//! The IR of `testdata/frontend/*.c` is what stands in the `.ir` file next to each. `UPDATE=1 cargo test` writes them anew.

mod common;

use std::path::Path;

#[test]
fn lowered_fixtures_match_their_ir() {
    let clang = common::clang();
    let mut wrong = Vec::new();
    for file in common::c_files("") {
        let unit = common::extract_fixture(&clang, &file).unit;
        let text = gup_ir::text::print(&unit);
        if !matches(&file.with_extension("ir"), &text) {
            wrong.push(file.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "these lower differently now (see with UPDATE=1 and git diff): {wrong:#?}");
}

fn matches(golden: &Path, text: &str) -> bool {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(golden, text).expect("testdata can be written");
        return true;
    }
    std::fs::read_to_string(golden).is_ok_and(|golden| golden == text)
}
