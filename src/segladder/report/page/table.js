// A table that is sorted by its headings, filtered, and drawn a page of rows at a time.

const PAGE = 200;
const LONG = 45; // letters from which on a cell of words has several lines, and a name or path may be cut off on the screen
const MANY = 8; // rows from which on any table has a search and filters
const OTHER = "other"; // in a list of choices, whose values begin with =: a filter is typed instead

const classOf = (column) => (column.right ? "right" : column.kind === "folder" ? "folder" : null);

class Table {
  // place: the element that the table is drawn in; pages: of the runs, which cells lead to
  constructor(spec, place, pages) {
    Object.assign(this, { name: spec.name, title: spec.title, noun: spec.noun, rows: spec.rows, spec, place, pages });
    this.columns = spec.columns.map((column) => new Column(column, spec.rows));
    this.head = this.columns[spec.head];
    this.fits = new Map();
    this.build();
    this.restore();
  }

  get(key) {
    return view.get(`${this.name}.${key}`);
  }

  set(key, value) {
    view.set(`${this.name}.${key}`, value);
    this.seen = this.words();
  }

  words() {
    return JSON.stringify(view.all(`${this.name}.`));
  }

  column(key) {
    return this.columns.find((column) => column.key === key);
  }

  // --- the view

  restore() {
    const words = this.words();
    if (words === this.seen) return;
    this.seen = words;
    const sort = this.get("sort");
    this.sorted = this.column(sort.replace(/^[-+]/, "")) ?? null;
    this.down = sort.startsWith("-");
    this.search.value = this.get("q");
    this.fits.clear();
    for (const [key, value] of view.all(`${this.name}.is.`)) {
      if (this.column(key) && value !== "") this.fits.set(key, value);
    }
    const chosen = new Map(view.all(`${this.name}.show.`));
    const shown = this.columns.filter((column) => (chosen.get(column.key) ?? (column.minor ? "no" : "yes")) === "yes");
    this.shown = new Set(shown.map((column) => column.key));
    for (const key of [this.head.key, ...this.fits.keys()]) this.shown.add(key);
    this.given = new Set();
    this.place.classList.remove("tight");
    this.page = Math.max(0, (Number.parseInt(this.get("page"), 10) || 1) - 1);
    this.filtersOpen ||= this.fits.size > 0;
    this.drawHead();
    this.order();
    this.drawBody();
    this.giveWay();
  }

  // where the table is wider than the page, it gets narrow, and columns that say less leave it, from the right, until it
  // fits
  giveWay() {
    const may = this.columns.filter((column) => column.gives && this.shown.has(column.key) && this.get(`show.${column.key}`) === ""
      && !this.fits.has(column.key) && this.sorted !== column && column.key !== "runs");
    const wide = () => this.place.clientWidth > 0 && this.place.scrollWidth > this.place.clientWidth;
    if (may.length) this.place.classList.toggle("tight", wide());
    while (may.length && wide()) {
      this.given.add(may.pop().key);
      this.drawHead();
      this.drawBody();
    }
  }

  sortBy(column) {
    const first = column.down;
    if (this.sorted !== column) [this.sorted, this.down] = [column, first];
    else if (this.down === first) this.down = !first;
    else [this.sorted, this.down] = [null, false];
    this.set("sort", this.sorted ? (this.down ? "-" : "+") + column.key : "");
    this.changed();
  }

  setFilter(column, words) {
    if (words === "") this.fits.delete(column.key);
    else this.fits.set(column.key, words);
    this.set(`is.${column.key}`, words);
    this.changed();
  }

  setShown(column, shown) {
    this.given.delete(column.key);
    if (shown) this.shown.add(column.key);
    else {
      this.shown.delete(column.key);
      this.fits.delete(column.key); // what is not seen filters nothing
      view.set(`${this.name}.is.${column.key}`, "");
    }
    this.set(`show.${column.key}`, shown !== column.minor && !column.gives ? "" : shown ? "yes" : "no");
    this.drawHead();
    this.changed();
  }

  clear() {
    view.drop(`${this.name}.`);
    view.set(`${this.name}.q`, "");
    this.filtersOpen = false;
    this.restore();
    this.search.focus();
  }

  changed() {
    this.turn(0);
    this.order();
    this.drawBody();
  }

  turn(page) {
    this.page = page;
    this.set("page", page ? String(page + 1) : "");
  }

  order() {
    const found = [];
    const read = [...this.fits].map(([key, words]) => [key, condition(words, this.column(key))]);
    const filters = read.flatMap(([, { holds }]) => holds ?? []);
    this.problems = new Map(read.filter(([, { problem }]) => problem).map(([key, { problem }]) => [key, problem]));
    const wanted = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (let row = 0; row < this.rows; row += 1) {
      if (filters.every((filter) => filter(row)) && (wanted.length === 0 || this.holds(row, wanted))) found.push(row);
    }
    this.found = this.sorted ? found.sort(this.sorted.compare(this.down)) : found;
    this.page = Math.min(this.page, Math.max(0, Math.ceil(found.length / PAGE) - 1));
  }

