//! A small tree with one of everything that the kernel's makefiles do.

use std::path::{Path, PathBuf};

use super::{Kbuild, Kind};
use crate::Tree;
use crate::tree::tests::{CONFIG, prepared};

/// Writes the makefiles and gives the tree; `old`: with `$(src)` relative to the tree, as before 6.10.
fn tree(name: &str, files: &[(&str, &str)], old: bool) -> Tree {
    let root = prepared(name, CONFIG);
    let source = if old { "src := $(obj)\n" } else { "src := $(if $(VPATH),$(VPATH)/)$(obj)\n" };
    write(
        &root,
        &[("scripts/Makefile.build", source), ("scripts/Makefile.clang", "CLANG_TARGET_FLAGS_x86\t:= x86_64-linux-gnu\n")],
    );
    write(&root, files);
    Tree::open(&root, Some(&root.join("source")), Some(&root.join("build")), None).unwrap()
}

fn write(root: &Path, files: &[(&str, &str)]) {
    for (file, text) in files {
        let path: PathBuf = root.join("source").join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// The flags that the makefiles add to those all files have.
fn own(tree: &Tree, kbuild: &Kbuild, file: &str) -> Vec<String> {
    let shared = tree.base.shared(&tree.root, &tree.build);
    let root = tree.root.to_string_lossy().into_owned();
    let args = kbuild.args(file).unwrap_or_else(|| panic!("{file} is not compiled"));
    args.into_iter().filter(|arg| !shared.contains(arg)).map(|arg| arg.replace(&root, "TREE")).collect()
}

#[test]
fn objects_composites_and_directories_follow_the_configuration() {
    let tree = tree(
        "kbuild-objects",
        &[
            ("Kbuild", "obj-y += drivers/\nobj-$(CONFIG_MISSING) += gone/\n"),
            (
                "drivers/Makefile",
                "obj-$(CONFIG_YES) += plain.o multi.o\nobj-$(CONFIG_MOD) += module.o both/ deep.o\n\
                 multi-y := one.o \\\n\ttwo.o # a comment\nmulti-$(CONFIG_MISSING) += three.o\nmulti-objs += four.o\n\
                 deep-y := sub/inner.o ../shared/outer.o\nobj-$(CONFIG_MISSING) += off.o\nlib-y += library.o\n",
            ),
            ("drivers/both/Makefile", "obj-y += unlinked.o\nobj-m += inside.o\n"),
        ],
        false,
    );
    let kbuild = Kbuild::read(&tree);
    let kind = |file: &str| kbuild.objects.get(file).map(|object| object.kind);
    for file in ["plain", "one", "two", "four", "library"] {
        assert_eq!(kind(&format!("drivers/{file}")), Some(Kind::BuiltIn), "{file}");
    }
    for file in ["drivers/module", "drivers/sub/inner", "shared/outer", "drivers/both/inside"] {
        assert_eq!(kind(file), Some(Kind::Module), "{file}");
    }
    for file in ["three", "off", "multi", "deep", "both/unlinked"] {
        assert_eq!(kind(&format!("drivers/{file}")), None, "{file}");
    }
    assert_eq!(kbuild.target.as_deref(), Some("x86_64-linux-gnu"));
    assert_eq!(kbuild.reason(&tree, "drivers/off.c"), "CONFIG_MISSING is not set (drivers/Makefile)");
    assert_eq!(kbuild.reason(&tree, "drivers/three.c"), "CONFIG_MISSING is not set (drivers/Makefile)");
    assert_eq!(kbuild.reason(&tree, "gone/x.c"), "CONFIG_MISSING is not set (Kbuild)");
    assert_eq!(kbuild.reason(&tree, "drivers/nobody.c"), "no makefile of this configuration names it");
    assert_eq!(kbuild.reason(&tree, "arch/arm/mm/x.c"), "for arch/arm; this tree is configured for x86");
}

#[test]
fn flags_come_from_the_directory_those_above_it_and_the_object() {
    let makefile = "subdir-ccflags-y += -DALL\nccflags-y := -I $(src)/include -I$(srctree)/other -Wno-everything\n\
         CFLAGS_one.o := -DONE -fplugin=evil.so\nCFLAGS_REMOVE_two.o = -DALL\nccflags-remove-y += -DBASE\n\
         obj-y += one.o two.o below/\nobj-m += mod.o\n";
    let tree = tree(
        "kbuild-flags",
        &[("Kbuild", "obj-y += drivers/\n"), ("drivers/Makefile", makefile), ("drivers/below/Makefile", "obj-y += three.o\n")],
        false,
    );
    let kbuild = Kbuild::read(&tree);
    let include = ["-ITREE/drivers/include", "-ITREE/other"];
    let place = ["-ITREE/drivers", "-Idrivers"];
    assert_eq!(own(&tree, &kbuild, "drivers/one.c"), [&["-DALL"], &include[..], &["-DONE"], &place].concat());
    assert_eq!(own(&tree, &kbuild, "drivers/two.c"), [&include[..], &place].concat());
    assert_eq!(own(&tree, &kbuild, "drivers/mod.c"), [&["-DALL"], &include[..], &place, &["-DMODULE"]].concat());
    assert_eq!(own(&tree, &kbuild, "drivers/below/three.c"), ["-DALL", "-ITREE/drivers/below", "-Idrivers/below"]);
    assert!(!kbuild.args("drivers/one.c").unwrap().contains(&"-DBASE".to_owned()), "removed for the whole directory");
}

#[test]
fn before_6_10_src_is_relative_to_the_tree() {
    let makefile = "ccflags-y := -I$(srctree)/$(src)/include\ninclude $(src)/more.mk\nobj-y += one.o\n";
    let tree = tree(
        "kbuild-old",
        &[("Kbuild", "obj-y += drivers/\n"), ("drivers/Makefile", makefile), ("drivers/more.mk", "obj-y += two.o\n")],
        true,
    );
    let kbuild = Kbuild::read(&tree);
    assert_eq!(own(&tree, &kbuild, "drivers/two.c"), ["-ITREE/drivers/include", "-ITREE/drivers", "-Idrivers"]);
}

#[test]
fn conditionals_functions_and_definitions_of_make() {
    let makefile = "ifdef CONFIG_YES\nobj-y += a.o\nelse\nobj-y += no1.o\nendif\n\
         ifeq ($(CONFIG_MOD),y)\nobj-y += no2.o\nelse ifeq ($(CONFIG_MOD),m)\nobj-y += b.o\nelse\nobj-y += no3.o\nendif\n\
         ifneq \"$(CONFIG_MISSING)\" \"\"\nifdef CONFIG_YES\nobj-y += no4.o\nendif\nendif\n\
         list := c d\nobj-y += $(addsuffix .o,$(list)) $(patsubst %.c,%.o,e.c) $(subst X,f,X.o) $(if $(CONFIG_YES),g.o,no5.o)\n\
         obj-y += $(foreach n,h i,$(n).o) $(filter-out no6.o,no6.o j.o) $(list:%=%2.o)\n\
         twice = $(1)1.o $(1)2.o\nobj-y += $(call twice,k)\n\
         define ignored\nobj-y += no7.o\nendef\n\
         rule: prerequisite\n\tobj-y += no8.o\n\tifdef CONFIG_YES\n\
         obj-y += l.o $(shell echo no9.o)\nobj-$(call test-ge, 5, 4) += m.o\nlate = $(later)\nlater := n.o\nobj-y += $(late)\n\
         $(eval obj-y += o.o)\nobj-y += $(call cc-option,-Wx)p.o\n";
    let tree = tree("kbuild-make", &[("Kbuild", "obj-y += d/\n"), ("d/Makefile", makefile)], false);
    let kbuild = Kbuild::read(&tree);
    let names: Vec<&str> = kbuild.objects.keys().map(|name| name.strip_prefix("d/").unwrap()).collect();
    let wanted = ["-Wxp", "a", "b", "c", "c2", "d", "d2", "e", "f", "g", "h", "i", "j", "k1", "k2", "l", "m", "n", "o"];
    assert_eq!(names, wanted);
}

#[test]
fn makefiles_that_never_end_run_dry() {
    let loops = "a = $(b) $(b)\nb = $(a) $(a)\nobj-y += $(a) x.o\ninclude $(src)/Makefile\nobj-y += ../d/ below/../\n";
    let tree = tree("kbuild-loop", &[("Kbuild", "obj-y += d/\n"), ("d/Makefile", loops)], false);
    Kbuild::read(&tree);
}

#[test]
fn directories_listed_as_before_5_4_are_visited() {
    let top = "VERSION = 5\nPATCHLEVEL = 1\nSUBLEVEL = 0\ncore-y := kernel/\ninclude arch/$(SRCARCH)/Makefile\n\
               core-y := $(patsubst %/, %/built-in.a, $(core-y))\n";
    let files = [
        ("Kbuild", ""),
        ("Makefile", top),
        ("arch/x86/Makefile", "core-y += arch/x86/\n"),
        ("arch/x86/Kbuild", "obj-y += setup.o\n"),
        ("kernel/Makefile", "obj-y += fork.o\n"),
    ];
    let kbuild = Kbuild::read(&tree("kbuild-built-in", &files, true));
    assert!(kbuild.is_compiled("kernel/fork.c") && kbuild.is_compiled("arch/x86/setup.c"));
}
