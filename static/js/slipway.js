/* What the pages do beyond plain HTML and htmx: hear of changes, tick countdowns, obey keys, switch the theme.
   Every page works without it. Nothing here builds HTML: the server renders, this only says when to look again. */
(() => {
  "use strict";

  const body = document.body;
  const offset = body.dataset.now ? Date.parse(body.dataset.now) - Date.now() : 0; // the server's clock counts
  const now = () => Date.now() + offset;

  /* --- Live: one event stream for all topics on the page ----------------------------------------------------------- */

  let stream = null;
  let following = "";
  let fresh = Date.now();
  let lost = false;
  let ended = false;

  const topics = () => {
    const found = new Set();
    document.querySelectorAll("[data-live]").forEach((panel) => panel.dataset.live.split(/\s+/).filter(Boolean).forEach((topic) => found.add(topic)));
    return [...found].sort();
  };

  // At most one look per topic in 700 ms, and always one after the last event: the end of a burst is what must be shown.
  const pending = new Map();
  const look = (topic, name) => {
    if (pending.has(topic)) return pending.set(topic, name);
    pending.set(topic, null);
    body.dispatchEvent(new CustomEvent(`live:${topic}`, { detail: { name } }));
    return setTimeout(() => {
      const missed = pending.get(topic);
      pending.delete(topic);
      if (missed) look(topic, missed);
    }, 700);
  };
  const lookAtAll = () => topics().forEach((topic) => look(topic, "look"));

  const showLost = (yes) => {
    lost = yes;
    const note = document.getElementById("connection");
    if (!note) return;
    note.hidden = !yes;
    if (yes) note.querySelector("[data-as-of]").textContent = `What you see is from ${new Date(fresh).toLocaleTimeString("en-GB")}.`;
  };

  const listen = () => {
    const wanted = topics();
    if (!body.dataset.liveUrl || ended || wanted.join(" ") === following) return;
    following = wanted.join(" ");
    if (stream) stream.close();
    stream = null;
    if (!wanted.length) return;
    stream = new EventSource(`${body.dataset.liveUrl}?${wanted.map((topic) => `topic=${encodeURIComponent(topic)}`).join("&")}`);
    stream.onopen = () => {
      fresh = Date.now();
      if (lost) lookAtAll();
      showLost(false);
    };
    stream.onmessage = (event) => {
      const { topic, name } = JSON.parse(event.data);
      fresh = Date.now();
      look(topic, name);
    };
    stream.addEventListener("gone", () => {
      ended = true;
      stream.close();
      showLost(true);
    });
  };

  // A stream that stays down says so; until it is back the panels are fetched now and then (polling is the fallback).
  let down = 0;
  setInterval(() => {
    if (!stream || ended) return;
    if (stream.readyState === EventSource.OPEN) {
      down = 0;
      fresh = Date.now();
      return;
    }
    down += 1;
    if (down === 4) showLost(true);
    if (down % 10 === 0) {
      lookAtAll();
      if (stream.readyState === EventSource.CLOSED) {
        following = "";
        listen();
      }
    }
  }, 1000);

  body.addEventListener("htmx:afterSettle", listen);
  listen();

  // A stream may be up while the page behind it is not: a panel that could not be fetched is old, and says so.
  const ofPanel = (event) => event.detail.elt && event.detail.elt.closest("[data-live]");
  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach((name) =>
    body.addEventListener(name, (event) => event.detail.requestConfig?.verb !== "post" && ofPanel(event) && showLost(true)),
  );
  body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && ofPanel(event)) {
      fresh = Date.now();
      if (lost && !ended && stream?.readyState === EventSource.OPEN) showLost(false);
    }
  });

  /* --- Countdowns: "1 min 20 s", as the server would have written it ------------------------------------------------ */

  const span = (seconds) => {
    const units = [[Math.floor(seconds / 86400), "d"], [Math.floor(seconds / 3600) % 24, "h"], [Math.floor(seconds / 60) % 60, "min"], [seconds % 60, "s"]];
    while (units.length > 1 && units[0][0] === 0) units.shift();
    return units.slice(0, 2).map(([count, unit]) => `${count}\u00a0${unit}`).join("\u00a0");
  };

  const tick = () =>
    document.querySelectorAll("[data-countdown]").forEach((output) => {
      const left = Math.ceil((Date.parse(output.dataset.countdown) - now()) / 1000);
      const text = left > 0 ? span(left) : "now";
      if (output.textContent !== text) output.textContent = text;
    });
  setInterval(tick, 1000);
  body.addEventListener("htmx:afterSettle", tick);
  tick();

  /* --- Keys: whatever carries data-key is pressed by it, unless somebody is typing ---------------------------------- */

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const pressed = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key && one.offsetParent !== null);
    if (!pressed) return;
    event.preventDefault();
    pressed.click();
  });

  /* --- The switch of products: choosing is enough ------------------------------------------------------------------- */

  document.addEventListener("change", (event) => event.target.matches("[data-submits]") && event.target.form.requestSubmit());

  /* --- Theme: without leaving the page ------------------------------------------------------------------------------ */

  document.querySelectorAll("[data-theme-switch]").forEach((form) =>
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "text/plain" } });
      if (!answer.ok) return form.submit();
      const theme = await answer.text();
      if (theme === "system") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = theme;
      return undefined;
    }),
  );

  /* --- What changed, for a screen reader: the server says it in HX-Trigger {"said": "25 % confirmed"} --------------- */

  body.addEventListener("said", (event) => {
    document.getElementById("said").textContent = event.detail.value;
  });
})();