  holds(row, wanted) {
    this.texts ??= new Array(this.rows);
    this.texts[row] ??= this.columns.map((column) => column.text(row)).join("\n").toLowerCase();
    return wanted.every((word) => this.texts[row].includes(word));
  }

  // --- what is there once

  build() {
    this.search = element("input", {
      type: "search", id: `${this.name}-search`, placeholder: "in all columns", autocomplete: "off", spellcheck: "false",
      input: () => { this.set("q", this.search.value); this.changed(); },
    });
    this.filters = element("button", { type: "button", "aria-expanded": "false", click: () => this.toggleFilters() }, "Filters");
    this.boxes = this.columns.filter((column) => column !== this.head).map((column) =>
      [column, element("input", { type: "checkbox", change: (event) => this.setShown(column, event.target.checked) })]);
    this.menu = element("div", { class: "panel", role: "group", "aria-label": "Columns" },
      ...this.boxes.map(([column, box]) => element("label", {}, box, ` ${column.title}`)));
    this.chooser = element("details", { class: "menu", keydown: (event) => this.closeMenu(event) }, element("summary", {}, "Columns"), this.menu);
    addEventListener("click", (event) => { if (!this.chooser.contains(event.target)) this.chooser.open = false; });
    this.clearer = element("button", { type: "button", click: () => this.clear() }, "Reset");
    this.status = element("p", { class: "status", role: "status" });
    this.hint = element("p", { class: "hint", id: `${this.name}-hint`, hidden: true }, HINT);
    this.problem = element("p", { class: "problem", id: `${this.name}-problem`, role: "status" });
    this.bar = element("div", { class: "bar", role: "group", "aria-label": `View of ${this.title}` },
      element("label", { for: this.search.id }, "Find "), this.search, this.filters, this.chooser, this.clearer);
    this.plain = !this.spec.tools && this.rows <= MANY;
    this.bar.hidden = this.plain;
    this.thead = element("thead");
    this.tbody = element("tbody");
    this.table = element("table", {}, element("caption", { class: "unseen" }, this.title), this.thead, this.tbody);
    this.pager = element("nav", { class: "pager", "aria-label": `Pages of ${this.title}` });
    this.place.replaceChildren(this.table);
    this.place.classList.toggle("long", this.rows > 30);
    if (this.plain) this.place.before(this.status);
    else this.bar.append(this.status);
    this.place.before(this.bar, this.hint, this.problem);
    this.place.after(this.pager);
    printing(this);
  }

  toggleFilters() {
    this.filtersOpen = !this.filtersOpen;
    this.drawHead();
    this.drawProblems();
    if (this.filtersOpen) this.thead.querySelector("select, input")?.focus();
  }

  closeMenu(event) {
    if (event.key !== "Escape" || !this.chooser.open) return;
    this.chooser.open = false;
    this.chooser.querySelector("summary").focus();
    event.stopPropagation();
  }

  // --- what is drawn again

  drawHead() {
    this.chosen = this.columns.filter((column) => this.shown.has(column.key));
    this.visible = this.chosen.filter((column) => !this.given.has(column.key));
    const heads = this.visible.map((column) =>
      element("th", { scope: "col", class: classOf(column), "data-key": column.key },
        element("button", { type: "button", click: () => this.sortBy(column) }, column.title)));
    this.thead.replaceChildren(element("tr", { "aria-rowindex": "1" }, ...heads));
    this.filters.setAttribute("aria-expanded", String(this.filtersOpen === true));
    this.hint.hidden = !this.filtersOpen;
    if (this.filtersOpen) {
      const cells = this.visible.map((column) => element("td", { class: classOf(column) }, ...this.control(column)));
      this.thead.append(element("tr", { class: "filters" }, ...cells));
    }
    for (const [column, box] of this.boxes) box.checked = this.visible.includes(column);
  }

  // a list of choices where they are few, below it a box where another condition is written
  control(column) {
    const words = this.fits.get(column.key) ?? "";
    if (column.choices === null) return [this.box(column, words)];
    const chosen = column.choices.findIndex((text) => words === `=${text}`);
    const other = words !== "" && chosen < 0;
    const options = column.choices.map((text, place) =>
      element("option", { value: `=${text}`, selected: place === chosen }, text === "" ? "(none)" : text));
    const choose = ({ target }) => {
      // the focus stays: whoever goes through the list with the keyboard may go on
      while (target.nextSibling) target.nextSibling.remove();
      if (target.value === OTHER) target.after(this.box(column, ""));
      this.setFilter(column, target.value === OTHER ? "" : target.value);
    };
    const list = element("select", { "aria-label": `Filter ${column.title}`, change: choose }, element("option", { value: "" }, "all"),
      ...options, element("option", { value: OTHER, selected: other }, "other …"));
    return other ? [list, this.box(column, words)] : [list];
  }

