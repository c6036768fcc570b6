// Follows the theme that is chosen in Airflow, which keeps it under this name; else the system's.
"use strict";
const follow = () => {
  let theme = null;
  try {
    theme = window.localStorage.getItem("theme");
  } catch (error) {
    theme = null;
  }
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
  } else {
    delete document.documentElement.dataset.theme;
  }
};
follow();
window.addEventListener("storage", follow);
