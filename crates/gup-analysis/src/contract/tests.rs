//! The contract files of `analyses/`, and broken ones of `testdata/contracts/`.

use std::fs;
use std::path::{Path, PathBuf};

use super::text::print;
use super::*;
use crate::summary::{Effect, Expr, Refs, TestOp};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The TOML files of a folder, by name.
fn files_of(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root().join(folder)).expect("the folder exists") {
        let path = entry.expect("readable").path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            files.push((name, fs::read_to_string(&path).expect("UTF-8")));
        }
    }
    files.sort();
    files
}

fn project_files() -> Vec<(String, String)> {
    let mut files = files_of("analyses/contracts");
    files.extend(files_of("analyses/policies"));
    files
}

fn project() -> ContractFiles {
    let files = project_files();
    ContractFiles::parse(&files).unwrap_or_else(|errors| panic!("\n{}", show(&errors, &files)))
}

fn one(text: &str) -> Result<ContractFiles, Vec<ContractError>> {
    ContractFiles::parse(&[("t.toml".to_owned(), text.to_owned())])
}

/// One api with the given parameters and lines.
fn api(params: &str, lines: &str) -> Contract {
    let text = format!("[[api]]\nname = \"f\"\nsource = \"test\"\nparams = [{params}]\n{lines}");
    let files = one(&text).unwrap_or_else(|errors| panic!("{}", show(&errors, &[("t.toml".to_owned(), text.clone())])));
    files.all().next().expect("one api").clone()
}

fn show(errors: &[ContractError], files: &[(String, String)]) -> String {
    let mut out = String::new();
    for error in errors {
        let text = &files.iter().find(|(name, _)| *name == error.file).expect("a file that was given").1;
        let line = text[..error.span.start].matches('\n').count() + 1;
        out.push_str(&format!("{}:{line}: `{}` {}\n", error.file, &text[error.span.clone()], error.message));
    }
    out
}

/// A tree that declares `words`, its constants unknown.
fn tree(words: &[&str]) -> TreeFacts {
    TreeFacts { declared: words.iter().map(|word| (*word).to_owned()).collect(), ..TreeFacts::default() }
}

/// What the contracts' conditions look for, as Linux 6.1 declares it.
const KERNEL_6_1: &[&str] = &[
    "pin_user_pages",
    "pin_user_pages_fast",
    "pin_user_pages_fast_only",
    "pin_user_pages_unlocked",
    "pin_user_pages_remote",
    "unpin_user_page",
    "unpin_user_pages",
    "unpin_user_pages_dirty_lock",
    "unpin_user_page_range_dirty_lock",
    "iov_iter_get_pages2",
    "iov_iter_get_pages_alloc2",
    "BIO_NO_PAGE_REF",
    "FGP_ENTRY",
];

/// The same for Linux 6.12.
const KERNEL_6_12: &[&str] = &[
    "pin_user_pages",
    "pin_user_pages_fast",
    "pin_user_pages_unlocked",
    "pin_user_pages_remote",
    "memfd_pin_folios",
    "folio_add_pin",
    "get_user_page_vma_remote",
    "unpin_user_page",
    "unpin_user_pages",
    "unpin_user_pages_dirty_lock",
    "unpin_user_page_range_dirty_lock",
    "unpin_user_folio",
    "unpin_folios",
    "folios_put_refs",
    "iov_iter_get_pages2",
    "iov_iter_get_pages_alloc2",
    "iov_iter_extract_pages",
    "extract_iter_to_sg",
    "netfs_extract_user_iter",
    "BIO_PAGE_PINNED",
];

/// The same for Linux 5.3 with the seed's patches.
const SEED: &[&str] = &[
    "put_user_page",
    "put_user_pages",
    "put_user_pages_dirty",
    "put_user_pages_dirty_lock",
    "iov_iter_get_pages",
    "iov_iter_get_pages_alloc",
    "iov_iter_get_pages_use_gup",
    "get_user_pages_locked",
    "__get_user_pages_fast",
    "BIO_NO_PAGE_REF",
];

