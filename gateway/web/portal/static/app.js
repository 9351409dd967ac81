// What makes the pages nicer where there is JavaScript. Every page works without; nothing here decides anything.
// Texts come from the page, so that they are in its language. Only textContent is written, never markup.
"use strict";

const page = document.documentElement;
const text = (name) => document.body.dataset[name] ?? "";

// --- said to screen readers -------------------------------------------------------------------------------------------

const say = (words) => {
  const place = document.getElementById("said");
  if (place) place.textContent = words;
};

// --- copy buttons: data-copy names the element whose text is copied ---------------------------------------------------

const copy = async (button) => {
  const source = document.getElementById(button.dataset.copy);
  const label = button.querySelector("[data-copy-label]") ?? button;
  const before = (button.dataset.before ??= label.textContent);
  const what = button.querySelector(".away");
  try {
    await navigator.clipboard.writeText(source.dataset.text ?? source.textContent);
    label.textContent = text("copied");
  } catch {
    getSelection().selectAllChildren(source); // no clipboard, as on plain http: the text is selected for Ctrl-C
    label.textContent = text("selected");
  }
  if (what) what.hidden = true;
  say(label.textContent);
  setTimeout(() => {
    label.textContent = before;
    if (what) what.hidden = false;
  }, 2500);
};

// --- dialogs: a link to a page that asks again opens the same form here ----------------------------------------------

const open = (link, event) => {
  const dialog = document.getElementById(link.dataset.dialog);
  if (!dialog?.showModal || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  dialog.showModal();
  dialog.querySelector("input:not([type=hidden]), [data-close]")?.focus(); // never on what ends something
};

document.addEventListener("click", (event) => {
  const at = event.target.closest?.("[data-copy], [data-dialog], [data-close], [data-mark], dialog");
  if (!at) return;
  if (at.dataset.copy) copy(at);
  else if (at.dataset.dialog) open(at, event);
  else if ("close" in at.dataset) {
    const dialog = at.closest("dialog");
    if (dialog?.open) {
      event.preventDefault(); // on the page that asks, it is a link back
      dialog.close();
    }
  } else if (at.dataset.mark) mark(at);
  else if (at === event.target) at.close(); // beside the dialog
});

// --- the page with a secret: going back or reloading leads to the token's own page ------------------------------------

const elsewhere = document.querySelector("[data-address]");
if (elsewhere) {
  history.replaceState(null, "", elsewhere.dataset.address);
  addEventListener("pagehide", () => elsewhere.remove()); // a browser may keep the page as it is, to go back to it
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}

// --- a form is sent once ---------------------------------------------------------------------------------------------

const busy = (form, is) => {
  for (const button of form.querySelectorAll("button:not([type=button])")) {
    if (is) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  }
  form.dataset.sent = is ? "yes" : "";
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.getAttribute("method") !== "post" || event.defaultPrevented) return; // `form.method` may be a field of that name
  if (form.dataset.sent) event.preventDefault();
  else if (!form.hasAttribute("data-many")) busy(form, true); // data-many: a download, which may be sent again
});

addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[data-sent]").forEach((form) => busy(form, false));
});

// --- times that go on: as the server says them -----------------------------------------------------------------------

const units = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const relative = new Intl.RelativeTimeFormat(page.lang, { numeric: "always" });

const refresh = () => {
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const gone = (Date.parse(time.dateTime) - Date.now()) / 1000;
    const [unit, length] = units.find(([, seconds]) => Math.abs(gone) >= seconds * 1.2) ?? units.at(-1);
    const words = Math.abs(gone) < 45 ? text("now") : relative.format(Math.round(gone / length), unit);
    if (time.textContent !== words) time.textContent = words;
  }
};
setInterval(refresh, 30000);

// --- filter as you type ----------------------------------------------------------------------------------------------
// data-narrows: the list of this page whose entries are hidden. data-live: the part of the page that is asked for anew.

const narrow = (input) => {
  const wanted = input.value.trim().toLowerCase();
  let left = 0;
  for (const entry of document.getElementById(input.dataset.narrows).children) {
    entry.hidden = !entry.textContent.toLowerCase().includes(wanted) && !entry.querySelector(":checked");
    left += entry.hidden ? 0 : 1;
  }
  say(text("left").replace("{n}", left));
};

let waiting, asking;
const ask = (form) => {
  const address = new URL(form.getAttribute("action"), location); // `form.action` may be a field of that name
  for (const [name, value] of new FormData(form)) if (value) address.searchParams.append(name, value);
  asking?.abort();
  asking = new XMLHttpRequest(); // it gives a document, of which nothing runs
  asking.open("GET", address);
  asking.responseType = "document";
  asking.onload = function () {
    const fresh = this.response?.getElementById(form.dataset.live);
    if (new URL(this.responseURL).pathname !== address.pathname) return location.assign(address); // signed out meanwhile
    if (!fresh || this.status !== 200) return; // half an address, say: the next letter may mend it, and Show tells what is wrong
    document.getElementById(form.dataset.live).replaceWith(document.adoptNode(fresh));
    history.replaceState(null, "", address);
    say(fresh.dataset.said ?? "");
  };
  asking.send();
};

document.addEventListener("input", (event) => {
  const input = event.target;
  if (input.dataset.narrows) return narrow(input);
  if (!input.form?.dataset.live) return;
  clearTimeout(waiting);
  waiting = setTimeout(ask, 250, input.form);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.dataset?.narrows) event.preventDefault(); // it would send the form around it
});

// --- mark all of a list ----------------------------------------------------------------------------------------------

const mark = (button) => {
  const boxes = [...document.querySelectorAll(`input[type=checkbox][name="${button.dataset.mark}"]`)];
  const all = boxes.some((box) => !box.checked);
  for (const box of boxes) box.checked = all;
};

// --- at the start ----------------------------------------------------------------------------------------------------

page.classList.add("js");
refresh();
document.getElementById("faults")?.focus();