  box(column, words) {
    return element("input", {
      type: "search", "aria-label": `Filter ${column.title}${column.choices ? " by a condition" : ""}`, "aria-describedby": `${this.hint.id} ${this.problem.id}`,
      placeholder: column.numeric ? "> 0.9 or 1..5" : "word or != word", value: words, autocomplete: "off", spellcheck: "false",
      "data-filter": column.key, input: (event) => this.setFilter(column, event.target.value),
    });
  }

  drawBody() {
    for (const head of this.thead.querySelectorAll("th")) {
      const mine = this.sorted !== null && head.dataset.key === this.sorted.key;
      if (mine) head.setAttribute("aria-sort", this.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    const begin = this.page * PAGE;
    const rows = this.found.slice(begin, begin + PAGE);
    const lines = rows.map((row, index) => this.line(row, begin + index));
    if (lines.length === 0) {
      lines.push(element("tr", {}, element("td", { colspan: this.visible.length }, `No ${this.noun} fit the filters.`)));
    }
    this.tbody.replaceChildren(...lines);
    this.table.setAttribute("aria-rowcount", String(this.found.length + 1));
    const pages = Math.ceil(this.found.length / PAGE);
    const told = pages > 1 ? `${grouped(begin + 1)} to ${grouped(begin + rows.length)} of ${grouped(this.found.length)}` : "";
    this.drawStatus(told);
    this.drawPager(pages, told);
    this.drawProblems();
  }

  // a filter that is not understood lets all rows through, and says so
  drawProblems() {
    const told = [...this.problems.values()].map((problem) => `${problem}.`).join(" ");
    const text = told && `Not understood, so that all rows pass: ${told}`;
    if (this.problem.textContent !== text) this.problem.textContent = text;
    for (const box of this.thead.querySelectorAll("[data-filter]")) {
      if (this.problems.has(box.dataset.filter)) box.setAttribute("aria-invalid", "true");
      else box.removeAttribute("aria-invalid");
    }
  }

  line(row, index) {
    const cells = this.visible.map((column) => {
      const tag = column === this.head ? "th" : "td";
      const text = column.text(row);
      const words = tag === "td" && classOf(column) === null && text.length > LONG && text.includes(" ");
      const attributes = {
        scope: tag === "th" ? "row" : null, class: words ? "words" : classOf(column), title: text.length > LONG && !words ? text : null,
      };
      return element(tag, attributes, ...this.content(column, row));
    });
    return element("tr", { "aria-rowindex": String(index + 2) }, ...cells);
  }

  content(column, row) {
    const text = column.text(row);
    if (column.kind === "run") return [this.pages.opener(row, text)];
    if (column.pages?.[row].length) return this.pages.seeds(column.pages[row]);
    if (column.marked[row]) return column.marked[row].flatMap((letter) => [element("abbr", { title: this.spec.marks[letter] }, letter), " "]);
    if (text === "") return [];
    if (column.links[row] || column.kind === "folder") {
      return [element("a", { href: column.links[row] ?? `${text.split("/").map(encodeURIComponent).join("/")}/` }, text)];
    }
    if (column.bestRows.has(row)) return [element("strong", {}, text)];
    if (column.secondRows.has(row)) return [element("u", {}, text)];
    return [text];
  }

  drawStatus(range) {
    const all = this.found.length === this.rows;
    const count = all ? `${grouped(this.rows)} ${this.noun}` : `${grouped(this.found.length)} of ${grouped(this.rows)} ${this.noun} shown`;
    const direction = this.down ? "descending" : "ascending";
    const sorted = this.sorted ? `, sorted by ${this.sorted.title}, ${direction}` : "";
    const hidden = this.given.size ? `, ${this.given.size} of their columns not shown for lack of room` : "";
    const text = `${count}${hidden}${sorted}${range ? `; here ${range}` : ""}`;
    if (this.status.textContent !== text) this.status.textContent = text;
    this.status.classList.toggle("unseen", this.plain);
    this.clearer.disabled = this.words() === "[]";
  }

  drawPager(pages, range) {
    this.pager.hidden = pages < 2;
    if (this.pager.hidden) return;
    const focused = this.pager.contains(document.activeElement) ? document.activeElement.textContent : "";
    const go = (page, text) => element("button", {
      type: "button", disabled: page < 0 || page >= pages,
      click: () => { this.turn(page); this.drawBody(); this.place.scrollTop = 0; },
    }, text);
    const buttons = [go(this.page - 1, "Previous"), go(this.page + 1, "Next")];
    this.pager.replaceChildren(buttons[0], element("span", {}, range), buttons[1]);
    const again = buttons.find((button) => button.textContent === focused && !button.disabled) ?? buttons.find((button) => !button.disabled);
    if (focused) again.focus();
  }
}