#[test]
fn every_contract_prints_and_reads_back() {
    let mut count = 0;
    for contract in project().all() {
        let text = format!(
            "[[api]]\nname = \"{}\"\nsource = \"printed\"\nparams = {:?}\n{}",
            contract.name,
            contract.params,
            print(&contract.summary, &contract.params)
        );
        let files =
            one(&text).unwrap_or_else(|errors| panic!("{text}\n{}", show(&errors, &[("t.toml".to_owned(), text.clone())])));
        let again = files.all().next().expect("one api was printed");
        assert_eq!(again.summary, contract.summary, "{text}");
        count += 1;
    }
    assert!(count > 500, "only {count} contracts were read");
}

#[test]
fn the_project_resolves_for_each_era() {
    let files = project();
    for (words, policy) in [(KERNEL_6_1, "pin"), (KERNEL_6_12, "pin"), (SEED, "put-user-page"), (&[][..], "get-put")] {
        for word in words {
            assert!(files.words().contains(*word), "no contract asks for `{word}`");
        }
        let contracts = files.resolve(&tree(words)).unwrap_or_else(|errors| panic!("{}", show(&errors, &project_files())));
        assert_eq!(contracts.policy().name, policy);
        assert!(contracts.policy().accepts.len() == 7, "every kind has its releases");
        assert!(contracts.lookup("get_user_pages_fast", "x.c").is_some_and(|contract| contract.site && contract.can_fail));
        let pin = contracts.lookup("pin_user_pages_fast", "x.c");
        assert_eq!(pin.is_some(), policy == "pin");
    }
}

/// What a policy replaces is a release, or an acquisition, by its contract.
#[test]
fn conversions_speak_of_calls_that_have_a_contract() {
    let files = project();
    let contracts: Vec<&Contract> = files.all().collect();
    let releases = |contract: &Contract| {
        let mut effects = contract.summary.outcomes.iter().flat_map(|outcome| &outcome.effects);
        effects.any(|effect| matches!(effect, Effect::Release { .. }))
    };
    for policy in ["put-user-page", "pin"] {
        let facts = TreeFacts { policy: Some(policy.to_owned()), ..TreeFacts::default() };
        let contracts_of_tree = files.resolve(&facts).expect("resolves");
        let policy = contracts_of_tree.policy();
        assert!(policy.is_goal && !policy.conversions.releases.is_empty());
        for name in policy.conversions.releases.keys() {
            assert!(contracts.iter().any(|contract| contract.name == *name && releases(contract)), "{name} releases nothing");
        }
        for name in policy.conversions.acquisitions.keys() {
            assert!(contracts.iter().any(|contract| contract.name == *name && contract.site), "{name} acquires nothing");
        }
    }
    assert!(!files.resolve(&tree(SEED)).expect("resolves").policy().is_goal, "the tree's own");
}

/// The sense of the flag that says whether a bio holds references turned round in 6.3.
#[test]
fn a_tree_chooses_the_variant() {
    let files = project();
    let facts = |words: &[&str]| {
        let mut facts = tree(words);
        facts.constants = BTreeMap::from([("BIO_PAGE_PINNED".to_owned(), 0), ("BIO_NO_PAGE_REF".to_owned(), 0)]);
        facts
    };
    let release = |words: &[&str]| {
        let contracts = files.resolve(&facts(words)).expect("resolves");
        let contract = contracts.lookup("bio_release_pages", "x.c").expect("there is one").clone();
        let outcome = contract.summary.outcomes.into_iter().find(|outcome| !outcome.effects.is_empty()).expect("one releases");
        let class = outcome.effects.iter().find_map(|e| if let Effect::Release { class, .. } = e { Some(*class) } else { None });
        (class.expect("a release"), outcome.when[0].op)
    };
    assert_eq!(release(KERNEL_6_12), (ReleaseClass::Unpin, TestOp::Ne));
    assert_eq!(release(KERNEL_6_1), (ReleaseClass::Put, TestOp::Eq));
}

