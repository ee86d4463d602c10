// The head of the page, slots and completions, and the order in which all is drawn.

function head() {
  const tree = report.tree;
  const units = report.coverage.units;
  const sites = report.coverage.sites;
  const read = units.extracted + " of " + count(units.selected, "unit") + " read";
  const of = (standing) => data.standing.filter((one) => one === standing).length + " " + standing;
  const found = data.change ? [of("new"), of("fixed"), data.change.unchanged + " unchanged"] : [count(report.findings.length, "finding"), count(sites.total, "acquisition")];
  fill(document.getElementById("head"), {}, [
    make("h1", {}, "Page references of Linux " + tree.version),
    make("p", { class: "note" }, [tree.arch, "policy " + tree.policy, "gupcheck " + report.tool.version, report.tool.libclang].join(", "), make("br"),
      [...found, read].join(", ")),
    units.failed.length ? make("details", {}, make("summary", {}, count(units.failed.length, "unit") + " could not be read"),
      make("ul", {}, units.failed.map((unit) => make("li", {}, unit.file + ": " + unit.reason)))) : null,
  ]);
}

// What each patch of a series does by itself; what it brings is wrong in it, also where a later one mends it.
function patches() {
  const section = document.getElementById("patches");
  if (!data.patches.length) return void section.remove();
  section.append(make("h2", { id: "patches-title" }, "Patch by patch"), make("ol", {}, data.patches.map(patch)));
}

function patch(one) {
  const introduces = one.introduced.map((finding) => {
    const entry = report.findings.find((other) => other.fingerprint === finding.fingerprint);
    const text = [make("code", {}, finding.rule), " ", make("span", { class: "place" }, place(finding)), " " + finding.message];
    return make("li", {}, entry ? make("a", { href: "#" + findingId(entry) }, text) : [text, make("span", { class: "soft" }, " (not there any more at the end of the series)")]);
  });
  const fixed = one.fixed ? ", fixes " + one.fixed : "";
  return make("li", {}, make("strong", {}, one.title), make("span", { class: "soft" }, ": introduces " + introduces.length + fixed), make("ul", {}, introduces));
}

function slots() {
  const section = document.getElementById("slots");
  const { slots, completions } = report.ledger;
  if (!slots.length && !completions.length) return void section.remove();
  section.append(make("h2", { id: "slots-title" }, "Slots and completions"),
    make("p", { class: "note" }, "Where references are left for others to drop."));
  for (const slot of slots) section.append(kept(slot.slot, slot, slot.deposits, slot.withdrawals));
  for (const one of completions) section.append(kept(one.handler + "()", one, one.origins, one.releases));
}

function kept(name, entry, put, taken) {
  const line = (one) => make("li", {}, make("span", { class: "place" }, place(one)), " ", make("code", {}, one.api + "()"), " in " + one.function + "()");
  return make("details", {},
    make("summary", {}, make("code", {}, name), " ", make("span", { class: "verdict " + entry.verdict }, entry.verdict), " " + entry.reason),
    make("h3", {}, "put in"), make("ul", { class: "plain" }, put.map(line)),
    make("h3", {}, "taken out"), make("ul", { class: "plain" }, taken.map(line)));
}

head();
plots();
patches();
findings();
ledger();
slots();
