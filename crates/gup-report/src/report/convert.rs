//! Findings and ledger of the analysis as the report has them: by hand, so that the analysis may change freely.

use gup_analysis::finding;

use super::{
    Completion, Confidence, Edit, Finding, Origin, Release, Severity, Site, Slot, Step, Stop, Submitter, Suggestion, Verdict,
};

impl From<finding::Severity> for Severity {
    fn from(severity: finding::Severity) -> Severity {
        match severity {
            finding::Severity::Info => Severity::Info,
            finding::Severity::Warning => Severity::Warning,
            finding::Severity::Error => Severity::Error,
        }
    }
}

pub(super) fn finding(finding: &finding::Finding) -> Finding {
    let suggestion = finding.fix.as_ref().map(Suggestion::from);
    Finding {
        rule: finding.rule.clone(),
        severity: finding.severity.into(),
        confidence: match finding.confidence {
            finding::Confidence::Low => Confidence::Low,
            finding::Confidence::Medium => Confidence::Medium,
            finding::Confidence::High => Confidence::High,
        },
        message: finding.message.clone(),
        file: finding.at.file.clone(),
        line: finding.at.line,
        column: finding.at.column,
        function: finding.function.clone(),
        fingerprint: finding.fingerprint.clone(),
        assumptions: finding.assumptions.clone(),
        doubts: finding.doubts.clone(),
        origin: finding.origin.as_ref().map(origin),
        path: finding.path.iter().map(step).collect(),
        maintainers: Vec::new(),
        lists: Vec::new(),
        subsystems: Vec::new(),
        fix: suggestion.as_ref().and_then(Suggestion::only_edit).cloned(),
        suggestion,
        suppressed: None,
        in_baseline: false,
    }
}

impl From<&finding::Fix> for Suggestion {
    fn from(fix: &finding::Fix) -> Suggestion {
        let edit = |edit: &finding::Edit| Edit {
            file: edit.at.file.clone(),
            line: edit.at.line,
            column: edit.at.column,
            replace: edit.replace.clone(),
            with: edit.with.clone(),
        };
        Suggestion { message: fix.message.clone(), edits: fix.edits.iter().map(edit).collect() }
    }
}

fn step(step: &finding::PathStep) -> Step {
    Step {
        file: step.at.file.clone(),
        line: step.at.line,
        column: step.at.column,
        function: step.function.clone(),
        message: step.message.clone(),
    }
}

pub(super) fn site(site: &finding::Site) -> Site {
    Site {
        api: site.api.clone(),
        kinds: site.kinds.iter().map(|kind| kind.name().to_owned()).collect(),
        file: site.at.file.clone(),
        line: site.at.line,
        column: site.at.column,
        function: site.function.clone(),
        subsystems: Vec::new(),
        verdict: verdict(site.verdict),
        reason: site.reason.clone(),
        stopped_at: site.stopped_at.as_ref().map(|(at, function)| Stop {
            file: at.file.clone(),
            line: at.line,
            function: function.clone(),
        }),
        releases: site.releases.iter().map(release).collect(),
    }
}

pub(super) fn slot(slot: &finding::Slot) -> Slot {
    Slot {
        slot: slot.slot.clone(),
        deposits: slot.deposits.iter().map(origin).collect(),
        withdrawals: slot.withdrawals.iter().map(release).collect(),
        verdict: verdict(slot.verdict),
        reason: slot.reason.clone(),
    }
}

pub(super) fn completion(completion: &finding::Completion) -> Completion {
    Completion {
        handler: completion.handler.clone(),
        submitters: completion.submitters.iter().map(|at| Submitter { file: at.file.clone(), line: at.line }).collect(),
        origins: completion.origins.iter().map(origin).collect(),
        releases: completion.releases.iter().map(release).collect(),
        verdict: verdict(completion.verdict),
        reason: completion.reason.clone(),
    }
}

pub(crate) fn origin(origin: &finding::Origin) -> Origin {
    Origin {
        api: origin.api.clone(),
        kind: origin.kind.name().to_owned(),
        file: origin.at.file.clone(),
        line: origin.at.line,
        function: origin.function.clone(),
    }
}

fn release(release: &finding::ReleaseAt) -> Release {
    Release {
        api: release.api.clone(),
        file: release.at.file.clone(),
        line: release.at.line,
        function: release.function.clone(),
        via: release.via.clone(),
    }
}

fn verdict(verdict: finding::Verdict) -> Verdict {
    match verdict {
        finding::Verdict::Finding => Verdict::Finding,
        finding::Verdict::Unresolved => Verdict::Unresolved,
        finding::Verdict::Balanced => Verdict::Balanced,
    }
}