#[test]
fn constants_get_their_values_and_fold() {
    let files = one("[[api]]\nname = \"f\"\nsource = \"t\"\nparams = [\"p\"]\nreturns = \"p + FLAG - 3\"\n\
        [[policy]]\nname = \"x\"\nsource = \"t\"\naccepts = { pin = [\"put\"], get = [\"put\"], cache = [\"put\"], alloc = [\"put\"], \
        ref = [\"put\"], immortal = [\"put\"] }")
    .expect("reads");
    assert_eq!(files.constants().into_iter().collect::<Vec<_>>(), ["FLAG"]);
    let mut facts = TreeFacts::default();
    let returns = |facts: &TreeFacts| {
        let contracts = files.resolve(facts).expect("resolves");
        contracts.lookup("f", "x.c").expect("f").summary.outcomes[0].returns.clone()
    };
    let sum = Expr::Sum(-3, vec![(1, Expr::Param(0)), (1, Expr::Named("FLAG".to_owned()))]);
    assert_eq!(returns(&facts), Some(sum));
    facts.constants.insert("FLAG".to_owned(), 3);
    assert_eq!(returns(&facts), Some(Expr::Param(0)));
}

#[test]
fn aliases_and_globs_find_their_contract() {
    let contracts = project().resolve(&tree(KERNEL_6_12)).expect("resolves");
    let page = contracts.lookup("alloc_pages_noprof", "mm/x.c").expect("the macro's function");
    assert_eq!(page.name, "alloc_pages");
    assert!(page.allocates && !page.site);
    assert!(contracts.same_page("folio", "page") && !contracts.same_page("folio", "lru"));
    assert!(contracts.borrows("dma_map_page_attrs"));
    assert!(!contracts.borrows("no_such_function"));
    assert!(contracts.lookup("unpin_user_page", "x.c").is_some() && !contracts.borrows("unpin_user_page"));
}

#[test]
fn globs() {
    for (glob, name, holds) in [
        ("a*", "a", true),
        ("a*", "b", false),
        ("*_get", "page_get", true),
        ("*_get", "page_gets", false),
        ("a*b*c", "abc", true),
        ("a*b*c", "axxbyyc", true),
        ("a*b*c", "acb", false),
        ("a*a", "a", false),
    ] {
        let (start, rest) = glob.split_once('*').expect("a pattern has a star");
        let globs = [(start.to_owned(), vec![rest.to_owned()])].into_iter().collect();
        assert_eq!(Contracts { globs, ..Contracts::default() }.borrows(name), holds, "{glob} on {name}");
    }
}

/// A static function of one file is another function than a global one of that name.
#[test]
fn file_contracts_hold_in_their_file() {
    let accepts = "accepts = { pin = [\"put\"], get = [\"put\"], cache = [\"put\"], alloc = [\"put\"], ref = [\"put\"], immortal = [\"put\"] }";
    let files = one(&format!(
        "[[api]]\nname = \"f\"\nfile = \"fs/aio.c\"\nsource = \"t\"\nparams = []\nreturns = \"1\"\n\
         [[policy]]\nname = \"x\"\nsource = \"t\"\n{accepts}"
    ))
    .expect("reads");
    let contracts = files.resolve(&TreeFacts::default()).expect("resolves");
    assert!(contracts.lookup("f", "fs/aio.c").is_some());
    assert!(contracts.lookup("f", "fs/direct-io.c").is_none());
}

#[test]
fn brackets_after_a_field_stay_in_the_structure() {
    let contract = api(
        "\"batch\", \"table\", \"pp\"",
        "do = [\"release put batch->folios[0..batch->nr]\", \"release put (table->sgl)[0..table->nents].@page\", \
         \"release put (*pp)[0..1]\", \"release put pp[1]->page\"]",
    );
    let effects = &contract.summary.outcomes[0].effects;
    let array = |effect: &Effect| match effect {
        Effect::Release { what: Refs::Range { array, sub, .. }, .. } => (array.clone(), sub.len()),
        _ => panic!("not a range"),
    };
    assert!(matches!(array(&effects[0]), (Expr::Addr(_), 0)), "an array inside the batch");
    assert!(matches!(array(&effects[1]), (Expr::Load(_), 1)), "an array behind a pointer");
    assert!(matches!(array(&effects[2]), (Expr::Load(_), 0)));
    assert!(matches!(&effects[3], Effect::Release { what: Refs::One(Expr::Load(_)), .. }));
    assert!(api("\"batch\"", "do = [\"release put (*batch)[0..1]\"]") != api("\"batch\"", "do = [\"release put batch[0..1]\"]"));
}

