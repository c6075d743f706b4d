// What is sorted, filtered and shown lives in the address, so that a link reproduces it:
// #runs.sort=-test.miou&runs.is.status=finished&run=1a2b3c4d

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== ""));
  return node;
}

const view = {
  words: new URLSearchParams(),
  listeners: [],

  // an address like #board-1 is a place in the page and says nothing of the view
  read() {
    const hash = location.hash.slice(1);
    if (hash.includes("=") || hash === "") view.words = new URLSearchParams(hash);
  },

  get(key) {
    return view.words.get(key) ?? "";
  },

  all(prefix) {
    return [...view.words].filter(([key]) => key.startsWith(prefix)).map(([key, value]) => [key.slice(prefix.length), value]);
  },

  set(key, value) {
    if (value === "") view.words.delete(key);
    else view.words.set(key, value);
    history.replaceState(null, "", `#${view.words}`);
  },

  drop(prefix) {
    for (const [key] of view.all(prefix)) view.words.delete(prefix + key);
  },

  // the page of a run is a step that the browser's Back undoes
  address(run) {
    const words = new URLSearchParams(view.words);
    words.set("run", run);
    return `#${words}`;
  },
};

view.read();
addEventListener("hashchange", () => {
  view.read();
  for (const listener of view.listeners) listener();
});
