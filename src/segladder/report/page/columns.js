// A column of a table: the text of each row, and what it is sorted by.

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
    Object.assign(this, { kind: "", right: false, minor: false, gives: false, down: false, best: [], second: [], marked: {}, links: {} }, spec);
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

  // whether a cell has just this text
  has(text) {
    this.cachedTexts ??= new Set(this.words ?? Array.from({ length: this.rows }, (_, row) => this.text(row)));
    return this.cachedTexts.has(text);
  }

  some(holds) {
    for (let row = 0; row < this.rows; row += 1) if (holds(row)) return true;
    return false;
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

  // the different texts in order, where they are few enough to choose from; null for numbers
  get choices() {
    if (this.cachedChoices === undefined) this.cachedChoices = this.findChoices();
    return this.cachedChoices;
  }

  findChoices() {
    if (this.values) return null;
    const first = new Map();
    for (let row = 0; row < this.rows; row += 1) {
      const text = this.text(row);
      if (!first.has(text)) first.set(text, row);
      if (first.size > FEW) return null;
    }
    const compare = this.compare(false);
    return [...first].sort((a, b) => compare(a[1], b[1])).map(([text]) => text);
  }
}