#[test]
fn a_pure_function_is_a_function_of_its_arguments() {
    let contract = api("\"page\", \"...\"", "pure = true");
    assert_eq!(contract.summary.outcomes[0].returns, Some(Expr::Apply("f".to_owned(), vec![Expr::Param(0)])));
}

#[test]
fn failure_is_read_off_the_outcomes() {
    let outcomes =
        |first: &str, second: &str| format!("[[api.outcome]]\nwhen = [\"{first}\"]\n[[api.outcome]]\nwhen = [\"{second}\"]");
    assert!(api("", &outcomes("ret < 0", "ret >= 0")).can_fail);
    assert!(api("", &outcomes("IS_ERR(ret)", "!IS_ERR(ret)")).can_fail);
    assert!(!api("", &outcomes("ret == NULL", "ret != NULL")).can_fail, "a look-up that finds nothing has not failed");
    assert!(api("", &format!("allocates = true\n{}", outcomes("ret == NULL", "ret != NULL"))).can_fail);
}

/// Whatever stands in a contract, the answer is a value or a mistake with a place in the text.
#[test]
fn no_text_is_too_broken() {
    let texts = [
        "acquire pin (*pages)[0..pages(ret, fresh(1))].bv_page",
        "set p->f.g[n + 1] = -2 * (p - &p->f) + FLAG",
        "later 'container of a.b'(p, function(f)) with global(x)[3]",
        "escape p: why",
    ];
    for text in texts {
        for (at, c) in text.char_indices() {
            for change in ["", "é", "(", "[", "..", "99999999999999999999", "'", "->"] {
                let broken = format!("{}{change}{}", &text[..at], &text[at + c.len_utf8()..]);
                for broken in [&broken, &text[..at]] {
                    let file =
                        format!("[[api]]\nname = \"f\"\nsource = \"t\"\nparams = [\"p\", \"n\", \"pages\"]\ndo = [\"{broken}\"]");
                    for error in one(&file).err().unwrap_or_default() {
                        assert!(file.get(error.span.clone()).is_some(), "{broken}: {:?} is no place in it", error.span);
                    }
                }
            }
        }
    }
}

/// Each file says below each line what is wrong with it; see its README.
#[test]
fn broken_files() {
    let mut wrong = String::new();
    for (name, text) in files_of("testdata/contracts") {
        let errors = broken(&name, &text);
        let mut reported = BTreeMap::<usize, Vec<String>>::new();
        for error in errors {
            let line = text[..error.span.start].matches('\n').count();
            let marked = &text[error.span.clone()];
            reported.entry(line).or_default().push(format!("#! `{marked}` {}\n#  help: {}\n", error.message, error.help));
        }
        let mut should = String::new();
        for (number, line) in text.lines().filter(|line| !line.starts_with("#!") && !line.starts_with("#  help")).enumerate() {
            should.push_str(line);
            should.push('\n');
            for report in reported.remove(&original_line(&text, number)).unwrap_or_default() {
                should.push_str(&report);
            }
        }
        if should != text {
            if std::env::var_os("UPDATE").is_some() {
                fs::write(root().join("testdata/contracts").join(&name), &should).expect("writable");
            }
            wrong.push_str(&format!("--- {name} should read:\n{should}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}\nUPDATE=1 writes the comments anew: read the difference");
}

/// The mistakes in one file: of the file itself, else for the tree it names.
fn broken(name: &str, text: &str) -> Vec<ContractError> {
    let head = |key: &str| text.lines().find_map(|line| line.strip_prefix("#? ")?.strip_prefix(key)).map(str::trim);
    let words: Vec<&str> = head("declares:").map(|words| words.split(' ').collect()).unwrap_or_default();
    let facts = TreeFacts { policy: head("policy:").map(str::to_owned), ..tree(&words) };
    match ContractFiles::parse(&[(name.to_owned(), text.to_owned())]) {
        Err(errors) => errors,
        Ok(files) => files.resolve(&facts).err().unwrap_or_default(),
    }
}

/// Line of the file that is number `number` without the expectations.
fn original_line(text: &str, number: usize) -> usize {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with("#!") && !line.starts_with("#  help"));
    lines.map(|(at, _)| at).nth(number).expect("the line was counted")
}
