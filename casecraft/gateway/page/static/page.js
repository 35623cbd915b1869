"use strict";
// The page works without this. It looks again at what changes, and copies text.

const every = Number(document.body.dataset.every) * 1000;
const live = () => document.querySelectorAll("[data-live]");

function isInUse(part) {
  const selection = getSelection();
  return !selection.isCollapsed && part.contains(selection.anchorNode);
}

function renew(part, newer) {
  if (part.innerHTML === newer.innerHTML || isInUse(part)) return;
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...part.querySelectorAll("details[open][id]")].map((each) => each.id);
  part.replaceChildren(...newer.childNodes);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

async function look() {
  // A page that answers a form has another address than that of the form.
  const answer = await fetch(document.body.dataset.address || location.href, { credentials: "same-origin", cache: "no-store" });
  if (answer.redirected) return location.reload(); // it must be opened anew
  if (!answer.ok) throw new Error(answer.statusText);
  const newer = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of live()) {
    const found = newer.getElementById(part.id);
    if (found) renew(part, found);
  }
}

function keepLooking() {
  const button = document.createElement("button");
  const says = document.createElement("span");
  const box = document.createElement("p");
  let paused = false;
  button.type = "button";
  button.className = "pause";
  says.setAttribute("role", "status");
  box.className = "live";
  const show = (problem) => {
    const label = paused ? "Go on with updates" : "Pause updates";
    if (button.textContent !== label) button.textContent = label;
    if (says.textContent !== problem) says.textContent = problem;
  };
  const turn = async () => {
    if (!document.hidden && !paused) await look().then(() => show(""), () => show("The gateway does not answer."));
    setTimeout(turn, every);
  };
  button.addEventListener("click", () => { paused = !paused; show(""); });
  show("");
  box.append(button, says);
  document.querySelector("h1").after(box);
  setTimeout(turn, every);
}

if (live().length) keepLooking();

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent);
    button.textContent = "Copied";
  });
}
