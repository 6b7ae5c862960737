// The form: rows of text, a page of them as fields, and the message at each field.

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const WINDOW = 10; // rows on one page
const MOST_BESIDE = 6; // fields of a row side by side; more are stacked
const MOST_STACKED = 40; // fields of a row stacked; more scroll sideways

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

const MOMENTS = ["date", "datetime"];
const show = (value) => (value === null || value === undefined ? "" : String(value));

// Whether values are sent exactly as they are written: blanks and the empty text are values, too.
const isExact = (input) => input.text && !MOMENTS.includes(input.kind);
// Whether a field has a box for null, because an empty field may be the empty text.
const hasBox = (input) => isExact(input) && input.nullable && !input.closed;
const takesEmpty = (input) => hasBox(input) || input.empty === "" || (input.categories || []).includes("");

// The value of a cell of a table. As in CSV, an empty cell is the empty text only if the model knows it.
function cellOf(input, text) {
  if (!isExact(input)) return text.trim();
  return text === "" ? input.empty : text;
}

// A category as an option shows it: blanks around it, and nothing, would not be seen.
const visible = (text) => (text === "" || text !== text.trim() ? JSON.stringify(text) : text);

// A number as text: integers in full, others with `digits` significant digits.
function plain(number, digits = 7) {
  const size = Math.abs(number);
  const text = size >= 10 ** (2 * digits) || (size && size < 1e-4) ? number.toExponential(Math.min(3, digits - 2))
    : String(Number.isInteger(number) ? number : Number(number.toPrecision(digits)));
  return text.replaceAll("-", "\u2212");
}

// The JSON of a value: null or text. Text that cannot be a value of the input's type is sent
// unchanged: the service returns the error.
function toJSON(input, value) {
  if (value === null) return "null";
  if (isExact(input)) return value === "" && !takesEmpty(input) ? "null" : JSON.stringify(value);
  const bare = value.trim();
  if (bare === "") return "null";
  if (input.text) return JSON.stringify(bare);
  if (["true", "false"].includes(bare.toLowerCase())) return bare.toLowerCase();
  return NUMBER.test(bare) ? bare : JSON.stringify(value);
}

// The type of a field: a browser has one for dates and one for times, which holds no zone, and what
// it cannot show it would show empty.
function fieldOf(input, value) {
  if (input.kind === "date" && /^(\d{4}-\d\d-\d\d)?$/.test(value)) return "date";
  if (input.kind !== "datetime" || /[ Z+]|-\d\d:?\d\d$/.test(value + (input.form || input.dtype))) return "text";
  return /^(\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?)?$/.test(value) ? "datetime-local" : "text";
}

// A warning for a value that the sample does not have; empty if there is none.
function warning(input, value) {
  if (value === null) return "";
  const bare = isExact(input) ? value : value.trim();
  if (bare === "" && !takesEmpty(input)) return "";
  if (input.categories && !input.closed) {
    input.known ??= new Set(input.categories);
    if (!input.known.has(bare)) return "This value is not in the sample.";
  }
  if (input.minimum === null || input.maximum === null || !NUMBER.test(bare)) return "";
  const number = Number(bare);
  if (number >= input.minimum && number <= input.maximum) return "";
  return `The sample ranges from ${plain(input.minimum)} to ${plain(input.maximum)}.`;
}

// The range of an input, short enough for a heading.
const rangeOf = (input) => (input.minimum === null || input.maximum === null ? ""
  : `${plain(input.minimum, 4)} to ${plain(input.maximum, 4)}`);

class Form {
  constructor(model, table, changed) {
    this.model = model;
    this.table = table;
    this.changed = changed;
    this.names = model.inputs.map((input) => input.name);
    this.rows = [];
    this.first = 0;
    this.faults = new Map(); // by "row/column"
    this.fits();
  }

  // Replace the rows.
  set(rows) {
    this.rows = rows.slice(0, this.model.mostRows);
    this.first = 0;
    this.faults.clear();
    this.draw();
    this.changed();
    return rows.length - this.rows.length;
  }

  example() {
    const columns = this.model.example;
    return this.set(columns[this.names[0]].map((_, row) => this.names.map((n) => columns[n][row])));
  }

  empty() { return this.model.inputs.map((input) => input.empty); }

  // The first `most` rows as the JSON of a request; `glue` separates the columns.
  body(most = Infinity, glue = ", ") {
    const rows = this.rows.slice(0, most);
    const column = (input, place) =>
      `${JSON.stringify(input.name)}: [${rows.map((row) => toJSON(input, row[place])).join(", ")}]`;
    return `{${this.model.inputs.map(column).join(glue)}}`;
  }

  // The number of values outside of the sample.
  unseen() {
    return this.rows.reduce((count, row) => count
      + this.model.inputs.filter((input, place) => warning(input, row[place])).length, 0);
  }

  // Stack the fields if a row is wider than the page. Returns whether the layout changed.
  fits() {
    const count = this.names.length;
    const stacked = count <= MOST_STACKED && (count > MOST_BESIDE || innerWidth < 640) && count > 1;
    const before = this.table.classList.contains("stacked");
    this.table.classList.toggle("stacked", stacked);
    return before !== stacked;
  }

  show(row) {
    const first = Math.floor(row / WINDOW) * WINDOW;
    if (first !== this.first) { this.first = first; this.draw(); }
  }

  field(row, place) { return document.getElementById(`f-${row}-${place}`); }

