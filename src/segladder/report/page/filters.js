// What a filter lets through: a word that a cell holds, = or != a value; of numbers > >= < <= and low..high as well.

const HINT = "A filter is a part of what the cells hold, = word or != word; of numbers also > 0.9, <= 1,000, = 1 or 0.9..0.95.";
const SAME_SIGNS = { "==": "=", "<>": "!=", "≠": "!=", "≤": "<=", "≥": ">=" };
const ORDERS = {
  ">": (key, limit) => key > limit,
  ">=": (key, limit) => key >= limit,
  "<": (key, limit) => key < limit,
  "<=": (key, limit) => key <= limit,
};

// 0.95, 1,000 and 1e-3; null for what is no number, such as 0,95
function numberOf(text) {
  const plain = text.trim().replace("−", "-");
  if (!/^[+-]?(?:[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?|\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(plain)) return null;
  return Number(plain.replaceAll(",", ""));
}

// {holds: whether a row is let through} or {problem: why the words are not understood}
function condition(words, column) {
  const text = (row) => column.text(row);
  // what a list of choices writes: the text of a cell, whatever it begins with
  if (words.startsWith("=") && column.has(words.slice(1))) return { holds: (row) => text(row) === words.slice(1) };
  const typed = words.trim();
  const [, written, rest] = /^(<=|>=|<>|!=|==|[=<>≤≥≠])?\s*(.*)$/su.exec(typed);
  const sign = SAME_SIGNS[written] ?? written;
  // a name may begin like a condition
  if (sign && !column.numeric && column.has(typed)) return { holds: (row) => text(row) === typed };
  if (sign === "=" || sign === "!=") {
    const equals = equal(rest, column);
    if (!equals) return { problem: `‘${typed}’: ‘${rest}’ is no number of ${column.title}; write it as 0.95 or 1,000` };
    return { holds: sign === "=" ? equals : (row) => !equals(row) };
  }
  const held = typed.toLowerCase();
  const holding = { holds: (row) => text(row).toLowerCase().includes(held) };
  if (!column.numeric) {
    if (!sign || column.some(holding.holds)) return holding;
    return { problem: `‘${typed}’: ${column.title} holds words, of which none is more or less; write = or !=` };
  }
  if (sign) return ordered(sign, rest, typed, column);
  const span = /^(.*?)\s*(?:\.\.\.?|…)\s*(.*)$/su.exec(typed);
  if (span) return within(span[1], span[2], typed, column);
  const digits = held.replaceAll(",", "");
  return { holds: (row) => holding.holds(row) || text(row).toLowerCase().replaceAll(",", "").includes(digits) };
}

// a number equals what is shown or its whole value; a word one in other capitals too; null where it can be no such number
function equal(wanted, column) {
  const number = column.numeric ? numberOf(wanted) : null;
  if (number !== null) {
    const keys = column.sortKeys;
    // of 0.9912 ± 0.0012 the beginning is the number
    return (row) => keys[row] === number || numberOf(column.text(row).split(/\s/)[0]) === number;
  }
  const lower = wanted.toLowerCase();
  const equals = column.has(wanted) ? (row) => column.text(row) === wanted : (row) => column.text(row).toLowerCase() === lower;
  return column.numeric && wanted !== "" && !column.some(equals) ? null : equals;
}

function ordered(sign, rest, typed, column) {
  const limit = numberOf(rest);
  if (limit === null) return { problem: `‘${typed}’: after ${sign} comes a number, such as 0.95 or 1,000` };
  const keys = column.sortKeys;
  return { holds: (row) => keys[row] !== null && ORDERS[sign](keys[row], limit) };
}

function within(from, to, typed, column) {
  const [low, high] = [from === "" ? -Infinity : numberOf(from), to === "" ? Infinity : numberOf(to)];
  if (low === null || high === null) return { problem: `‘${typed}’: between .. stand two numbers, as in 0.9..0.95` };
  const keys = column.sortKeys;
  const [least, most] = low <= high ? [low, high] : [high, low];
  return { holds: (row) => keys[row] !== null && keys[row] >= least && keys[row] <= most };
}
