// Classic script in the head: the chosen theme must be set before the first paint, or a dark page flashes white.
// Storage may be forbidden (private windows, blocked cookies): then the choice lasts until the page is left.
(() => {
  const themes = ["auto", "light", "dark"];
  const key = "hawser-theme";
  let theme = "auto";
  try {
    const stored = localStorage.getItem(key);
    if (themes.includes(stored)) theme = stored;
  } catch {
    // keep "auto"
  }

  function apply() {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    const button = document.getElementById("theme");
    if (button === null) return;
    button.textContent = `Theme: ${theme}`;
    const following = themes[(themes.indexOf(theme) + 1) % themes.length];
    button.title = `Change to ${following}`;
  }

  apply();
  document.addEventListener("DOMContentLoaded", () => {
    apply();
    document.getElementById("theme").addEventListener("click", () => {
      theme = themes[(themes.indexOf(theme) + 1) % themes.length];
      try {
        localStorage.setItem(key, theme);
      } catch {
        // see above
      }
      apply();
    });
  });
})();
