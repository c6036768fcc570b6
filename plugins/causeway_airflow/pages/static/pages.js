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

// A picture is larger than its frame: it begins with the thing that it is about.
window.addEventListener("load", () => {
  const frame = document.querySelector(".picture");
  const centre = frame?.querySelector(".centre");
  if (centre) {
    const [outer, inner] = [frame.getBoundingClientRect(), centre.getBoundingClientRect()];
    frame.scrollTo(
      inner.left - outer.left - (outer.width - inner.width) / 2,
      inner.top - outer.top - (outer.height - inner.height) / 2);
  }
});

// A decision: said with a reason, then looked for until the sync has judged it.
const LOOKS = 45;
const LOOK_EVERY = 2000;

const tell = (form, text, kind) => {
  const status = form.querySelector("[role=status]");
  status.textContent = text;
  status.className = `note ${kind}`;
  status.hidden = false;
};

const judged = async (form) => {
  for (let look = 0; look < LOOKS; look += 1) {
    await new Promise((resolve) => { setTimeout(resolve, LOOK_EVERY); });
    const page = new DOMParser().parseFromString(
      await (await fetch(window.location.href)).text(), "text/html");
    const state = page.querySelector("form.deciding")?.dataset.state;
    if (state !== form.dataset.state) {
      window.location.reload();
      return;
    }
  }
  tell(form, "Not judged yet: CloudTrail has to say first whose it was. Look again later.", "wait");
};

const say = async (form, button) => {
  const reason = form.elements.reason;
  if (!reason.reportValidity()) {
    return;
  }
  const buttons = [...form.querySelectorAll("button")];
  buttons.forEach((one) => { one.disabled = true; });
  tell(form, "Saying it …", "wait");
  const reply = await fetch(form.dataset.address, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Causeway": "word" },
    body: JSON.stringify({
      target: button.dataset.target, verdict: button.dataset.verdict, reason: reason.value,
    }),
  });
  if (reply.ok) {
    tell(form, "Said. The governance sync judges it now.", "wait");
    await judged(form);
    return;
  }
  const { detail } = await reply.json().catch(() => ({ detail: reply.statusText }));
  tell(form, typeof detail === "string" ? detail : "That could not be said.", "bad");
  buttons.forEach((one) => { one.disabled = false; });
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("form.deciding button");
  if (button !== null) {
    say(button.form, button).catch(() => {
      tell(button.form, "The answer did not arrive. Load the page again and look.", "bad");
    });
  }
});
