//! `gupcheck rules` and `gupcheck explain`: what is checked and why, offline.

use std::process::ExitCode;

use gup_driver::{Analyses, rules};

use crate::cli::{Explain, Rules};
use crate::output::{Failure, print};
use crate::pager;

pub(crate) fn list(_: &Rules) -> Result<ExitCode, Failure> {
    let line = |rule: gup_driver::Rule| format!("{:<18}{}\n", rule.name, rule.summary);
    print(&rules().into_iter().map(line).collect::<String>())?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn explain(args: &Explain) -> Result<ExitCode, Failure> {
    let pages = Analyses::load(args.analyses.as_deref())?.pages();
    let known: Vec<String> = rules().into_iter().map(|rule| rule.name).collect();
    match pages.into_iter().find(|page| page.rule == args.rule) {
        Some(page) => pager::show(&page.text)?,
        None if known.contains(&args.rule) => return Err(Failure::new(format!("the rule {} has no page", args.rule))),
        None => return Err(Failure::new(format!("there is no rule {}: gupcheck has {}", args.rule, known.join(", ")))),
    }
    Ok(ExitCode::SUCCESS)
}
