// Parse and write CSV and spreadsheet cells.

// The separator: a tab, as spreadsheets copy, or the most frequent one of CSV.
function separatorOf(text) {
  const line = text.split(/\r?\n/, 1)[0];
  const count = (mark) => line.split(mark).length;
  return ["\t", ";", ","].reduce((best, mark) => (count(mark) > count(best) ? mark : best), ",");
}

// Rows of cells. Quoted cells may contain separators, line ends and doubled quotes.
function parseTable(text) {
  const separator = separatorOf(text);
  const rows = [];
  let row = [], cell = "", quoted = false;
  for (let at = 0; at < text.length; at++) {
    const one = text[at];
    if (quoted) {
      if (one !== '"') cell += one;
      else if (text[at + 1] === '"') { cell += '"'; at++; }
      else quoted = false;
    } else if (one === '"' && cell === "") quoted = true;
    else if (one === separator) { row.push(cell); cell = ""; }
    else if (one === "\n" || one === "\r") {
      if (one === "\r" && text[at + 1] === "\n") at++;
      row.push(cell);
      rows.push(row);
      row = []; cell = "";
    } else cell += one;
  }
  if (cell !== "" || row.length) { row.push(cell); rows.push(row); }
  return rows.filter((cells) => cells.some((value) => value !== ""));
}

// A header line with the names of inputs: equal to them, or but for blanks around them.
function headerOf(cells, names) {
  const bare = cells.map((cell) => cell.trim());
  return cells.map((cell, at) => (names.includes(cell) ? cell
    : names.find((name) => name.trim() === bare[at] && !cells.includes(name)) ?? bare[at]));
}

// Rows in the order of the inputs; or an error.
function arrange(header, table, inputs) {
  const names = inputs.map((input) => input.name);
  const missing = names.filter((name) => !header.includes(name));
  if (missing.length) return { fault: `The first line has no column ${missing.join(", ")}.` };
  const places = names.map((name) => header.indexOf(name));
  const rows = table.map((cells) => places.map((from, to) => cellOf(inputs[to], cells[from] ?? "")));
  const unused = header.filter((name) => name && !names.includes(name));
  return rows.length ? { rows, unused } : { fault: "There are no rows below the first line." };
}

// A table as CSV.
function toCSV(table) {
  const quote = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  return table.map((cells) => cells.map((cell) => quote(String(cell))).join(",") + "\n").join("");
}
