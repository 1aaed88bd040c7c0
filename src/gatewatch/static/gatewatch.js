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
