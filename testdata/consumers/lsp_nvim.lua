-- Neovim's own client: diagnostics that are pushed, an edit, a code action applied. Prints one JSON line for each step.
local gupcheck, root, file = vim.env.GUPCHECK, vim.env.TREE, vim.env.FILE
local out = io.open(vim.env.OUT, "w")
local function say(step, value)
  out:write(vim.fn.json_encode({ step = step, value = value }) .. "\n")
  out:flush()
end

vim.cmd("edit " .. file)
local buffer = vim.api.nvim_get_current_buf()
local client = vim.lsp.start_client({
  name = "gupcheck",
  cmd = { gupcheck, "lsp", "--confidence", "medium" },
  root_dir = root,
})
vim.lsp.buf_attach_client(buffer, client)

local function shown()
  local all = {}
  for _, diagnostic in ipairs(vim.diagnostic.get(buffer)) do
    table.insert(all, { line = diagnostic.lnum + 1, col = diagnostic.col, code = diagnostic.code, message = diagnostic.message })
  end
  return all
end

local function wait_for(count)
  vim.wait(120000, function() return #shown() == count end, 20)
  return shown()
end

say("opened", wait_for(1))
local diagnostic = vim.diagnostic.get(buffer)[1]
local lsp = diagnostic and diagnostic.user_data and diagnostic.user_data.lsp
local params = {
  textDocument = vim.lsp.util.make_text_document_params(buffer),
  range = { start = { line = diagnostic.lnum, character = diagnostic.col }, ["end"] = { line = diagnostic.end_lnum, character = diagnostic.end_col } },
  context = { diagnostics = {} },
}
local answers = vim.lsp.buf_request_sync(buffer, "textDocument/codeAction", params, 60000)
local titles, edit = {}, nil
for _, answer in pairs(answers or {}) do
  for _, action in ipairs(answer.result or {}) do
    table.insert(titles, action.title)
    edit = edit or action.edit
  end
end
say("actions", titles)
vim.lsp.util.apply_workspace_edit(edit, vim.lsp.get_client_by_id(client).offset_encoding or "utf-16")
say("text", table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n"))
say("mended", wait_for(0))
vim.cmd("silent undo")
say("undone", wait_for(1))
local lenses = vim.lsp.buf_request_sync(buffer, "textDocument/codeLens", { textDocument = params.textDocument }, 60000)
for _, answer in pairs(lenses or {}) do
  say("lens", answer.result[1].command.title)
end
vim.lsp.stop_client(client)
say("stopped", vim.wait(10000, function() return vim.lsp.client_is_stopped(client) end, 20))
out:close()
vim.cmd("qall!")
