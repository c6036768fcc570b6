"use strict";

// Follows the theme that is chosen in Airflow, which keeps it under this name; else the system's.
const followTheme = () => {
  const theme = window.localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
  } else {
    delete document.documentElement.dataset.theme;
  }
};
followTheme();
window.addEventListener("storage", followTheme);

// Airflow shows the page in a sandboxed frame that may not navigate the window (airflow 3.3.2): a
// link to one of its own pages is followed by the window, not by the frame.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-airflow]");
  if (link === null || window.parent === window || event.ctrlKey || event.metaKey) {
    return;
  }
  event.preventDefault();
  const twin = window.parent.document.createElement("a");
  twin.href = link.href;
  twin.click();
});
