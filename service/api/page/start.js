// The model's page: connects the form, the request and the predictions.

const byId = (id) => document.getElementById(id);
const address = new URL(".", location.href).href;

const unseen = (count) => (count
  ? `; ${count.toLocaleString("en")} ${count === 1 ? "value is" : "values are"} outside of the sample` : "");
// For JSON.parse: a whole number that a double cannot hold stays as it is written.
const exact = (_, value, { source = "" } = {}) => (
  Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value);
const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

function start(key, signal) {
  const model = JSON.parse(byId("model").textContent);
  const form = new Form(model, byId("rows"), changed);
  const hint = byId("note").textContent;
  let answered = null;

  function changed() {
    for (const [name, text] of Object.entries(snippets(model, form, address))) byId(name).textContent = text;
    const first = form.rows.length > COPIED_ROWS ? `the first ${COPIED_ROWS} rows` : "the rows";
    byId("code-note").textContent = `With ${first} of the form.${model.locked ? " KEY is your API key." : ""}`;
    if (answered) {
      answered = null;
      byId("result").classList.add("old");
      byId("download").hidden = true;
      byId("status").textContent = "The rows have changed. Press Predict again.";
    }
  }

  function showNote({ note = "", fault = "" }) {
    byId("note").textContent = fault || note || hint;
    byId("note").className = fault ? "note fault" : "note";
  }

  function drawPage() {
    if (!answered) return;
    drawAnswer(byId("answer"), model, answered, form.first, WINDOW);
    align(byId("rows"), byId("answer"));
  }

  function showErrors(problem) {
    const errors = locateErrors(problem.errors, form.names, form.rows.length);
    form.faults.clear();
    const links = errors.map((error) => {
      if (error.place === undefined) return element("li", {}, error.detail);
      form.faults.set(`${error.row}/${error.place}`, error.detail);
      const link = element("button", { type: "button", className: "link" },
        `${form.names[error.place]}, row ${error.row + 1}`);
      link.addEventListener("click", () => { form.show(error.row); form.field(error.row, error.place).focus(); });
      return element("li", {}, link, ` ${error.detail}`);
    });
    byId("status").textContent = "";
    byId("faults").replaceChildren(element("p", {}, sentence(problem.detail || "the request was rejected")),
      ...(links.length ? [element("ul", {}, ...links)] : []));
    const first = errors.find((error) => error.place !== undefined);
    form.first = first ? Math.floor(first.row / WINDOW) * WINDOW : form.first;
    form.draw();
    if (first) form.field(first.row, first.place).focus();
  }

  async function predict() {
    byId("predict").disabled = true;
    byId("faults").replaceChildren();
    byId("status").textContent = "Predicting";
    const query = model.confidence ? `?${model.confidence}=true` : "";
    const headers = { "Content-Type": "application/json", ...(key ? { Authorization: `Bearer ${key}` } : {}) };
    const begin = performance.now();
    let response, content;
    try {
      response = await fetch(`${address}predict${query}`, { method: "POST", headers, body: form.body() });
      content = JSON.parse(await response.text(), exact);
    } catch {
      response = { ok: false };
      content = { detail: "The service cannot be reached, or its response is not JSON" };
    }
    byId("predict").disabled = false;
    byId("result").classList.remove("old");
    byId("answer-region").hidden = byId("download").hidden = !response.ok;
    if (!response.ok) { showErrors(content); return; }
    form.faults.clear();
    form.draw();
    answered = content;
    const count = form.rows.length;
    byId("status").textContent =
      `${count.toLocaleString("en")} ${count === 1 ? "row" : "rows"} in ${Math.max(1, Math.round(performance.now() - begin))} ms${unseen(form.unseen())}`;
    drawPage();
    byId("result").scrollIntoView({ block: "nearest" });
  }

  function turnPage(rows) {
    form.first += rows;
    form.draw();
    drawPage();
  }

  async function open(file) {
    if (!file) return;
    if (file.size > 5e7) { showNote({ fault: `${file.name} is too large for this form.` }); return; }
    try {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
      showNote(form.take(parseTable(text)));
    } catch { showNote({ fault: `${file.name} is not UTF-8 text.` }); }
  }

  byId("form").addEventListener("submit", (event) => { event.preventDefault(); predict(); });
  byId("add").addEventListener("click", () => {
    if (form.rows.length >= model.mostRows) return;
    form.rows.push(form.empty());
    form.first = Math.floor((form.rows.length - 1) / WINDOW) * WINDOW;
    form.draw();
    changed();
    form.field(form.rows.length - 1, 0).focus();
  });
  byId("example").addEventListener("click", () => { showNote({}); form.example(); });
  byId("clear").addEventListener("click", () => { showNote({}); form.set([form.empty()]); form.field(0, 0).focus(); });
  byId("previous").addEventListener("click", () => turnPage(-WINDOW));
  byId("next").addEventListener("click", () => turnPage(WINDOW));
  byId("file").addEventListener("change", (event) => { open(event.target.files[0]); event.target.value = ""; });
  byId("rows").addEventListener("paste", (event) => {
    const found = /^f-(\d+)-(\d+)$/.exec(event.target.id);
    const text = event.clipboardData.getData("text/plain");
    const isTable = text.includes("\t") || (text.trimEnd().includes("\n") && event.target.tagName !== "TEXTAREA");
    if (!found || !isTable) return;
    event.preventDefault();
    showNote(form.take(parseTable(text), Number(found[1]), Number(found[2])));
    form.field(Number(found[1]), Number(found[2]))?.focus();
  });
  addEventListener("resize", () => {
    if (form.fits()) form.draw();
    if (answered) align(byId("rows"), byId("answer"));
  }, { signal });
  const zone = byId("try");
  addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); }, { signal });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) zone.classList.remove("over"); }, { signal });
  addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    open(event.dataTransfer.files[0]);
  }, { signal });
  byId("download").addEventListener("click", () => {
    if (!answered) return;
    const link = element("a", { download: "predictions.csv" });
    link.href = URL.createObjectURL(new Blob([toCSV(answerTable(model, form, answered))], { type: "text/csv" }));
    link.click();
    URL.revokeObjectURL(link.href);
  });
  for (const hidden of document.querySelectorAll(".snippet")) hidden.hidden = false;
  model.inputs.forEach((input, place) => {
    if (!input.categories || input.closed) return;
    const options = input.categories.map((value) => element("option", { value }));
    byId("app").append(element("datalist", { id: `known-${place}` }, ...options));
  });
  byId("app").hidden = false;
  form.example();
}

