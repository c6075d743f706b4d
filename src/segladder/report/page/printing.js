// What is printed of a table: all its chosen columns, in letters that fit the paper or in parts that stand one below the
// other, each with the headings on every sheet and with what its rows are of. Nothing is cut off.

const PRINTED = 1000; // rows that are printed; of more, the page that is shown
const PAPER = 723; // points across that are written on, of A4 and of Letter
// points of the letters, and how wide words get, in heights of a letter, before they go over several lines: the first
// in which all columns fit
const LAYOUTS = [[8, 30], [8, 16], [7, 16], [7, 11], [6, 11], [6, 8]];
const OF_PARTS = [7, 16];
const SIDES = 0.9; // left and right of a cell

function printing(table) {
  const paper = element("div", { class: "printed" });
  table.place.after(paper);
  addEventListener("beforeprint", () => paper.replaceChildren(...printed(table)));
  addEventListener("afterprint", () => paper.replaceChildren());
}

function printed(table) {
  const all = table.found.length <= PRINTED;
  const rows = all ? table.found : table.found.slice(table.page * PAGE, (table.page + 1) * PAGE);
  if (rows.length === 0) return [];
  const measures = new Map(table.chosen.map((column) => [column, measure(column, rows)]));
  const widthsOf = (words) => new Map(table.chosen.map((column) => [column, width(measures.get(column), words, column === table.head)]));
  const sum = (widths, columns) => columns.reduce((before, column) => before + widths.get(column), 0);
  const fitting = LAYOUTS.find(([points, words]) => sum(widthsOf(words), table.chosen) * points <= PAPER);
  const [points, words] = fitting ?? OF_PARTS;
  const widths = widthsOf(words);
  const parts = fitting ? [table.chosen] : divided(table, widths, PAPER / points);
  return parts.map((columns, place) => {
    const told = parts.length > 1 ? `, part ${place + 1} of ${parts.length}` : "";
    const title = `${table.title}${told}: ${table.status.textContent}`;
    const part = element("div", { class: "part" }, bare(table, columns, rows, widths, title));
    part.style.fontSize = `${points}pt`;
    part.style.width = `${sum(widths, columns)}em`;
    return part;
  });
}

// columns that fit side by side, what the rows are of the first of each
function divided(table, widths, room) {
  const parts = [];
  let left = 0;
  for (const column of table.chosen.filter((each) => each !== table.head)) {
    if (parts.length === 0 || widths.get(column) > left) {
      parts.push([table.head]);
      left = room - widths.get(table.head);
    }
    parts.at(-1).push(column);
    left -= widths.get(column);
  }
  return parts.length ? parts : [[table.head]];
}

function bare(table, columns, rows, widths, title) {
  const whole = columns.reduce((before, column) => before + widths.get(column), 0);
  const sizes = columns.map((column) => {
    const size = element("col");
    size.style.width = `${(100 * widths.get(column)) / whole}%`;
    return size;
  });
  const heads = columns.map((column) => element("th", { scope: "col", class: classOf(column) }, ...heading(column.title)));
  const lines = rows.map((row) => element("tr", {}, ...columns.map((column) => {
    const tag = column === table.head ? "th" : "td";
    return element(tag, { scope: tag === "th" ? "row" : null, class: classOf(column) }, ...onPaper(table, column, row));
  })));
  return element("table", {}, element("colgroup", {}, ...sizes),
    // on every sheet of paper, and never alone at the foot of one
    element("thead", {}, element("tr", { class: "title" }, element("th", { colspan: columns.length }, title)), element("tr", {}, ...heads)),
    element("tbody", {}, ...lines));
}

const heading = (title) => title.split(/(?<=_)/).flatMap((word, place) => (place ? [element("wbr"), word] : [word]));

function onPaper(table, column, row) {
  const text = breakable(column.text(row));
  if (column.pages?.[row].length) return [column.pages[row].map((run) => table.pages.spec.seeds[run] ?? "").join(" ")];
  if (column.bestRows.has(row)) return [element("strong", {}, ...text)];
  if (column.secondRows.has(row)) return [element("u", {}, ...text)];
  return text;
}

// a long name goes on in a new line after what parts its words, a day and a number do not
function breakable(text) {
  const parted = /^\d{4}-\d\d-\d\d/.test(text) ? /\S+\s*/g : /[^\s_\-./+=,]*[\s_\-./+=,]*/g;
  const words = text.match(parted)?.filter(Boolean) ?? [];
  if (words.length < 2 || numberOf(text) !== null) return [text];
  return words.flatMap((word) => [word, element("wbr")]).slice(0, -1);
}

const pen = document.createElement("canvas").getContext("2d");

// in heights of a letter
function measured(texts, weight) {
  pen.font = `${weight} 100px ${getComputedStyle(document.body).fontFamily}`;
  return Math.max(0, ...texts.map((text) => pen.measureText(text).width / 100));
}

// how wide the heading must be, and how wide the cells would like to be
function measure(column, rows) {
  const texts = new Set(column.pages ? [] : rows.map((row) => column.text(row)));
  // the widest is among the longest
  const longest = [...texts].sort((a, b) => b.length - a.length).slice(0, 50);
  const weight = column.bestRows.size || column.kind === "run" ? 600 : 400;
  return { heading: measured(column.title.split(/\s|(?<=_)/), 600), cells: Math.max(3, measured(longest, weight)), right: column.right };
}

function width({ heading, cells, right }, words, isHead) {
  const most = right ? Infinity : isHead ? 1.4 * words : words;
  return Math.min(Math.max(heading, Math.min(cells, most)), 30) + SIDES;
}
