//! Lowered functions compute what C computes: `// run: f(1, 2) = 3` in `testdata/frontend/run`.
//!
//! The expected numbers are checked against the C compiler, too, where there is one.

mod common;
mod machine;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use machine::{Machine, Value};

struct Run {
    line: usize,
    function: String,
    args: Vec<i64>,
    expected: i64,
}

fn runs(text: &str) -> Vec<Run> {
    let lines = text.lines().enumerate().filter_map(|(number, line)| Some((number + 1, line.trim().strip_prefix("// run: ")?)));
    lines
        .map(|(line, run)| {
            let (call, expected) = run.split_once(" = ").expect("f(args) = value");
            let (function, args) = call.strip_suffix(')').and_then(|call| call.split_once('(')).expect("f(args)");
            let args = args.split(", ").map(|arg| arg.parse().expect("a number")).collect();
            Run { line, function: function.to_owned(), args, expected: expected.parse().expect("a number") }
        })
        .collect()
}

#[test]
fn the_ir_computes_what_the_comments_say() {
    let clang = common::clang();
    let mut wrong = String::new();
    for file in common::c_files("run") {
        let extraction = common::extract_fixture(&clang, &file);
        let runs = runs(&std::fs::read_to_string(&file).expect("a readable fixture"));
        assert!(runs.len() > 10, "{}: markers are found", file.display());
        for run in runs {
            let args = run.args.iter().map(|arg| Value::Int(*arg)).collect();
            let mut machine = Machine::new(&extraction.unit);
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| machine.call(&run.function, args)));
            if !matches!(&result, Ok(value) if *value == Value::Int(run.expected)) {
                let function = extraction.unit.functions.iter().find(|function| function.name == run.function);
                let ir = function.map(gup_ir::text::print_function).unwrap_or_default();
                let _ = writeln!(wrong, "{}:{}: {result:?}, expected {}\n{ir}", file.display(), run.line, run.expected);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn c_computes_what_the_comments_say() {
    if Command::new("cc").arg("--version").output().is_err() {
        return;
    }
    for file in common::c_files("run") {
        compare_with_compiler(&file);
    }
}

fn compare_with_compiler(file: &Path) {
    let text = std::fs::read_to_string(file).expect("a readable fixture");
    let mut program =
        format!("#include \"{}\"\nint printf(const char *, ...);\nint main(void)\n{{\n\tint wrong = 0;\n", file.display());
    for run in runs(&text) {
        let args: Vec<String> = run.args.iter().map(i64::to_string).collect();
        let call = format!("{}({})", run.function, args.join(", "));
        let _ =
            writeln!(program, "\tif ((long){call} != {}) wrong = 1, printf(\"{call} is %ld\\n\", (long){call});", run.expected);
    }
    program.push_str("\treturn wrong;\n}\n");
    let directory = std::env::temp_dir().join(format!("gup-frontend-run-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a writable temporary directory");
    let (source, binary) = (directory.join("main.c"), directory.join("main"));
    std::fs::write(&source, program).expect("a writable temporary directory");
    let built = Command::new("cc")
        .args(["-std=gnu11", "-w", "-funsigned-char", "-fno-builtin", "-o"])
        .arg(&binary)
        .arg(&source)
        .output()
        .expect("cc runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let output = Command::new(&binary).output().expect("the program runs");
    std::fs::remove_dir_all(&directory).expect("the directory is ours");
    assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stdout));
}
