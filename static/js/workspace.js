/* The tester's bench at the speed of a keyboard: ⇧ ↵ presses what comes next, F and B ask for what was seen first, N
   opens a finding. J, K, P and the rest are data-key, as everywhere. Without this every button still works. */
(() => {
  "use strict";

  const note = () => document.getElementById("note");
  let meant = null; // the button whose answer waits for words

  const ask = (button) => {
    meant = button;
    const hint = document.querySelector("[data-hint]");
    if (hint) hint.hidden = false;
    button.setAttribute("aria-pressed", "true");
    note().focus();
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[form=answer]");
    if (button && note() && ["fail", "blocked"].includes(button.value) && !note().value.trim()) {
      event.preventDefault();
      event.stopPropagation();
      ask(button);
    }
    const opens = event.target.closest('a[href="#finding"]');
    if (opens) {
      event.preventDefault();
      document.getElementById("raise").open = true;
      const field = document.getElementById("finding");
      field.focus();
      field.setSelectionRange(field.value.length, field.value.length);
    }
  }, true);

  const shown = (one) => one && one.offsetParent !== null;

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.closest("textarea, input")) event.target.blur();
    if (event.key !== "Enter" || !event.shiftKey || event.target.closest("form.form, form[role=search]")) return;
    event.preventDefault();
    const waiting = event.target === note() && meant && meant.isConnected ? meant : null;
    const next = waiting || [...document.querySelectorAll("[data-primary]")].find(shown);
    event.target.blur(); // what is pressed next is meant for the page
    if (next) next.click();
  });

  // After an answer the next step is what one looks at; a refusal is read where the words are missing.
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (!event.target.closest || !event.target.closest("#bench")) return;
    meant = null;
    const step = document.getElementById("step");
    if (step && event.target.id === "bench") step.scrollIntoView({ block: "nearest" });
    const missing = document.querySelector("#note[aria-invalid]");
    if (missing) missing.focus();
  });
})();
