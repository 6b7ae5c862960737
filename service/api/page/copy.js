// Lines to copy: the request that the form would send, exact for this server.

const COPIED_ROWS = 3;

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

// JSON as a Python expression: the same, but for three words outside of strings.
const python = (json) => json.replace(/"(?:[^"\\]|\\.)*"|\btrue\b|\bfalse\b|\bnull\b/g,
  (token) => ({ true: "True", false: "False", null: "None" }[token] ?? token));

function snippets(model, form, address) {
  const url = `${address}predict`;
  const json = form.body(COPIED_ROWS);
  const lines = (indent) => `{\n${indent}  ${form.body(COPIED_ROWS, `,\n${indent}  `).slice(1, -1)},\n${indent}}`;
  const key = model.locked;
  return {
    curl: `curl ${shell(url)} -H 'Content-Type: application/json'${key ? " \\\n  -H 'Authorization: Bearer KEY'" : ""} \\\n  -d ${shell(json)}`,
    python: `import requests\n\nanswer = requests.post(\n    ${JSON.stringify(url)},\n    json=${python(lines("    ").replaceAll("\n      ", "\n        "))},\n${key ? '    headers={"Authorization": "Bearer KEY"},\n' : ""}    timeout=10,\n)\nanswer.raise_for_status()\nprint(answer.json())`,
    javascript: `const answer = await fetch(${JSON.stringify(url)}, {\n  method: "POST",\n  headers: {"Content-Type": "application/json"${key ? ', "Authorization": "Bearer KEY"' : ""}},\n  body: JSON.stringify(${lines("  ")}),\n});\nif (!answer.ok) throw new Error(await answer.text());\nconsole.log(await answer.json());`,
  };
}

// Pages that came without TLS have no clipboard of their own: then as text that is selected.
async function copyText(text) {
  if (navigator.clipboard) {
    try { return await navigator.clipboard.writeText(text); } catch { /* not allowed: the old way */ }
  }
  const area = element("textarea", { value: text, className: "hidden", ariaHidden: "true" });
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  focused?.focus();
}
