// Lines to copy: the request that the form would send, with the address of this server.

const COPIED_ROWS = 3;

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

// JSON as a Python expression: true, false and null differ.
const python = (json) => json.replace(/"(?:[^"\\]|\\.)*"|\btrue\b|\bfalse\b|\bnull\b/g,
  (token) => ({ true: "True", false: "False", null: "None" }[token] ?? token));

function snippets(model, form, address) {
  const url = `${address}predict`;
  const body = (indent) => {
    const columns = form.body(COPIED_ROWS, `,\n${indent}    `).slice(1, -1);
    return `{\n${indent}    ${columns},\n${indent}}`;
  };
  const locked = (line) => (model.locked ? [line] : []);
  return {
    curl: [
      `curl ${shell(url)} -H 'Content-Type: application/json'`,
      ...locked("  -H 'Authorization: Bearer KEY'"),
      `  -d ${shell(form.body(COPIED_ROWS))}`,
    ].join(" \\\n"),
    python: [
      "import requests",
      "",
      "response = requests.post(",
      `    ${JSON.stringify(url)},`,
      `    json=${python(body("    "))},`,
      ...locked('    headers={"Authorization": "Bearer KEY"},'),
      "    timeout=10,",
      ")",
      "response.raise_for_status()",
      "print(response.json())",
    ].join("\n"),
    javascript: [
      `const response = await fetch(${JSON.stringify(url)}, {`,
      '    method: "POST",',
      "    headers: {",
      '        "Content-Type": "application/json",',
      ...locked('        "Authorization": "Bearer KEY",'),
      "    },",
      `    body: JSON.stringify(${body("    ")}),`,
      "});",
      "if (!response.ok) throw new Error(await response.text());",
      "console.log(await response.json());",
    ].join("\n"),
  };
}

// Pages without TLS have no clipboard API: select text and copy it instead.
async function copyText(text) {
  if (navigator.clipboard) {
    try { return await navigator.clipboard.writeText(text); } catch { /* not allowed: fall back */ }
  }
  const area = element("textarea", { value: text, className: "hidden", ariaHidden: "true" });
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  focused?.focus();
}
