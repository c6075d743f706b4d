// The page of one run, a dialog that has an address of its own: #run=1a2b3c4d

class RunPages {
  // table: of all runs, drawn later, as its cells lead here
  constructor(dialog, spec) {
    Object.assign(this, { dialog, spec, table: null });
    view.listeners.push(() => this.follow());
    dialog.addEventListener("close", () => { if (view.get("run") && !dialog.open) view.set("run", ""); });
    // what lies above a page is printed on one sheet: a dialog within it goes over as many as it needs
    addEventListener("beforeprint", () => this.reopen(() => dialog.show()));
    addEventListener("afterprint", () => this.reopen(() => dialog.showModal()));
  }

  reopen(show) {
    if (!this.dialog.open) return;
    this.dialog.close();
    show();
  }

  // parsed when the first page is opened: it is most of the file
  get details() {
    this.parsed ??= { all: JSON.parse(document.getElementById("details").textContent) };
    return this.parsed.all;
  }

  opener(row, text) {
    const key = this.spec.keys[row];
    return element("a", {
      href: `#run=${key}`,
      click: (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        location.hash = view.address(key);
      },
    }, text || key);
  }

  // one link for each run of a method, by its seed
  seeds(rows) {
    const links = rows.slice(0, 12).flatMap((row) => {
      const seed = this.spec.seeds[row];
      const link = this.opener(row, seed === null ? "page" : String(seed));
      link.setAttribute("aria-label", seed === null ? "page of the run" : `run of seed ${seed}`);
      return [link, " "];
    });
    return rows.length > 12 ? [...links, `and ${rows.length - 12} more`] : links;
  }

  follow() {
    const key = view.get("run");
    if (key === "") {
      if (this.dialog.open) this.dialog.close();
      return;
    }
    const row = [key, key.slice(0, 8)].map((each) => this.spec.keys.indexOf(each)).find((place) => place >= 0);
    this.dialog.replaceChildren(...(row === undefined ? this.missing(key) : this.page(row)));
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.scrollTop = 0;
    this.dialog.querySelector("h2").focus();
  }

  missing(key) {
    return [this.head("No such run", []), element("p", {}, `There is no run ‘${key}’ in this report.`)];
  }

  page(row) {
    const columns = this.table.columns;
    const name = columns.find((column) => column.kind === "run").text(row);
    const place = this.table.found.indexOf(row);
    const near = place < 0 ? [] : [["Previous run", place - 1], ["Next run", place + 1]];
    const buttons = near.map(([text, to]) => element("button", {
      type: "button", disabled: this.table.found[to] === undefined,
      click: () => { view.set("run", this.spec.keys[this.table.found[to]]); this.follow(); },
    }, text));
    const parts = [this.head(name || this.spec.keys[row], buttons), this.facts(row)];
    const told = this.details?.runs[row];
    if (!told) {
      const folder = columns.find((column) => column.kind === "folder");
      parts.push(element("p", {}, "Its configuration, learning curves and scores of each class lie in ", ...this.table.content(folder, row), "."));
      return parts;
    }
    const scores = this.scores(told.scores);
    const curves = curvePictures(told.curves, told.metric);
    parts.push(...titled("Scores", scores), ...titled("Classes", told.classes && this.classes(told.classes)));
    parts.push(...titled("Learning curves", curves.length ? element("div", { class: "small" }, ...curves) : null));
    if (told.config.length) {
      const text = told.config.map((line) => this.details.lines[line]).join("\n");
      parts.push(element("h3", {}, "config.yaml"), element("pre", { tabindex: "0", role: "region", "aria-label": "config.yaml" }, text));
    }
    return parts;
  }

  head(title, buttons) {
    const close = element("button", { type: "button", class: "close", click: () => this.dialog.close() }, "Close");
    return element("header", {}, element("h2", { id: "run-title", tabindex: "-1" }, title), ...buttons, close);
  }

  facts(row) {
    const told = this.table.columns.filter((column) => column.kind !== "run" && column.kind !== "score" && column.text(row) !== "");
    return element("dl", { class: "facts" }, ...told.map((column) =>
      element("div", {}, element("dt", {}, column.title), element("dd", {}, ...this.table.content(column, row)))));
  }

  scores(scores) {
    const splits = Object.keys(scores);
    const metrics = [...new Set(splits.flatMap((split) => Object.keys(scores[split])))];
    if (metrics.length === 0) return null;
    return plainTable("Scores", ["split", ...metrics], splits.map((split) => [split, ...metrics.map((metric) => figure(scores[split][metric]))]));
  }

  classes({ split, names, measures }) {
    const rows = names.map((name, place) => [name, ...Object.values(measures).map((values) => figure(values[place]))]);
    return plainTable(`Scores of each class on ${split}`, [`${split} class`, ...Object.keys(measures)], rows);
  }
}

function titled(title, content) {
  return content ? [element("h3", {}, title), content] : [];
}

// shares have four digits, counts of pixels none
function figure(value) {
  if (value === null || value === undefined) return "";
  return Number.isInteger(value) && Math.abs(value) > 1 ? grouped(value) : value.toFixed(4);
}

function plainTable(title, heads, rows) {
  const cell = (text, place, tag) =>
    element(place ? tag : "th", { class: place ? "right" : null, scope: tag === "th" ? "col" : place ? null : "row" }, text);
  const line = (cells, tag) => element("tr", {}, ...cells.map((text, place) => cell(text, place, tag)));
  const table = element("table", {}, element("caption", { class: "unseen" }, title),
    element("thead", {}, line(heads, "th")), element("tbody", {}, ...rows.map((row) => line(row, "td"))));
  return element("div", { class: "wide", tabindex: "0", role: "region", "aria-label": title }, table);
}