  draw() {
    const head = this.model.inputs.map((input) => element("th", { scope: "col" }, input.name,
      element("small", {}, rangeOf(input))));
    const body = element("tbody");
    const last = Math.min(this.first + WINDOW, this.rows.length);
    for (let row = this.first; row < last; row++) body.append(this.line(row));
    const corner = element("th", { scope: "col" }, element("span", { className: "hidden" }, "Row"));
    const end = element("td", {}, "");
    this.table.replaceChildren(
      element("thead", {}, element("tr", {}, corner, ...head, end)), body,
    );
    document.getElementById("pager").hidden = this.rows.length <= WINDOW;
    document.getElementById("shown").textContent =
      `Rows ${this.first + 1} to ${last} of ${this.rows.length.toLocaleString("en")}`;
    document.getElementById("previous").disabled = this.first === 0;
    document.getElementById("next").disabled = last === this.rows.length;
  }

  line(row) {
    const cells = this.model.inputs.map((input, place) => element(
      "td", { "data-name": input.name, "data-range": rangeOf(input) },
      this.control(input, row, place), element("p", { id: `s-${row}-${place}`, hidden: true }),
    ));
    const remove = element(
      "button", { type: "button", className: "remove", ariaLabel: `Remove row ${row + 1}` }, "\u00d7",
    );
    remove.addEventListener("click", () => {
      this.rows.splice(row, 1);
      if (!this.rows.length) this.rows.push(this.empty());
      this.first = Math.min(this.first, Math.floor((this.rows.length - 1) / WINDOW) * WINDOW);
      this.faults.clear();
      this.draw();
      this.changed();
      this.field(Math.min(row, this.rows.length - 1), 0).focus();
    });
    const line = element("tr", {}, element("th", { scope: "row" }, `${row + 1}`), ...cells, element("td", {}, remove));
    cells.forEach((cell, place) => this.showMessage(row, place, cell));
    return line;
  }

  control(input, row, place) {
    const value = this.rows[row][place];
    const known = input.kind === "boolean" ? ["true", "false"] : input.closed ? input.categories : null;
    const label = `${input.name}, row ${row + 1}`;
    const properties = { id: `f-${row}-${place}`, ariaLabel: label, autocomplete: "off" };
    const change = (changed) => {
      this.rows[row][place] = changed;
      this.faults.delete(`${row}/${place}`);
      this.showMessage(row, place);
      this.changed();
    };
    if (known) return this.choice(input, known, properties, value, change);
    let made;
    const type = fieldOf(input, value ?? "");
    if (input.kind === "text" || /[\r\n]/.test(value ?? "")) made = element("textarea", { ...properties, rows: 2 });
    else {
      made = element("input", { ...properties, type, inputMode: input.text ? "text" : "decimal" });
      if (type === "datetime-local") made.step = "any";
      if (input.categories) made.setAttribute("list", `known-${place}`);
    }
    made.value = show(value);
    if (!hasBox(input)) {
      made.addEventListener("input", () => change(made.value));
      return made;
    }
    const box = element("input", { type: "checkbox", checked: value === null, ariaLabel: `${label} is null` });
    made.addEventListener("input", () => { box.checked = false; change(made.value); });
    box.addEventListener("change", () => {
      if (box.checked) made.value = "";
      change(box.checked ? null : made.value);
    });
    return element("div", { className: "with-null" }, made, element("label", {}, box, "null"));
  }

  // A list of the values of which an input takes one; by their place, as two texts may look the same.
  choice(input, known, properties, value, change) {
    const options = [...known];
    if (input.nullable || !known.includes(value)) options.unshift(null);
    if (!options.includes(value) && value) options.push(value);
    const made = element("select", properties, ...options.map((one, at) => element(
      "option", { value: `${at}` }, one === null ? "\u2013" : visible(one))));
    made.selectedIndex = Math.max(0, options.indexOf(value));
    made.addEventListener("input", () => change(options[made.selectedIndex]));
    return made;
  }

  // Show the error or warning at a field.
  showMessage(row, place, cell = this.field(row, place)?.closest("td")) {
    if (!cell) return;
    const control = cell.querySelector("[id^=f-]"), line = cell.querySelector("p");
    const fault = this.faults.get(`${row}/${place}`);
    const text = fault || warning(this.model.inputs[place], this.rows[row][place]);
    line.hidden = !text;
    line.textContent = text;
    line.className = fault ? "fault" : "warning";
    if (fault) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
    if (text) control.setAttribute("aria-describedby", line.id);
    else control.removeAttribute("aria-describedby");
  }

  // Import a pasted or dropped table. Returns a note about what was left out, or an error.
  take(table, row = null, place = 0) {
    const header = headerOf(table[0] || [], this.names);
    if (row === null || this.names.every((name) => header.includes(name))) {
      const { rows, unused, fault } = arrange(header, table.slice(1), this.model.inputs);
      if (fault) return { fault };
      const left = this.set(rows);
      const parts = [`${this.rows.length.toLocaleString("en")} rows`];
      if (unused.length) parts.push(`left out: ${unused.join(", ")}`);
      if (left) parts.push(`${left.toLocaleString("en")} more exceed the limit of one request`);
      return { note: `${parts.join("; ")}.` };
    }
    const rows = this.rows.map((cells) => [...cells]);
    table.slice(0, this.model.mostRows - row).forEach((cells, down) => {
      rows[row + down] ??= this.empty();
      cells.forEach((cell, right) => {
        if (place + right < this.names.length) rows[row + down][place + right] = cellOf(this.model.inputs[place + right], cell);
      });
    });
    const first = this.first;
    this.set(rows);
    this.first = first;
    this.draw();
    return { note: `${table.length.toLocaleString("en")} rows pasted; ${this.rows.length.toLocaleString("en")} in all.` };
  }
}
