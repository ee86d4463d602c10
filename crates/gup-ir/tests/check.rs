//! Each kind of ill-formed function is refused, with the reason.

use gup_ir::check::check;
use gup_ir::text::parse;

fn verdict(body: &str) -> Result<(), String> {
    let text = format!("fn f(a: i32) -> i32 {{\n{body}\n}}\n");
    check(&parse(&text).expect("the text is IR").functions[0])
}

#[test]
fn a_well_formed_function_passes() {
    assert_eq!(verdict("b0:\nif a < 1 : i32 goto b1 else b1\nb1:\nreturn a"), Ok(()));
}

#[test]
fn blocks_out_of_range_and_unreachable_ones_are_refused() {
    assert_eq!(verdict("b0:\ngoto b1"), Err("f: b0, terminator: goes to b1 of 1".to_string()));
    assert_eq!(verdict("b0:\nreturn a\nb1:\nreturn a"), Err("f: b1 cannot be reached".to_string()));
    assert_eq!(verdict(""), Err("f: no entry block".to_string()));
}

#[test]
fn overlapping_cases_are_refused() {
    let switch = |cases: &str| verdict(&format!("b0:\nswitch a {{{cases} else: b1}}\nb1:\nreturn"));
    assert_eq!(switch("5: b1, 1..4: b1,"), Ok(()));
    assert_eq!(switch("1..4: b1, 4: b1,"), Err("f: b0, terminator: switch cases overlap or are empty".to_string()));
    assert!(switch("4..1: b1,").is_err());
}

#[test]
fn locals_out_of_range_are_refused_wherever_they_stand() {
    for body in [
        "a = b",
        "b = a",
        "a = a[b] + 1 : i32",
        "a = if a < b : i32 then 1 else 2",
        "call g(a, *b)",
        "call *b()",
        "forget b",
        "opaque \"x\" reads b",
        "opaque \"x\" writes b",
        "a = container_of(b, s, f)",
        "a = &b",
    ] {
        let text = format!("fn f(a: i32, b: i32) -> i32 {{\nb0:\n  {body}\n  return a\n}}\n");
        let mut function = parse(&text).unwrap().functions.remove(0);
        assert_eq!(check(&function), Ok(()));
        function.locals.pop();
        function.params = 1;
        assert_eq!(check(&function), Err("f: b0, statement 0: local 1 of 1".to_string()), "{body}");
        function.params = 2;
        assert_eq!(check(&function), Err("f: 2 parameters, but 1 locals".to_string()));
    }
}
