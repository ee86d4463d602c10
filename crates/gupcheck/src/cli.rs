//! Subcommands and options.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use gup_driver::{Options, Workers};

use crate::commands::{baseline, config, draft, install, report, suppress};
use crate::formats::FormatOptions;
use crate::known::KnownOptions;
use crate::output::Failure;
use crate::progress;

/// Audits page references from get_user_pages in a Linux kernel tree.
#[derive(Parser)]
#[command(name = "gupcheck", version, after_help = EXIT_STATUS, args_override_self = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_STATUS: &str = "Exit status: 0 clean, 1 findings, 2 usage or environment error, 3 nothing could be extracted or coverage below --min-coverage";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Audit the tree, or only what lies under PATH
    Audit(Audit),
    /// Say what a change introduces, fixes and leaves, without touching the tree
    Diff(Diff),
    /// Render a stored JSON report or diff in other formats
    Report(report::Options),
    /// Check one unit as its compiler is called: make C=1 CHECK="gupcheck cc-check"
    CcCheck(CcCheck),
    /// Serve an editor: the language server, on stdin and stdout
    Lsp(Lsp),
    /// Keep old findings in a file, so that only new ones are told
    Baseline {
        #[command(subcommand)]
        action: baseline::Action,
    },
    /// Keep the reasons why findings are not told
    Suppress {
        #[command(subcommand)]
        action: suppress::Action,
    },
    /// Show where references go: SITE (file:line) or FUNCTION, of a completion handler what it is given; with --to a call path
    Trace(Trace),
    /// Print what the front end understood of a file
    Ir(Ir),
    /// Print what calling a function does to page references
    Summary(Summary),
    /// Print a commit log for the fix of a finding, as far as gupcheck can know it
    Draft(draft::Draft),
    /// List what is checked
    Rules(Rules),
    /// Explain a rule
    Explain(Explain),
    /// Look at what a run needs: libclang, the tree, its build, the cache
    Doctor(TreeOptions),
    /// Settings: .gupcheck.toml of the tree, your own config.toml, GUPCHECK_... in the environment
    Config {
        #[command(subcommand)]
        action: config::Action,
    },
    /// Print completions for a shell
    Completions(install::Completions),
    /// Print the man page
    Man(install::Man),
    /// Parse units for another gupcheck (internal)
    #[command(hide = true)]
    Worker,
}

#[derive(Args)]
pub(crate) struct Audit {
    /// Files or directories of the tree
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) tree: TreeOptions,
    #[command(flatten)]
    pub(crate) report: ReportOptions,
}

#[derive(Args)]
pub(crate) struct Diff {
    /// Commits of the tree's git repository
    ///
    /// What of them is not in the work tree is analysed in memory.
    #[arg(value_name = "BASE..HEAD", required_unless_present = "patch")]
    pub(crate) range: Option<String>,
    /// A diff, a mailed patch or an mbox; - is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "range")]
    pub(crate) patch: Option<PathBuf>,
    /// Also patch by patch, each against the state before
    ///
    /// text, gcc, b4 and mail (as an mbox) then speak of each patch or commit, json has both, sarif and html name the patches of what
    /// the whole introduces.
    #[arg(long)]
    pub(crate) each: bool,
    #[command(flatten)]
    pub(crate) tree: TreeOptions,
    #[command(flatten)]
    pub(crate) report: ReportOptions,
}

#[derive(Args)]
pub(crate) struct CcCheck {
    #[command(flatten)]
    pub(crate) tree: TreeOptions,
    /// Findings of at least this confidence
    #[arg(long, value_enum, default_value_t = Confidence::High, value_name = "LEVEL")]
    pub(crate) confidence: Confidence,
    #[command(flatten)]
    pub(crate) known: KnownOptions,
    /// The compiler's flags, and last the file
    #[arg(value_name = "FLAGS... FILE.c", trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    pub(crate) call: Vec<String>,
}

#[derive(Args)]
pub(crate) struct Lsp {
    #[command(flatten)]
    pub(crate) tree: TreeOptions,
    /// Tell findings of at least this confidence
    #[arg(long, value_enum, default_value_t = Confidence::High)]
    pub(crate) confidence: Confidence,
    #[command(flatten)]
    pub(crate) known: KnownOptions,
    /// Speak over stdin and stdout, as always: some clients say so
    #[arg(long, hide = true)]
    pub(crate) stdio: bool,
}

#[derive(Args)]
pub(crate) struct Trace {
    /// An acquisition or a release as file:line, or a function
    #[arg(value_name = "SITE|FUNCTION")]
    pub(crate) what: String,
    /// Print a path of calls from FUNCTION to this one
    #[arg(long, value_name = "FUNCTION")]
    pub(crate) to: Option<String>,
    #[command(flatten)]
    pub(crate) tree: TreeOptions,
}

#[derive(Args)]
pub(crate) struct Ir {
    /// A .c file of the tree
    pub(crate) file: String,
    #[command(flatten)]
    pub(crate) tree: TreeOptions,
}

#[derive(Args)]
pub(crate) struct Summary {
    pub(crate) function: String,
    /// Read only what lies under these, and what it leads to: quicker [default: what an audit reads]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Show the state before each statement
    #[arg(long)]
    pub(crate) explain: bool,
    #[command(flatten)]
    pub(crate) tree: TreeOptions,
}

#[derive(Args)]
pub(crate) struct Rules {
    /// Read contracts, policies and rule pages from this directory instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(crate) analyses: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Explain {
    pub(crate) rule: String,
    /// Read contracts, policies and rule pages from this directory instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(crate) analyses: Option<PathBuf>,
}

