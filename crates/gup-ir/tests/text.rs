//! The text form: round trip of arbitrary units, the layout people see, and errors.

use gup_ir::check::check;
use gup_ir::packed::Packed;
use gup_ir::text::{parse, print};
use gup_ir::{
    Base, BasicBlock, BinaryOp, BlockId, Callee, CompareOp, Cond, FileId, Function, IntType, Linkage, Local, LocalId, Operand,
    Place, Pos, Proj, Rvalue, Stmt, StmtKind, TableEntry, Terminator, Type, UnaryOp, Unit,
};
use proptest::collection::vec;
use proptest::prelude::*;

const N_LOCALS: u32 = 6;
const N_BLOCKS: u32 = 4;

/// As `gupcheck ir` shows it; also the example of the module's documentation, with every form added.
const EXAMPLE: &str = r#"unit "drivers/foo.c"
file 0 "drivers/foo.c"
file 1 "include/linux/foo.h"
private struct foo
constant FOLL_PIN = 0x80000
table foo_ops::get = foo_pin in my_ops                                   @30:9

static fn foo_pin(f: *struct foo, start: u64, n$2: i32) -> i32 @12:12 {
  let got: i32
  let $4: **struct page
  let n$5: u64
  let arr: [struct bio_vec; 4]
b0:
  $4 = f->pages                                                          @15:44
  got = call pin_user_pages_fast(start, n$2, 1, $4)                      @15:8
  if got < 0 : i32 goto b1 else b2                                       @16:6
b1:
  forget n$5
  return got                                                             @17:3
b2:
  n$5 = got : i32 as u64                                                 @1:7:20
  arr.[0].bv_page = f->pages[got]
  f->inner.bar::count = n$5 + 1 : u64
  *f->out::ptr = -(5)
  (**$4)->page::private = if got <= 3 : i32 then -1 else @jiffies
  $4 = &@"foo_pin.cache"->cache::slots
  f = container_of(start, foo, work.entry)
  call *f->ops::get as foo_ops::get(f, "a\n", fn end_io)
  got = call *f->done()
  opaque "asm" reads got, 5 writes *start, n$5
  switch n$5 {1: b3, 3..7: b2, else: b1}                                 @20:1
b3:
  unreachable
}
"#;

#[test]
fn the_example_is_read_and_printed_as_it_stands() {
    let unit = parse(EXAMPLE).unwrap();
    assert_eq!(print(&unit), EXAMPLE);
    assert_eq!(check(&unit.functions[0]), Ok(()));
}

#[test]
fn errors_name_the_place_and_what_is_expected() {
    let cases = [
        ("fn f() -> i32 {\nb0:\n  return x\n}\n", "3:10: no local is declared so (a global is written @name)"),
        (
            "fn f(p: *void) -> i32 {\nb0:\n  p->x = 1\n}\n",
            "3:6: the structure that has this field is not known here: write struct_name::x",
        ),
        (
            "fn f(i: i32) -> i32 {\n  let i: i32\nb0:\n  return i\n}\n",
            "4:10: this name alone does not tell which local is meant: write i$0 or another number",
        ),
        ("fn f() -> i32 {\nb1:\n  return\n}\n", "2:1: blocks are numbered in order; this is b0"),
        ("fn f() -> i32 {\nb0:\n  return 0 0\n}\n", "3:12: the line should end here"),
        ("fn f() -> i3x {\n", "1:11: a type is expected here: i32, u64, *T, struct name, [T; n], [T], void, function, other"),
        (
            "fn f() -> i32 {\nb0:\n  return 99999999999999999999\n",
            "3:10: a number of at most 64 bits is expected here, decimal or 0x...",
        ),
        ("unit \"a\n", "1:6: this string does not end on its line"),
        ("fn f() -> i32 {\nb0:\n", "3:1: a value or a place is expected here"),
        ("hello\n", "1:1: `unit`, `file`, `private struct`, `constant`, `table` or a function is expected here"),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text).unwrap_err().to_string(), expected, "in {text}");
    }
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    let stars = "*".repeat(100_000);
    assert!(parse(&format!("fn f(p: {stars}void) -> i32 {{\n")).unwrap_err().message.contains("nesting"));
    let indexes = "[p".repeat(100_000);
    assert!(parse(&format!("fn f(p: *u8) -> i32 {{\nb0:\n  p{indexes}\n")).unwrap_err().message.contains("nesting"));
}

