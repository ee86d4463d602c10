//! References left in a field that a header defines: whether anybody takes them out again is known once all files that can name
//! the field were read.
#![allow(clippy::unwrap_used)]

mod tree;

use serde_json::Value;
use tree::{Run, Tree};

const HEADER: &str = "#include <linux/mm.h>\n\nstruct session {\n\tstruct page *page;\n\tint busy;\n};\n\nvoid session_leave(struct session *s);\n";

const ENTER: &str = "#include \"session.h\"\n
int session_enter(struct session *s, unsigned long start)
{
	struct page *page;

	if (s->page)
		return -1;
	if (get_user_pages_fast(start, 1, 0, &page) != 1)
		return -1;
	s->page = page;
	return 0;
}
";

const LEAVE: &str = "#include \"session.h\"\n
void session_leave(struct session *s)
{
	struct page *page = s->page;

	s->busy = 0;
	put_page(page);
}
";

/// With a file that fills the field and one that empties it.
fn tree(name: &str, header: &str) -> Tree {
    let tree = Tree::new(name);
    tree.write("drivers/session.h", header);
    tree.write("drivers/enter.c", ENTER);
    tree.write("drivers/leave.c", LEAVE);
    let makefile = format!("{}obj-y += enter.o leave.o\n", tree.read("drivers/Makefile"));
    tree.write("drivers/Makefile", &makefile);
    tree
}

fn verdict(run: &Run) -> (String, String) {
    let report = run.json();
    let sites = report["ledger"]["sites"].as_array().unwrap();
    let site = sites.iter().find(|site| site["file"] == "drivers/enter.c").unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&site["verdict"]), text(&site["reason"]))
}

#[test]
fn who_empties_a_field_is_read_for_it() {
    let tree = tree("field-emptied", HEADER);
    assert_eq!(verdict(&tree.audit(&[])).0, "balanced");
}

#[test]
fn what_nobody_takes_out_is_a_leak() {
    let tree = tree("field-kept", HEADER);
    tree.audit(&[]);
    let run = tree.diff("drivers/leave.c", "\tput_page(page);\n", "");
    let introduced = run.json()["introduced"].clone();
    assert_eq!((introduced.as_array().unwrap().len(), &introduced[0]["rule"]), (1, &Value::from("leak")), "{}", run.out);
    assert!(introduced[0]["message"].as_str().unwrap().contains("struct session.page"));
    // The same from nothing, and where another file comes to empty it.
    tree.write("drivers/leave.c", &LEAVE.replace("\tput_page(page);\n", ""));
    assert_eq!(verdict(&tree.audit(&[])).0, "finding");
    let run = tree.diff(
        "drivers/caller.c",
        "#include",
        "#include \"session.h\"\nvoid late(struct session *s)\n{\n\tput_page(s->page);\n}\n#include",
    );
    let fixed = run.json()["fixed"].clone();
    assert_eq!(fixed.as_array().unwrap().len(), 1, "{}", run.out);
}

#[test]
fn a_macro_that_names_the_field_may_stand_anywhere() {
    let tree = tree("field-macro", &format!("{HEADER}#define session_page(s) ((s)->page)\n"));
    tree.write("drivers/leave.c", &LEAVE.replace("\tput_page(page);\n", ""));
    let (verdict, reason) = verdict(&tree.audit(&[]));
    assert_eq!((&*verdict, &*reason), ("unresolved", "left in struct session.page; no release out of it was found"));
}
