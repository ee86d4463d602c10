// The official client library of the protocol, which VS Code uses: diagnostics pushed or pulled, code actions applied, and an
// end in good order. Prints what it saw as JSON.
"use strict";
const { spawn } = require("child_process");
const fs = require("fs");
const { pathToFileURL } = require("url");
const { createProtocolConnection, StreamMessageReader, StreamMessageWriter } = require("vscode-languageserver-protocol/node");
const { TextDocument } = require("vscode-languageserver-textdocument");

const [gupcheck, root, file, mode] = process.argv.slice(2);
const server = spawn(gupcheck, ["lsp", "--confidence", "medium"], { stdio: ["pipe", "pipe", "inherit"] });
const connection = createProtocolConnection(new StreamMessageReader(server.stdout), new StreamMessageWriter(server.stdin));
const pushed = [];
const wake = [];
const told = { progress: [], registered: [], refreshed: 0 };
connection.onNotification("textDocument/publishDiagnostics", (params) => {
  pushed.push(params);
  wake.splice(0).forEach((go) => go());
});
connection.onRequest("client/registerCapability", (params) => { told.registered.push(...params.registrations.map((it) => it.method)); });
connection.onRequest("window/workDoneProgress/create", () => null);
connection.onRequest("workspace/configuration", (params) => params.items.map(() => ({ confidence: "medium" })));
connection.onRequest("workspace/diagnostic/refresh", () => { told.refreshed += 1; });
connection.onRequest("workspace/codeLens/refresh", () => null);
connection.onNotification("$/progress", (params) => { told.progress.push(params.value.kind); });
connection.onProgress; // the library's own handling is not wanted here
connection.listen();

const uri = pathToFileURL(file).href;
let document = TextDocument.create(uri, "c", 1, fs.readFileSync(file, "utf8"));

async function diagnostics() {
  if (mode === "pull") {
    const report = await connection.sendRequest("textDocument/diagnostic", { textDocument: { uri } });
    return report.items;
  }
  for (;;) {
    const found = pushed.find((params) => params.uri === uri && params.version === document.version);
    if (found) return found.diagnostics;
    await new Promise((go) => wake.push(go));
  }
}

function change(text) {
  document = TextDocument.update(document, [{ text }], document.version + 1);
  connection.sendNotification("textDocument/didChange", { textDocument: { uri, version: document.version }, contentChanges: [{ text }] });
}

async function main() {
  const capabilities = {
    general: { positionEncodings: ["utf-16"] },
    window: { workDoneProgress: true },
    workspace: { configuration: true, didChangeWatchedFiles: { dynamicRegistration: true }, diagnostics: { refreshSupport: true } },
    textDocument: { codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: ["quickfix"] } } } },
  };
  if (mode === "pull") capabilities.textDocument.diagnostic = {};
  const result = await connection.sendRequest("initialize", { processId: process.pid, rootUri: pathToFileURL(root).href, capabilities });
  connection.sendNotification("initialized", {});
  connection.sendNotification("textDocument/didOpen", { textDocument: { uri, languageId: "c", version: 1, text: document.getText() } });
  const first = await diagnostics();
  const actions = await connection.sendRequest("textDocument/codeAction", {
    textDocument: { uri },
    range: first[0].range,
    context: { diagnostics: first },
  });
  const edit = actions.find((action) => action.edit);
  const mended = TextDocument.applyEdits(document, edit.edit.changes[uri]);
  change(mended);
  const second = await diagnostics();
  const lenses = await connection.sendRequest("textDocument/codeLens", { textDocument: { uri } });
  const trace = await connection.sendRequest("workspace/executeCommand", lenses[0].command);
  const workspace = mode === "pull" ? await connection.sendRequest("workspace/diagnostic", { previousResultIds: [] }) : null;
  await connection.sendRequest("shutdown");
  connection.sendNotification("exit");
  const status = await new Promise((done) => server.on("exit", done));
  console.log(JSON.stringify({ capabilities: result.capabilities, first, actions, mended, second, lenses, trace, workspace, told, status }));
  process.exit(0);
}

main().catch((error) => { console.error(error); process.exit(1); });