/// Which tree, and how it is read.
#[derive(Args)]
#[command(next_help_heading = "Tree")]
pub(crate) struct TreeOptions {
    /// Kernel source tree [default: the one around you]
    #[arg(long, value_name = "DIR")]
    pub(crate) tree: Option<PathBuf>,
    /// Build directory (O=), prepared [default: the tree]
    #[arg(long, value_name = "DIR")]
    pub(crate) build: Option<PathBuf>,
    /// Architecture the build must be configured for [default: what it is configured for]
    #[arg(long, hide_short_help = true)]
    pub(crate) arch: Option<String>,
    /// Which release each kind of reference requires: auto (what the tree declares), get-put, put-user-page or pin
    #[arg(long, default_value = "auto", value_name = "NAME", hide_short_help = true)]
    pub(crate) policy: String,
    /// Units read at a time [default: one a processor]
    #[arg(short, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Keep results here [default: $GUPCHECK_CACHE_DIR, $XDG_CACHE_HOME/gupcheck or ~/.cache/gupcheck]
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub(crate) cache_dir: Option<PathBuf>,
    /// Neither use nor keep results
    #[arg(long, conflicts_with = "cache_dir", hide_short_help = true)]
    pub(crate) no_cache: bool,
    /// Read contracts, policies and rule pages from this directory instead of the built-in ones
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub(crate) analyses: Option<PathBuf>,
    /// Read each unit with all its headers (to measure what precompiled headers gain)
    #[arg(long, hide = true)]
    pub(crate) no_pch: bool,
    /// Read the units that name an acquisition, without analysing them (to measure reading)
    #[arg(long, hide = true)]
    pub(crate) extract_only: bool,
    /// Neither progress nor summary
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Say what is being done
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Colours on a terminal
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN", hide_short_help = true)]
    pub(crate) color: Color,
}

/// What is reported and where.
#[derive(Args)]
#[command(next_help_heading = "Report")]
pub(crate) struct ReportOptions {
    #[command(flatten)]
    pub(crate) formats: FormatOptions,
    /// Only what is of people or lists that match RE
    #[arg(long, value_name = "RE")]
    pub(crate) maintainer: Option<String>,
    /// Only what is of MAINTAINERS entries that match RE
    #[arg(long, value_name = "RE")]
    pub(crate) subsystem: Option<String>,
    /// Findings of at least this confidence
    #[arg(long, value_enum, default_value_t = Confidence::High, value_name = "LEVEL")]
    pub(crate) confidence: Confidence,
    /// Exit with 1 for findings of at least this
    #[arg(long, value_enum, default_value_t = FailOn::Info, value_name = "LEVEL")]
    pub(crate) fail_on: FailOn,
    /// Exit with 3 when less of the units could be read
    #[arg(long, value_name = "PCT", default_value_t = 0.0)]
    pub(crate) min_coverage: f64,
    /// Exit as this program wants it; nipa: 0 clean, 250 warnings or incomplete, 1 errors
    #[arg(long, value_enum, value_name = "CI", hide_short_help = true)]
    pub(crate) exit_map: Option<ExitMap>,
    #[command(flatten)]
    pub(crate) known: KnownOptions,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Confidence {
    High,
    Medium,
    Low,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    Info,
    Warning,
    Error,
    Never,
}

/// Whose meaning the exit status has.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExitMap {
    Nipa,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl TreeOptions {
    /// For the driver; `paths` as the user gave them.
    pub(crate) fn options(&self, paths: &[PathBuf]) -> Result<Options, Failure> {
        let here = std::env::current_dir().map_err(|error| Failure::new(format!("the working directory: {error}")))?;
        let program = std::env::current_exe().map_err(|error| Failure::new(format!("the path of gupcheck itself: {error}")))?;
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let count = self.jobs.unwrap_or(processors).max(1);
        let mut options = Options::new(here, Workers::Processes { program, count });
        options.tree.clone_from(&self.tree);
        options.build.clone_from(&self.build);
        options.arch.clone_from(&self.arch);
        options.policy = Some(self.policy.clone()).filter(|policy| policy != "auto");
        options.paths = paths.to_vec();
        options.analyses.clone_from(&self.analyses);
        options.pch = !self.no_pch;
        options.extract_only = self.extract_only;
        if let Some(directory) = &self.cache_dir {
            options.cache = Some(directory.clone());
        }
        if self.no_cache {
            options.cache = None;
        }
        options.listener = progress::listener(self.quiet, self.verbose);
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// `-h` is looked at on a screen, and a screen has some 40 lines; what is seldom asked for is in `--help`.
    fn fits_a_screen(mut command: clap::Command, name: &str) {
        let below: Vec<clap::Command> = command.get_subcommands().filter(|sub| !sub.is_hide_set()).cloned().collect();
        let help = command.clone().term_width(80).render_help().to_string();
        assert!(help.lines().count() <= 40, "{name} -h has {} lines:\n{help}", help.lines().count());
        let long = command.render_long_help().to_string();
        for option in command.get_opts().filter_map(clap::Arg::get_long) {
            assert!(
                long.contains(&format!("--{option}")) || option.starts_with("no-pch") || option == "extract-only",
                "{name}: {option}"
            );
        }
        for sub in below {
            let name = format!("{name} {}", sub.get_name());
            fits_a_screen(sub, &name);
        }
    }

    #[test]
    fn short_help_fits_a_screen_and_long_help_has_everything() {
        fits_a_screen(Cli::command(), "gupcheck");
    }
}
