// Learning curves as SVG: one picture for each measure, its splits and terms as lines.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 460;
const HEIGHT = 230;
const EDGE = { left: 52, right: 12, top: 10, bottom: 30 };
const LINES = 8; // of one picture, each with a colour of its own

function drawn(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// val/miou and train/miou are of one measure, and so are train/loss and train/loss/ce
function measureOf(name) {
  const words = name.split("/");
  return (words.length > 1 && ["train", "val"].includes(words[0]) ? words.slice(1) : words)[0];
}

function curvePictures(curves, monitored) {
  const groups = new Map();
  for (const curve of curves) {
    const measure = measureOf(curve.name);
    groups.set(measure, [...(groups.get(measure) ?? []), curve]);
  }
  const weight = (measure) => (measure === monitored ? 0 : measure === "loss" ? 1 : 2);
  return [...groups].sort((a, b) => weight(a[0]) - weight(b[0])).map(([measure, lines]) => picture(measure, lines));
}

function picture(measure, lines) {
  const shown = lines.slice(0, LINES);
  const x = scale(shown.flatMap((line) => line.x), EDGE.left, WIDTH - EDGE.right, { ticks: 7, whole: false });
  const y = scale(shown.flatMap((line) => line.y), HEIGHT - EDGE.bottom, EDGE.top, { ticks: 5, whole: true });
  const svg = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": summary(measure, shown) });
  for (const tick of y.ticks) {
    svg.append(drawn("line", { class: "grid", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y.at(tick), y2: y.at(tick) }));
    svg.append(drawn("text", { x: EDGE.left - 6, y: y.at(tick) + 4, "text-anchor": "end" }, short(tick, y.most)));
  }
  for (const tick of x.ticks) {
    svg.append(drawn("text", { x: x.at(tick), y: HEIGHT - EDGE.bottom + 16, "text-anchor": "middle" }, short(tick, x.most)));
  }
  svg.append(drawn("line", { class: "axis", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: HEIGHT - EDGE.bottom, y2: HEIGHT - EDGE.bottom }));
  svg.append(drawn("text", { x: WIDTH - EDGE.right, y: HEIGHT - 2, "text-anchor": "end" }, "step"));
  shown.forEach((line, number) => {
    const points = line.x.map((step, index) => `${x.at(step).toFixed(1)},${y.at(line.y[index]).toFixed(1)}`);
    if (points.length > 1) svg.append(drawn("polyline", { class: `line line-${number}`, points: points.join(" ") }));
    if (points.length <= 12) {
      for (const point of points) {
        const [cx, cy] = point.split(",");
        svg.append(drawn("circle", { class: `dot line-${number}`, cx, cy, r: 2.5 }));
      }
    }
  });
  const legend = shown.map((line, number) => element("li", {}, element("span", { class: `swatch line-${number}` }), line.name));
  const more = lines.length > LINES ? [element("li", {}, `and ${lines.length - LINES} more`)] : [];
  const read = element("p", { class: "readout", "aria-hidden": "true" });
  follow(svg, shown, x, read);
  return element("figure", { class: "curves" }, element("figcaption", {}, measure), svg, element("ul", { class: "legend" }, ...legend, ...more), read);
}

// below the picture: the values at the step under the pointer
function follow(svg, lines, x, read) {
  const cursor = drawn("line", { class: "cursor", y1: EDGE.top, y2: HEIGHT - EDGE.bottom, x1: -9, x2: -9 });
  svg.append(cursor);
  svg.addEventListener("pointermove", (event) => {
    const place = svg.getBoundingClientRect();
    const at = ((event.clientX - place.left) / place.width) * WIDTH;
    const told = lines.map((line) => {
      const nearest = line.x.reduce((best, step, index) => (Math.abs(x.at(step) - at) < Math.abs(x.at(line.x[best]) - at) ? index : best), 0);
      return { step: line.x[nearest], text: `${line.name} ${Number(line.y[nearest].toPrecision(4))}` };
    });
    const nearest = told.reduce((best, each) => (Math.abs(x.at(each.step) - at) < Math.abs(x.at(best.step) - at) ? each : best));
    cursor.setAttribute("x1", x.at(nearest.step));
    cursor.setAttribute("x2", x.at(nearest.step));
    read.textContent = `step ${grouped(nearest.step)}: ${told.map((each) => each.text).join(", ")}`;
  });
}

function summary(measure, lines) {
  const told = lines.map((line) => {
    const values = line.y.map((value) => Number(value.toPrecision(4)));
    const low = Math.min(...values);
    const high = Math.max(...values);
    return `${line.name} from ${values[0]} to ${values.at(-1)}, lowest ${low}, highest ${high}`;
  });
  return `Learning curves of ${measure}. ${told.join("; ")}.`;
}

// whole: from tick to tick, and not from the first value to the last
function scale(values, from, to, { ticks: count, whole }) {
  let low = Math.min(...values);
  let high = Math.max(...values);
  if (low === high) [low, high] = [low - (Math.abs(low) || 1) * 0.05, high + (Math.abs(high) || 1) * 0.05];
  const step = tidy((high - low) / count);
  if (whole) [low, high] = [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step];
  const ticks = [];
  for (let number = Math.ceil(low / step - 1e-9); number * step <= high + step * 1e-9; number += 1) ticks.push(Number((number * step).toPrecision(12)));
  const most = Math.max(...ticks.map(Math.abs));
  return { ticks, most, at: (value) => from + ((value - low) / (high - low)) * (to - from) };
}

// 1, 2 or 5 times a power of ten
function tidy(step) {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * ([1, 2, 5].find((factor) => factor * power >= step * 0.999) ?? 10);
}

// all ticks of an axis are written alike, as its largest
function short(value, most) {
  if (value === 0) return "0";
  if (most >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (most >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  return most < 0.01 ? value.toExponential() : String(value);
}
