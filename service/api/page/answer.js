// The predictions: a table with a bar for each probability; or the errors, located at their fields.

const MOST_BARS = 4;

function columnsOf(model, answer) {
  const several = model.outputs.length > 1;
  return model.outputs.map((output) => ({
    name: output.name,
    kind: output.kind,
    values: answer[output.name],
    labels: several ? answer.labels?.[output.name] : answer.labels,
    confidence: several ? answer[model.confidence]?.[output.name] : answer[model.confidence],
  }));
}

// The most probable labels of a row, each with a bar.
function bars(labels, numbers) {
  const order = numbers.map((_, place) => place);
  if (order.length > MOST_BARS) order.sort((one, two) => numbers[two] - numbers[one]);
  return element("ul", { className: "bars" }, ...order.slice(0, MOST_BARS).map((place) => {
    const fill = element("i");
    fill.style.inlineSize = `${Math.min(Math.max(numbers[place], 0), 1) * 100}%`;
    return element("li", {},
      element("span", {}, show(labels[place])), element("b", { ariaHidden: "true" }, fill),
      element("span", { className: "number" }, numbers[place].toFixed(3)));
  }));
}

function drawAnswer(table, model, answer, first, count) {
  const columns = columnsOf(model, answer);
  const head = columns.flatMap((one) => [one.name, ...(one.confidence ? [model.confidence] : [])]);
  const rows = [];
  for (let row = first; row < Math.min(first + count, columns[0].values.length); row++) {
    rows.push(element("tr", {}, element("th", { scope: "row" }, `${row + 1}`), ...columns.flatMap((one) => {
      const value = one.values[row];
      const shown = one.kind === "number" && typeof value === "number" ? plain(value) : show(value);
      const cells = [element("td", { className: "value" }, shown)];
      if (one.confidence) {
        const confidence = one.confidence[row];
        if (model.confidence === "probabilities" && !one.labels) cells.push(element("td", {}, bars([1], [confidence])));
        else if (model.confidence === "probabilities") cells.push(element("td", {}, bars(one.labels, confidence)));
        else cells.push(element("td", {}, [confidence].flat().map(plain).join(", ")));
      }
      return cells;
    })));
  }
  table.replaceChildren(
    element("thead", {}, element("tr", {},
      element("th", { scope: "col" }, "Row"), ...head.map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, ...rows),
  );
}

// If the predictions are beside the form, align their rows with those of the form.
function align(form, answer) {
  const region = answer.parentElement;
  const rows = (table) => [...table.tBodies[0].rows];
  const beside = rows(answer);
  const pairs = rows(form).map((row, place) => [row, beside[place]]).filter(([, row]) => row);
  for (const row of pairs.flat()) row.style.height = "";
  region.style.paddingBlockStart = "";
  const box = (one) => one.getBoundingClientRect();
  if (!pairs.length || box(region).left <= box(form).left) return;
  const heights = pairs.map((pair) => Math.max(...pair.map((row) => box(row).height)));
  pairs.forEach((pair, place) => { for (const row of pair) row.style.height = `${heights[place]}px`; });
  const [[first, itsAnswer]] = pairs;
  region.style.paddingBlockStart = `${Math.max(0, box(first).top - box(itsAnswer).top)}px`;
}

// Inputs and outputs as one table, for a spreadsheet.
function answerTable(model, form, answer) {
  const columns = columnsOf(model, answer);
  const labels = columns.map((one) => one.labels || [model.confidence]);
  const head = columns.flatMap((one, place) => [one.name,
    ...(one.confidence ? labels[place].map((label) => `${one.name}: ${show(label)}`) : [])]);
  const rows = form.rows.map((cells, row) => [...cells.map(show), ...columns.flatMap((one) => [show(one.values[row]),
    ...(one.confidence ? [one.confidence[row]].flat() : [])])]);
  return [[...form.names, ...head], ...rows];
}

// Locate the errors of a problem in the form. Errors without a field stay text.
function locateErrors(errors, names, rows) {
  return (errors || []).map(({ pointer, detail: original }) => {
    const detail = original.replace(/^is null\b/, "is empty"); // a field cannot show null
    const [name, row] = (pointer || "").split("/").slice(1)
      .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
    const place = names.indexOf(name);
    if (place < 0) return { detail: name ? `${name} ${detail}` : detail };
    if (row === undefined || !(Number(row) < rows)) return { detail: `${name} ${detail}` };
    return { place, row: Number(row), detail };
  });
}