proptest! {
    // A failure prints the unit; the fix gets a test of its own rather than a seed file.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_unit_prints_and_reads_back_equal(unit in unit()) {
        let text = print(&unit);
        let read = parse(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(read, unit, "{}", text);
    }

    /// Whatever the text is: an answer, no panic.
    #[test]
    fn reading_never_panics(edit in 0..EXAMPLE.len(), length in 0..9usize, insert in "[ -~\\n]{0,6}") {
        let mut text = EXAMPLE.as_bytes().to_vec();
        let end = (edit + length).min(text.len());
        text.splice(edit..end, insert.bytes());
        let _ = parse(&String::from_utf8_lossy(&text));
    }

    /// Of well-formed units; a unit of others does not come back.
    #[test]
    fn packing_loses_nothing(unit in unit()) {
        let unit = Unit { functions: unit.functions.into_iter().filter(|function| check(function).is_ok()).collect(), ..unit };
        prop_assert_eq!(Packed::of(&unit).unpack(), Some(unit));
    }
}

fn unit() -> impl Strategy<Value = Unit> {
    let table = (name(), name(), name(), name(), pos()).prop_map(|(strukt, field, function, variable, pos)| TableEntry {
        strukt,
        field,
        function,
        variable,
        pos,
    });
    (name(), vec(name(), 0..3), vec(function(), 0..3), vec(table, 0..3), vec(name(), 0..3), vec((name(), any::<i64>()), 0..3))
        .prop_map(|(file, files, functions, tables, private_structs, constants)| Unit {
            file,
            files,
            functions,
            tables,
            private_structs,
            constants,
        })
}

fn function() -> impl Strategy<Value = Function> {
    let linkage = prop_oneof![Just(Linkage::External), Just(Linkage::Static), Just(Linkage::Header)];
    let local = (name(), ty()).prop_map(|(name, ty)| Local { name, ty });
    let block = (vec((stmt(), pos()), 0..4), terminator()).prop_map(|(stmts, terminator)| BasicBlock {
        stmts: stmts.into_iter().map(|(kind, pos)| Stmt { kind, pos }).collect(),
        terminator,
    });
    let n_locals = N_LOCALS as usize;
    (name(), linkage, pos(), 0..=N_LOCALS, vec(local, n_locals), ty(), vec(block, N_BLOCKS as usize)).prop_map(
        |(name, linkage, pos, params, locals, ret, blocks)| Function { name, linkage, pos, params, locals, ret, blocks },
    )
}

/// Few, so that locals share names; keywords, positions in disguise, and names that need quotes.
fn name() -> impl Strategy<Value = String> {
    let fixed =
        ["", "i", "p", "ptr", "call", "fn", "reads", "then", "as", "else", "b0", "u32", "f.x", "a b", "é\"\\\n", "page", "4"];
    prop_oneof![proptest::sample::select(fixed.map(String::from).to_vec()), ".{0,4}"]
}

fn pos() -> impl Strategy<Value = Pos> {
    (0..3u32, 0..3u32, 0..3u32).prop_map(|(file, line, column)| Pos { file: FileId(file), line, column })
}

fn int() -> impl Strategy<Value = IntType> {
    (any::<u8>(), any::<bool>()).prop_map(|(bits, signed)| IntType { bits, signed })
}

fn ty() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![
        Just(Type::Void),
        int().prop_map(Type::Int),
        name().prop_map(Type::Struct),
        Just(Type::Function),
        Just(Type::Other)
    ];
    leaf.prop_recursive(3, 8, 1, |inner| {
        prop_oneof![
            inner.clone().prop_map(|ty| Type::Pointer(Box::new(ty))),
            (inner, any::<Option<u64>>()).prop_map(|(ty, length)| Type::Array(Box::new(ty), length)),
        ]
    })
}

fn operand() -> BoxedStrategy<Operand> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Operand::Const),
        (-2..3i64).prop_map(Operand::Const),
        name().prop_map(Operand::Str),
        name().prop_map(Operand::Function),
        base().prop_map(|base| Operand::Place(Place { base, proj: Vec::new() })),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        let proj = prop_oneof![
            Just(Proj::Deref),
            (name(), name()).prop_map(|(strukt, field)| Proj::Field { strukt, field }),
            inner.prop_map(Proj::Index),
        ];
        (base(), vec(proj, 0..5)).prop_map(|(base, proj)| Operand::Place(Place { base, proj }))
    })
    .boxed()
}

fn base() -> impl Strategy<Value = Base> {
    prop_oneof![(0..N_LOCALS).prop_map(|id| Base::Local(LocalId(id))), name().prop_map(Base::Global)]
}

fn place() -> impl Strategy<Value = Place> {
    operand().prop_map(|operand| match operand {
        Operand::Place(place) => place,
        _ => Place::local(LocalId(0)),
    })
}

fn cond() -> impl Strategy<Value = Cond> {
    use CompareOp::{Eq, Ge, Gt, Le, Lt, Ne};
    let op = proptest::sample::select(vec![Eq, Ne, Lt, Le, Gt, Ge]);
    (op, operand(), operand(), int()).prop_map(|(op, lhs, rhs, ty)| Cond { op, lhs, rhs, ty })
}

