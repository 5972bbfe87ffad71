// Before the first paint, so that a page does not flash: the theme that this browser chose; none: the system's.
const chosen = (() => {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null; // storage may be off
  }
})();
if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
