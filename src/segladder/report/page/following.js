// While a sweep runs the page is written anew: it is loaded again every few seconds, and its reader stays where he is.
// What is sorted, filtered and open lives in the address; the rest is kept for the moment of loading.

const KEPT = "segladder-place";
const TYPING = 5000; // milliseconds without a key after which nobody is typing

function following(tables) {
  const told = document.querySelector("meta[name='segladder-refresh']")?.content.split(" ");
  const before = kept();
  if (before?.page === location.pathname) stay(before, tables);
  if (!told) return;
  const state = { held: before?.page === location.pathname && before.held === true, busy: 0 };
  const sentence = element("span", {});
  const button = element("button", { type: "button", id: "hold", click: () => say(!state.held) });
  document.querySelector(".top").append(element("p", { class: "following" }, sentence, " ", button));
  // a page of many runs takes a while to load, and is loaded the less often
  const pause = Math.max(Number(told[0]) * 1000, 20 * performance.now());
  say(state.held);
  for (const sign of ["keydown", "pointerdown", "input"]) addEventListener(sign, () => { state.busy = Date.now(); });
  addEventListener("pagehide", () => keep(state, tables));
  setTimeout(again, pause);

  function say(held) {
    state.held = held;
    const made = new Date(told[1]).toLocaleTimeString();
    sentence.textContent = `Runs are at work; this page was made at ${made} and ${held ? "is held as it is" : "is loaded again as it changes"}.`;
    button.textContent = held ? "Go on" : "Hold";
  }

  // not under the hands of who types, marks text or prints, and not where nobody looks
  function again() {
    const marking = getSelection()?.isCollapsed === false;
    if (state.held || document.hidden || marking || Date.now() - state.busy < TYPING) setTimeout(again, 500);
    else location.reload();
  }
}

function kept() {
  try {
    const text = sessionStorage.getItem(KEPT);
    sessionStorage.removeItem(KEPT);
    return JSON.parse(text);
  } catch {
    return null; // some browsers keep nothing for files
  }
}

const scrolled = () => [document.scrollingElement, ...document.querySelectorAll(".wide, dialog, dialog pre")];
const partOf = (node) => node.closest("dialog, section[id]")?.id ?? "";
const named = (node) => [partOf(node), node.tagName, node.id, node.getAttribute("aria-label") ?? node.textContent].join("\n");

function keep(state, tables) {
  const active = document.activeElement;
  const place = {
    page: location.pathname,
    held: state.held,
    scrolls: scrolled().map((node) => [node.scrollLeft, node.scrollTop]),
    open: tables.filter((table) => table.filtersOpen).map((table) => table.name),
    focus: active && active !== document.body ? named(active) : null,
  };
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(place));
  } catch {
    // the page begins at its top then
  }
}

function stay(place, tables) {
  for (const table of tables) if (place.open.includes(table.name) && !table.filtersOpen) table.toggleFilters();
  if (place.focus !== null) {
    const all = document.querySelectorAll("a, button, input, select, summary, pre, [tabindex]");
    [...all].find((node) => named(node) === place.focus)?.focus({ preventScroll: true });
  }
  const back = () => scrolled().forEach((node, index) => {
    [node.scrollLeft, node.scrollTop] = place.scrolls[index] ?? [0, 0];
  });
  history.scrollRestoration = "manual";
  back();
  addEventListener("load", () => {
    back(); // now the pictures have their size
    setTimeout(() => { history.scrollRestoration = "auto"; });
  });
}