fn rvalue() -> impl Strategy<Value = Rvalue> {
    use BinaryOp::{Add, And, Div, Mul, Or, PtrAdd, PtrDiff, Rem, Shl, Shr, Sub, Xor};
    let op = proptest::sample::select(vec![Add, Sub, Mul, Div, Rem, And, Or, Xor, Shl, Shr, PtrAdd, PtrDiff]);
    prop_oneof![
        operand().prop_map(Rvalue::Use),
        (any::<bool>(), operand())
            .prop_map(|(neg, operand)| Rvalue::Unary(if neg { UnaryOp::Neg } else { UnaryOp::Not }, operand)),
        (op, operand(), operand(), ty()).prop_map(|(op, lhs, rhs, ty)| Rvalue::Binary { op, lhs, rhs, ty }),
        (operand(), ty(), ty()).prop_map(|(value, from, to)| Rvalue::Cast { value, from, to }),
        place().prop_map(Rvalue::AddrOf),
        (cond(), operand(), operand()).prop_map(|(cond, yes, no)| Rvalue::Select { cond, yes, no }),
        cond().prop_map(Rvalue::Compare),
        (operand(), name(), vec(name(), 0..3)).prop_map(|(ptr, strukt, field)| Rvalue::ContainerOf { ptr, strukt, field }),
        name().prop_map(Rvalue::Opaque),
    ]
}

fn callee() -> impl Strategy<Value = Callee> {
    prop_oneof![
        name().prop_map(Callee::Direct),
        (name(), name(), operand()).prop_map(|(strukt, field, pointer)| Callee::Field { strukt, field, pointer }),
        operand().prop_map(Callee::Pointer),
    ]
}

fn stmt() -> impl Strategy<Value = StmtKind> {
    prop_oneof![
        (place(), rvalue()).prop_map(|(dst, src)| StmtKind::Assign { dst, src }),
        (proptest::option::of(place()), callee(), vec(operand(), 0..3)).prop_map(|(dst, callee, args)| StmtKind::Call {
            dst,
            callee,
            args
        }),
        place().prop_map(StmtKind::Forget),
        (name(), vec(operand(), 0..3), vec(place(), 0..3)).prop_map(|(reason, reads, writes)| StmtKind::Opaque {
            reason,
            reads,
            writes
        }),
    ]
}

fn terminator() -> impl Strategy<Value = Terminator> {
    let block = || (0..N_BLOCKS).prop_map(BlockId);
    prop_oneof![
        block().prop_map(Terminator::Goto),
        (cond(), block(), block(), pos()).prop_map(|(cond, yes, no, pos)| Terminator::Branch { cond, yes, no, pos }),
        (operand(), vec((any::<i64>(), any::<i64>(), block()), 0..3), block(), pos())
            .prop_map(|(value, cases, default, pos)| Terminator::Switch { value, cases, default, pos }),
        (proptest::option::of(operand()), pos()).prop_map(|(value, pos)| Terminator::Return { value, pos }),
        Just(Terminator::Unreachable),
    ]
}

#[test]
fn a_function_that_is_laid_out_otherwise_is_packed_alike() {
    let unit = parse(EXAMPLE).unwrap();
    let laid_out = |line: &dyn Fn(u32) -> u32| {
        let mut unit = unit.clone();
        unit.functions[0].each_pos(&mut |pos| {
            if pos.line > 0 {
                *pos = Pos { line: line(pos.line), column: 2 * pos.column, ..*pos };
            }
        });
        unit
    };
    let hash = |unit: &Unit| Packed::of(unit).functions[0].hash;
    let ways: [(&str, &dyn Fn(u32) -> u32); 2] = [("lower", &|line| line + 7), ("with empty lines in it", &|line| 3 * line)];
    for (what, line) in ways {
        let other = laid_out(line);
        assert_ne!(unit, other);
        assert_eq!(hash(&unit), hash(&other), "{what}");
        assert_eq!(Packed::of(&other).unpack(), Some(other), "{what}");
    }
    assert_ne!(hash(&unit), hash(&laid_out(&|line| 1000 - line)), "in another order");
}

#[test]
fn a_body_that_is_not_the_outlined_one_is_no_body() {
    let packed = Packed::of(&parse(EXAMPLE).unwrap());
    let bytes = postcard::to_stdvec(&packed).unwrap();
    let name = b"foo_pin";
    assert!(packed.function(0).is_some());
    let places: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(name)).collect();
    let is_noticed = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] = b'g';
        let changed: Packed = postcard::from_bytes(&bytes).unwrap();
        changed.function(0).is_none() && changed.unpack().is_none()
    };
    // It stands in the outline and in the body, beside other places where it is another name.
    assert_eq!(places.into_iter().filter(|&at| is_noticed(at)).count(), 2);
}
