// A column of a table: the text of each row, what it is sorted by, and what a filter lets through.

const grouped = (whole) => String(whole).replace(/\B(?=(\d{3})+$)/g, ",");

const FORMATS = {
  whole: String,
  count: (value) => grouped(Math.round(value)),
  score: (value) => value.toFixed(4),
  two: (value) => value.toFixed(2),
  three: (value) => (value >= 1000 ? grouped(Math.round(value)) : String(Number(value.toPrecision(3)))),
};

const FEW = 25; // different values that a list to choose from may have

class Column {
  constructor(spec, rows) {
    Object.assign(this, { kind: "", right: false, minor: false, down: false, best: [], second: [], marked: {}, links: {} }, spec);
    this.rows = rows;
    this.bestRows = new Set(this.best);
    this.secondRows = new Set(this.second);
  }

  text(row) {
    if (this.texts) return this.texts[row];
    if (this.words) return this.words[this.at[row]];
    const value = this.values[row];
    return value === null ? "" : FORMATS[this.kind](value);
  }

  // a number or a text for each row, null where there is nothing: that comes last in either direction
  get sortKeys() {
    this.cachedKeys ??= this.values ?? this.textKeys();
    return this.cachedKeys;
  }

  textKeys() {
    const texts = this.words ?? this.texts;
    const given = texts.filter((text) => text !== "");
    const numeric = given.length > 0 && given.every((text) => text.trim() !== "" && Number.isFinite(Number(text)));
    // run-2 before run-10
    const natural = (text) => text.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, "0"));
    const keys = texts.map((text) => (text === "" ? null : numeric ? Number(text) : natural(text)));
    return this.words ? this.at.map((place) => keys[place]) : keys;
  }

  get numeric() {
    return typeof this.sortKeys.find((key) => key !== null) === "number";
  }

  compare(down) {
    const keys = this.sortKeys;
    const sign = down ? -1 : 1;
    return (a, b) => {
      const [x, y] = [keys[a], keys[b]];
      if (x === null || y === null) return (x === null) - (y === null) || a - b;
      return (x < y ? -sign : x > y ? sign : 0) || a - b;
    };
  }

  // the different texts in order, where they are few enough to choose from; null for measured numbers
  get choices() {
    if (this.cachedChoices === undefined) this.cachedChoices = this.findChoices();
    return this.cachedChoices;
  }

  findChoices() {
    if (this.values && this.kind !== "whole" && this.kind !== "count") return null;
    const first = new Map();
    for (let row = 0; row < this.rows; row += 1) {
      const text = this.text(row);
      if (!first.has(text)) first.set(text, row);
      if (first.size > FEW) return null;
    }
    const compare = this.compare(false);
    return [...first].sort((a, b) => compare(a[1], b[1])).map(([text]) => text);
  }

  // =word: exactly that; >0.9, <=1, 0.5..0.7: of numbers; anything else: holds it
  filter(words) {
    if (words.startsWith("=")) return (row) => this.text(row) === words.slice(1);
    const span = /^\s*(\S+?)\s*\.\.\s*(\S+)\s*$/.exec(words);
    const bound = /^\s*([<>]=?)\s*(\S+)\s*$/.exec(words);
    const limits = (span ? span.slice(1) : bound ? [bound[2]] : []).map(Number);
    if (this.numeric && limits.length > 0 && limits.every(Number.isFinite)) {
      const keys = this.sortKeys;
      const [low, high = low] = limits;
      const holds = {
        ">": (key) => key > low,
        ">=": (key) => key >= low,
        "<": (key) => key < low,
        "<=": (key) => key <= low,
        "..": (key) => key >= low && key <= high,
      }[span ? ".." : bound[1]];
      return (row) => keys[row] !== null && holds(keys[row]);
    }
    const wanted = words.trim().toLowerCase();
    return (row) => this.text(row).toLowerCase().includes(wanted);
  }
}
