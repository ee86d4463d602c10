use super::*;

fn between(old: &str, new: &str) -> Difference {
    Difference::between(Some(old.as_bytes()), Some(new.as_bytes()))
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const HEADER: &str = "#ifndef _FOO_H\n#define _FOO_H\n/* says it's foo */\n#define FOO_MAX 4\n#define foo_up(x) \\\n\tfoo_by((x), 1)\n\n\
    struct foo {\n\tunsigned long flags;\n\tstruct page *pages[FOO_MAX];\n\tunion {\n\t\tu32 len; // bytes\n\t\tint (*done)(struct foo *foo, int err);\n\t};\n};\n\n\
    enum foo_kind { FOO_A, FOO_B };\ntypedef u64 (*foo_fn_t)(struct foo *);\nint foo_by(struct foo *foo, unsigned int by) __must_check;\n\
    static inline int foo_len(const struct foo *foo)\n{\n\treturn foo->len; /* { */\n}\n\
    #ifdef CONFIG_FOO\nextern void foo_init(void);\n#else\nstatic inline void foo_init(void) { }\n#endif\n\
    DEFINE_FREE(foo, struct foo *, foo_put(_T))\nextern struct foo *foo_table[];\n#endif\n";

#[test]
fn what_changes_is_told_by_its_names() {
    let change = |from: &str, to: &str| {
        assert!(HEADER.contains(from), "{from}");
        between(HEADER, &HEADER.replace(from, to))
    };
    for (from, to, expected) in [
        ("FOO_MAX 4", "FOO_MAX 8", &["FOO_MAX"][..]),
        ("foo_by((x), 1)", "foo_by((x), 2)", &["foo_up"]),
        ("u32 len;", "u64 len;", &["foo", "len"]),
        ("unsigned long flags;\n", "unsigned long flags;\n\tbool busy;\n", &["foo", "busy"]),
        ("int err);", "long err);", &["foo", "done"]),
        ("FOO_A, FOO_B", "FOO_A, FOO_C, FOO_B", &["foo_kind", "FOO_A", "FOO_B", "FOO_C"]),
        ("typedef u64", "typedef u32", &["foo_fn_t"]),
        ("int foo_by(struct foo *foo, unsigned int by)", "int foo_by(struct foo *foo, int by)", &["foo_by", "__must_check"]),
        ("foo_len(const struct foo *foo)", "foo_len(struct foo *foo)", &["foo_len"]),
        ("extern void foo_init(void);", "extern int foo_init(void);", &["foo_init"]),
        ("extern struct foo *foo_table[];", "extern const struct foo *foo_table[];", &["foo_table"]),
        ("#ifdef CONFIG_FOO", "#ifdef CONFIG_BAR", &["foo_init"]),
    ] {
        let difference = change(from, to);
        assert_eq!((difference.names, difference.bodies.len(), difference.everything), (names(expected), 0, false), "{to}");
    }
    for (from, to) in [("DEFINE_FREE(foo", "DEFINE_FREE(bar"), ("#define FOO_MAX 4", "#define FOO_MAX 4\n#include <linux/x.h>")] {
        assert!(change(from, to).everything, "{to}");
    }
    assert!(change("#define _FOO_H\n", "#define _FOO_H\nint foo_count = 4;\n").everything, "a definition that all units have");
}

#[test]
fn bodies_and_comments_mean_less() {
    let body = between(HEADER, &HEADER.replace("return foo->len;", "return foo->len + 1;"));
    assert_eq!((&body.bodies, body.is_within_bodies(), body.is_empty()), (&names(&["foo_len"]), true, false));
    assert!(between(HEADER, &HEADER.replace("says it's foo", "does not")).is_empty());
    assert!(between(HEADER, &HEADER.replace("\n\treturn foo->len; /* { */\n", " return foo->len; ")).is_empty());
    assert!(!between(HEADER, &HEADER.replace("foo_up(x) ", "foo_up (x) ")).is_empty(), "no parameter any more");
    let external = "int f(void)\n{\n\treturn 1;\n}\n";
    assert!(between(external, &external.replace('1', "2")).everything, "units have it without naming it");
    let aligned = "struct __aligned(8) foo {\n\tint a;\n};\n";
    assert_eq!(between(aligned, &aligned.replace("int a", "long a")).bodies, names(&[]), "no function");
}

#[test]
fn files_that_come_and_go() {
    let come = Difference::between(None, Some(b"#define NEW 1\nint f(void);\n"));
    assert_eq!((come.names, come.everything), (names(&["NEW", "f"]), false));
    assert!(Difference::between(Some(b"#define OLD 1\n"), None).everything);
}

#[test]
fn macros_that_are_defined_twice_depend_on_the_order() {
    let old = "#define X 1\n#undef X\n#define X 2\n";
    assert_eq!(between(old, "#define X 2\n#undef X\n#define X 1\n").names, names(&["X"]));
}

#[test]
fn what_has_no_shape_is_everything() {
    let odd = "static int FNAME(walk)(int x)\n{\n\treturn x;\n}\n";
    assert!(
        between(odd, &odd.replace("int x", "long x")).everything
            || !between(odd, &odd.replace("int x", "long x")).names.is_empty()
    );
    let unbalanced = "#ifdef A\nint f(void) {\n#else\nint f(long x) {\n#endif\n\treturn 0;\n}\nint g(void);\n";
    assert!(!between(unbalanced, &unbalanced.replace("int g", "long g")).is_empty());
    for text in ["(", "struct {", "#if", "#define", "\"", "/*", "'", "a ##", "}", "\u{fffd}"] {
        assert!(between(text, text).is_empty());
    }
}
