//! Units, cursors and types of a real libclang.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use gup_clang::{Clang, Cursor, CursorKind, Evaluated, ParseError, Parsing, Purpose, TypeKind};

fn clang() -> Clang {
    gup_clang::load().expect("these tests need libclang; `cargo xtask test` installs it")
}

/// Parses a text as `/test.c`.
fn with_unit<R>(text: &str, test: impl FnOnce(&gup_clang::Unit) -> R) -> R {
    let clang = clang();
    let overlay = [(PathBuf::from("/test.c"), text.as_bytes().to_vec())];
    let args = ["-std=gnu11".to_owned(), "-w".to_owned()];
    let unit = clang
        .parse(&Parsing { file: Path::new("/test.c"), args: &args, overlay: &overlay, purpose: Purpose::Look })
        .expect("a unit");
    test(&unit)
}

fn find<'tu>(cursor: Cursor<'tu>, kind: CursorKind) -> Option<Cursor<'tu>> {
    if cursor.kind() == kind {
        return Some(cursor);
    }
    cursor.children().into_iter().find_map(|child| find(child, kind))
}

#[test]
fn the_library_says_what_it_is() {
    let clang = clang();
    assert!(clang.version().contains("clang version"), "{}", clang.version());
    assert!(clang.path().exists());
}

#[test]
fn cursors_and_types() {
    with_unit("struct s { int *a[3]; };\nint f(struct s *p) { return *p->a[2] + sizeof(long); }", |unit| {
        let root = unit.cursor();
        assert_eq!(root.children().len(), 2);
        let member = find(root, CursorKind::MemberRefExpr).expect("p->a");
        let field = member.referenced().expect("the field");
        assert_eq!((field.kind(), field.spelling()), (CursorKind::FieldDecl, "a".to_owned()));
        let ty = field.ty().canonical();
        assert_eq!(
            (ty.kind(), ty.array_size(), ty.element().pointee().kind()),
            (TypeKind::ConstantArray, Some(3), TypeKind::Int)
        );
        let sizeof = find(root, CursorKind::TraitExpr).expect("sizeof");
        assert_eq!(sizeof.evaluate(), Some(Evaluated::Int(8)));
        let (_, line, column) = member.position().expect("in a file");
        assert_eq!((line, column), (2, 33));
        assert_eq!(field.semantic_parent().map(|parent| parent.id()), Some(root.children()[0].id()));
    });
}

#[test]
fn an_argument_of_a_macro_has_its_own_line() {
    with_unit("void g(int);\n#define CALL(x) g(x)\nvoid f(int y) {\n CALL(\n  y);\n}", |unit| {
        let call = find(unit.cursor(), CursorKind::CallExpr).expect("g(y)");
        assert_eq!(call.children()[0].position().map(|(_, line, _)| line), Some(4));
        assert_eq!(call.children()[1].position().map(|(_, line, _)| line), Some(5));
    });
}

#[test]
fn errors_come_with_their_place() {
    with_unit("int x = ;\n", |unit| {
        let errors = unit.errors();
        let place = errors[0].location.as_ref().expect("in a file");
        assert_eq!((place.file.as_path(), place.line), (Path::new("/test.c"), 1));
    });
}

#[test]
fn a_panic_in_a_visitor_comes_out_after_the_visit() {
    with_unit("int a; int b; int c;", |unit| {
        let mut seen = 0;
        let result = catch_unwind(AssertUnwindSafe(|| {
            unit.cursor().visit(|_| {
                seen += 1;
                assert!(seen < 2, "second child");
            });
        }));
        assert!(result.is_err());
        assert_eq!(seen, 2);
        assert_eq!(unit.cursor().children().len(), 3);
    });
}

#[test]
fn units_on_several_threads() {
    let clang = clang();
    std::thread::scope(|scope| {
        for number in 0..4 {
            let clang = &clang;
            scope.spawn(move || {
                let overlay = [(PathBuf::from("/t.c"), format!("int v{number};").into_bytes())];
                let parsing = Parsing { file: Path::new("/t.c"), args: &[], overlay: &overlay, purpose: Purpose::Look };
                let unit = clang.parse(&parsing).expect("a unit");
                assert_eq!(unit.cursor().children()[0].spelling(), format!("v{number}"));
            });
        }
    });
}

#[test]
fn a_unit_is_parsed_again_with_another_text() {
    let overlay = |text: &str| [(PathBuf::from("/t.c"), text.as_bytes().to_vec())];
    let (clang, first) = (clang(), overlay("int one;"));
    let parsing = Parsing { file: Path::new("/t.c"), args: &[], overlay: &first, purpose: Purpose::Look };
    let unit = clang.parse(&parsing).expect("a unit");
    let unit = unit.again(&overlay("int two; int three = ;")).expect("the same unit");
    assert_eq!((unit.cursor().children()[0].spelling().as_str(), unit.errors().len()), ("two", 1));
    let unit = unit.again(&overlay("int four;")).expect("the same unit");
    assert_eq!((unit.cursor().children()[0].spelling().as_str(), unit.errors().len()), ("four", 0));
}

#[test]
fn a_pch_that_is_none_is_refused() {
    let clang = clang();
    let file = std::env::temp_dir().join(format!("gup-clang-{}.pch", std::process::id()));
    std::fs::write(&file, "no precompiled header").expect("a writable temporary directory");
    let overlay = [(PathBuf::from("/t.c"), b"int x;".to_vec())];
    let args = ["-include-pch".to_owned(), file.display().to_string()];
    let result = clang.parse(&Parsing { file: Path::new("/t.c"), args: &args, overlay: &overlay, purpose: Purpose::Look });
    assert!(matches!(result.map(|_| ()), Err(ParseError::StalePch | ParseError::Failed)));
    std::fs::remove_file(&file).expect("it is ours");
}

#[test]
fn a_path_with_a_nul_byte_is_refused() {
    let result =
        clang().parse(&Parsing { file: Path::new("/a\0b.c"), args: &[], overlay: &[], purpose: Purpose::Look }).map(|_| ());
    assert_eq!(result, Err(ParseError::InvalidArguments));
}

#[test]
fn what_the_preprocessor_skips_is_known_by_lines() {
    let file = Path::new("/t.c");
    let text = b"int a;\n#ifdef NEVER\nint b;\n#else\nint c;\n#endif\n#if 0\nint d;\n#endif\n".to_vec();
    let overlay = [(file.to_path_buf(), text)];
    let of = |purpose| {
        let unit = clang().parse(&Parsing { file, args: &[], overlay: &overlay, purpose }).unwrap();
        let names: Vec<String> = unit.cursor().children().into_iter().map(|child| child.spelling()).collect();
        (unit.left_out(file), names)
    };
    assert_eq!(of(Purpose::Account), (vec![(2, 4), (7, 9)], vec!["a".to_owned(), "c".to_owned()]));
    assert_eq!(of(Purpose::Look).0, []);
}
