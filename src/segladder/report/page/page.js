// Puts the page together: tables in the place of the plain ones, pages of runs, dark or light.

const data = JSON.parse(document.getElementById("data").textContent);

const pages = new RunPages(document.getElementById("run"), data.runs);
const tables = [...data.sheets, data.runs].map(
  (spec) => new Table(spec, document.getElementById(spec.name).querySelector(".wide"), pages),
);
pages.table = tables.at(-1);
view.listeners.push(() => tables.forEach((table) => table.restore()));
pages.follow();

// a place in the page is scrolled to, and the address keeps the view
for (const link of document.querySelectorAll("nav a[href^='#'], a.skip")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const target = document.getElementById(link.hash.slice(1));
    target.scrollIntoView();
    (document.getElementById(`${target.id}-title`) ?? target).focus({ preventScroll: true });
  });
}

const toggle = document.getElementById("dark");
const dark = matchMedia("(prefers-color-scheme: dark)");

function remembered() {
  try {
    return localStorage.getItem("segladder-theme");
  } catch {
    return null; // some browsers keep nothing for files
  }
}

function setTheme(theme) {
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  const now = document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
  toggle.setAttribute("aria-pressed", String(now === "dark"));
}

toggle.hidden = false;
toggle.addEventListener("click", () => {
  const theme = toggle.getAttribute("aria-pressed") === "true" ? "light" : "dark";
  setTheme(theme);
  try {
    localStorage.setItem("segladder-theme", theme);
  } catch {
    // it holds until the page is closed
  }
});
dark.addEventListener("change", () => setTheme(null));
setTheme(remembered());

following(tables);
