// Each finding, closed; opened, its path step by step beside the source, and drawn.

const STANDINGS = {
  present: "Findings", new: "New findings", old: "Old findings, of the baseline or of the changed files", fixed: "Fixed findings",
  suppressed: "Suppressed findings",
};

function findings() {
  const section = document.getElementById("findings");
  let titled = false;
  for (const [standing, title] of Object.entries(STANDINGS)) {
    const these = report.findings.filter((_, index) => data.standing[index] === standing);
    const isMain = standing === (data.change ? "new" : "present");
    if (!these.length && !isMain) continue;
    section.append(make("h2", { id: titled ? null : "findings-title" }, title + " (" + these.length + ")"));
    titled = true;
    if (!these.length) section.append(make("p", { class: "note" }, "None."));
    these.forEach((finding) => section.append(findingEntry(finding)));
  }
  openTarget();
  window.addEventListener("hashchange", openTarget);
}

// Equal fingerprints are told apart by their place in the report.
function findingId(finding) {
  return "f" + report.findings.indexOf(finding) + "-" + finding.fingerprint.replace(":", "-");
}

function findingEntry(finding) {
  const summary = make("summary", {},
    make("span", { class: "severity " + finding.severity }, finding.severity), " ",
    make("code", {}, finding.rule), " ", make("span", { class: "place" }, place(finding)), " ",
    make("span", { class: "soft" }, "in " + finding.function + "(), confidence " + finding.confidence),
    make("span", { class: "message" }, finding.message));
  const body = make("div", { class: "body" });
  const entry = make("details", { class: "finding", id: findingId(finding) }, summary, body);
  // What is not looked at is not drawn.
  entry.addEventListener("toggle", () => {
    if (entry.open && !body.hasChildNodes()) fill(body, {}, findingBody(finding));
  });
  return entry;
}

function findingBody(finding) {
  const steps = make("ol", { class: "steps" }, finding.path.map((step, index) => make("li", {},
    make("div", {}, make("span", { class: "number" }, String(index + 1)), step.message,
      make("div", { class: "place soft" }, place(step)), make("div", { class: "soft" }, "in " + step.function + "()")),
    source(step.file, step.line, 4))));
  const site = report.ledger.sites.find((one) => isOrigin(finding, one));
  return [
    data.rules[finding.rule] ? make("p", {}, data.rules[finding.rule]) : null,
    facts(finding),
    make("div", { class: "walk" }, steps, finding.path.length ? pathGraph(finding.path) : null),
    site ? make("h3", {}, "Where the references of this acquisition go") : null,
    site ? siteGraph(site) : null,
  ];
}

function facts(finding) {
  const rows = [
    ["Assumes", finding.assumptions.join("; ")],
    ["Not certain", (finding.doubts || []).join("; ")],
    ["Suggestion", finding.suggestion ? finding.suggestion.message : ""],
    ["Subsystem", finding.subsystems.join(", ")],
    ["Maintainers", finding.maintainers.join(", ")],
    ["Lists", finding.lists.join(", ")],
    ["Fingerprint", finding.fingerprint],
  ];
  return rows.filter(([, value]) => value !== "").map(([name, value]) => make("div", {}, make("span", { class: "soft" }, name + ": "), value));
}

function isOrigin(finding, site) {
  const origin = finding.origin;
  return origin !== null && origin.file === site.file && origin.line === site.line && origin.api === site.api;
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.matches("details.finding")) {
    target.open = true;
    target.scrollIntoView();
  }
}
