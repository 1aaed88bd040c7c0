// Comforts only: every page works without this file.

const formatCode = (text) => {
  const letters = text.toUpperCase().replace(/[^A-Z]/g, "").slice(0, 8);
  return letters.length > 4 ? `${letters.slice(0, 4)}-${letters.slice(4)}` : letters;
};

for (const input of document.querySelectorAll("input[data-user-code]")) {
  input.addEventListener("input", () => {
    // Typing in the middle keeps its place: only text that grows at its end is rewritten.
    if (input.selectionEnd === input.value.length) input.value = formatCode(input.value);
  });
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const label = button.textContent;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

const local = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
for (const time of document.querySelectorAll("time[datetime]")) {
  time.title = local.format(new Date(time.dateTime));
}

// The newest events go on top, in a list of their own, until the page is loaded anew.
const watch = (button) => {
  const section = document.createElement("section");
  section.className = "log";
  const heading = document.createElement("h2");
  heading.className = "log-day";
  heading.textContent = "As it happens";
  const list = document.createElement("ol");
  list.setAttribute("aria-live", "polite");
  section.append(heading, list);
  document.querySelector("section.log, .empty")?.before(section);
  const source = new EventSource(button.dataset.live);
  source.onmessage = (message) => {
    list.insertAdjacentHTML("afterbegin", JSON.parse(message.data).html);
    while (list.children.length > 500) list.lastElementChild.remove();
  };
  return source;
};

for (const button of document.querySelectorAll("button[data-live]")) {
  let source = null;
  button.hidden = false;
  button.addEventListener("click", () => {
    if (source) source.close();
    source = source ? null : watch(button);
    button.setAttribute("aria-pressed", String(source !== null));
    button.textContent = source ? "Watching live" : "Watch live";
  });
}
