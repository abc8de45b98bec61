/* What the pages do beyond plain HTML and htmx: hear of changes, keep what is typed, tick countdowns, obey keys, show that
   a button works. Every page works without it. The server renders; this only says when to look again. */
(() => {
  "use strict";

  const body = document.body;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const offset = body.dataset.now ? Date.parse(body.dataset.now) - Date.now() : 0; // the server's clock counts
  const now = () => Date.now() + offset;

  /* --- Said once, politely, in one place: what changed, for whoever does not see it ---------------------------------- */

  const say = (text) => {
    const region = document.getElementById("said");
    if (region && text) region.textContent = text;
  };
  body.addEventListener("said", (event) => say(event.detail.value));

  /* --- Live: one event stream for the page; an element with data-live hears "live" when one of its topics changed ----- */

  let stream = null;
  let following = "";
  let fresh = Date.now();
  let lost = false;
  let over = false; // ended by the server: nothing to hear until somebody comes back to this page
  let since = body.dataset.now;
  let heard = 0; // when the stream last said anything: one whose line was cut looks open for ever
  const SILENT = 25000; // ms; the server says something every ten seconds

  const watching = () => all("[data-live][id]");
  const topicsOf = (element) => element.dataset.live.split(/\s+/).filter(Boolean);

  // At most one look in 700 ms, and always one after the last event: the end of a burst is what must be shown.
  const resting = new Map();
  const look = (id) => {
    if (resting.has(id)) return resting.set(id, true);
    resting.set(id, false);
    document.getElementById(id)?.dispatchEvent(new CustomEvent("live"));
    return setTimeout(() => {
      const missed = resting.get(id);
      resting.delete(id);
      if (missed) look(id);
    }, 700);
  };
  const lookAtAll = () => watching().forEach((element) => look(element.id));

  const showLost = (yes) => {
    const note = document.getElementById("connection");
    if (note && yes) note.querySelector("[data-as-of]").textContent = `What you see is from ${new Date(fresh).toLocaleTimeString("en-GB")}.`;
    if (note) note.hidden = !yes;
    if (yes !== lost) say(yes ? "This page lost its connection." : "Connected again.");
    lost = yes;
  };

  const hush = () => {
    stream?.close();
    stream = null;
    following = "";
  };

  const listen = () => {
    const wanted = [...new Set(watching().flatMap(topicsOf))].sort().slice(0, 20);
    if (!body.dataset.liveUrl || over || document.hidden || wanted.join(" ") === following) return;
    hush();
    if (!wanted.length) return;
    following = wanted.join(" ");
    const asked = new URLSearchParams(wanted.map((topic) => ["topic", topic]));
    if (since) asked.set("since", since);
    since = ""; // only the page as it was loaded is known to be from then; later everything is looked at again
    stream = new EventSource(`${body.dataset.liveUrl}?${asked}`);
    stream.onopen = () => {
      heard = Date.now();
      if (lost) lookAtAll();
    };
    stream.addEventListener("beat", () => (heard = Date.now()));
    stream.onmessage = (event) => {
      heard = Date.now();
      const { topic } = JSON.parse(event.data);
      watching().filter((element) => topicsOf(element).includes(topic)).forEach((element) => look(element.id));
    };
    const end = () => {
      over = true;
      hush();
      showLost(true);
      lookAtAll(); // whoever is signed out now is asked to sign in
    };
    stream.addEventListener("gone", end);
    stream.addEventListener("crowded", end);
  };

  // A tab that nobody sees holds no connection (a browser has six per host); who returns to it sees how things are now.
  const resume = () => {
    over = false;
    listen();
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? hush() : resume()));
  window.addEventListener("focus", () => over && resume());
  window.addEventListener("pagehide", hush);
  window.addEventListener("pageshow", (event) => event.persisted && resume());

  // A stream that stays down says so; until all is well again the page is fetched now and then.
  let down = 0;
  let bad = false; // the last look at a panel failed: a stream may be up while the page behind it is not
  setInterval(() => {
    if (document.hidden || !watching().length || !body.dataset.liveUrl) return;
    if (stream?.readyState === EventSource.OPEN && Date.now() - heard > SILENT) hush();
    const up = stream?.readyState === EventSource.OPEN;
    if (up && !bad) {
      down = 0;
      fresh = Date.now();
      if (lost) showLost(false);
      return;
    }
    down += 1;
    if (down === 4 && !lost) showLost(true);
    if (down % 5 === 0) lookAtAll();
    if (down % 10 === 0 && !over && (!stream || stream.readyState === EventSource.CLOSED)) {
      following = "";
      listen();
    }
  }, 1000);

  const ofLive = (event) => event.detail.requestConfig?.verb !== "post" && event.detail.elt?.closest("[data-live]");
  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach((name) =>
    body.addEventListener(name, (event) => {
      if (!ofLive(event)) return;
      bad = true;
      showLost(true);
    }),
  );
  body.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful || !ofLive(event)) return;
    bad = false;
    fresh = Date.now();
    if (lost) showLost(stream?.readyState !== EventSource.OPEN); // fetched, but not live: the note names the newer time
  });
  body.addEventListener("htmx:beforeRequest", (event) => document.hidden && ofLive(event) && event.preventDefault());

  /* --- Panels: one request brings all of a page; those that changed are swapped, and keep what a person did in them --- */

  const panels = () => all("[hx-select-oob]").flatMap((one) => one.getAttribute("hx-select-oob").split(",").map((id) => id.trim().replace("#", "")));
  const plain = (html) => html.replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "").replace(/(data-countdown="[^"]*"[^>]*>)[^<]*/g, "$1");
  const shown = new Map();
  const spoken = new Map();
  const words = (panel) => [panel, ...all("[data-say]", panel)].map((one) => one.dataset.say).filter(Boolean).join(". ");
  const learn = () =>
    panels().forEach((id) => {
      const panel = document.getElementById(id);
      if (!panel) return;
      shown.set(id, plain(panel.outerHTML));
      spoken.set(id, words(panel));
    });

  const FIELDS = "input:not([type=hidden], [type=file]), textarea, select";
  const nameOf = (field) => [field.form?.getAttribute("action"), field.name, ["radio", "checkbox"].includes(field.type) && field.value].join("|");
  const placeOf = (element) => [element.tagName, element.getAttribute("href"), element.name, element.value, element.textContent.trim()].join("|");
  const touched = (field) =>
    field.tagName === "SELECT" ? [...field.options].some((option) => option.selected !== option.defaultSelected) : field.checked !== field.defaultChecked || field.value !== field.defaultValue;

  const keep = (old, fresh) => {
    const fields = new Map(all(FIELDS, fresh).map((field) => [nameOf(field), field]));
    all(FIELDS, old).filter(touched).forEach((field) => {
      const next = fields.get(nameOf(field));
      if (!next) return;
      next.value = field.value;
      next.checked = field.checked;
    });
    const folds = all("details", fresh);
    const before = all("details", old);
    if (folds.length === before.length) folds.forEach((one, index) => (one.open = before[index].open));
  };

  let held = ""; // what had the focus in a panel that is being swapped
  body.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    const next = fragment.firstElementChild;
    if (!shown.has(target.id) || !next) return;
    const html = plain(next.outerHTML);
    if (shown.get(target.id) === html) {
      event.preventDefault();
      return;
    }
    shown.set(target.id, html);
    const text = words(next);
    if (text !== spoken.get(target.id)) say(text);
    spoken.set(target.id, text);
    keep(target, next);
    held = target.contains(document.activeElement) ? placeOf(document.activeElement) : "";
  });
  body.addEventListener("htmx:oobAfterSwap", (event) => {
    const panel = held && document.getElementById(event.detail.target.id);
    if (!panel) return;
    all("a, button, input, select, textarea, summary", panel).find((one) => placeOf(one) === held)?.focus({ preventScroll: true });
    held = "";
  });
  // What an act of one's own has swapped is not what was last fetched: the next look shows everything again.
  body.addEventListener("htmx:afterSwap", (event) => {
    const target = event.detail.target;
    if (ofLive(event)) return;
    shown.forEach((_, id) => shown.set(id, ""));
    if (target.id === "notes") sayNotes();
  });
  const sayNotes = () => say(all("#notes [role=status]").map((note) => note.textContent.trim()).join(" "));
  setTimeout(sayNotes, 300); // a region says what changes in it, not what it was loaded with

  learn();
  body.addEventListener("htmx:afterSettle", listen);
  listen();

  /* --- Work shows: a pressed button is busy until its answer is there, and cannot be pressed twice ------------------- */

  const busy = (button, yes) => button && (yes ? button.setAttribute("aria-busy", "true") : button.removeAttribute("aria-busy"));
  const PATIENCE = 10000; // ms; then a form may be sent again, for instance when its answer was a file

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented) return; // htmx sends it
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    busy(event.submitter, true);
    const free = () => {
      delete form.dataset.sent;
      busy(event.submitter, false);
    };
    setTimeout(free, PATIENCE);
    window.addEventListener("pageshow", free, { once: true }); // back from the next page
    return undefined;
  });
  const presser = (event) => event.detail.requestConfig?.triggeringEvent?.submitter ?? (event.detail.elt?.matches?.("button, a") ? event.detail.elt : null);
  body.addEventListener("htmx:confirm", (event) => event.detail.triggeringEvent?.submitter?.ariaBusy === "true" && event.preventDefault());
  body.addEventListener("htmx:beforeRequest", (event) => busy(presser(event), true));
  body.addEventListener("htmx:afterRequest", (event) => busy(presser(event), false));

  /* --- Countdowns: "1 min 20 s", as the server would have written it ------------------------------------------------ */

  const span = (seconds) => {
    const units = [[Math.floor(seconds / 86400), "d"], [Math.floor(seconds / 3600) % 24, "h"], [Math.floor(seconds / 60) % 60, "min"], [seconds % 60, "s"]];
    while (units.length > 1 && units[0][0] === 0) units.shift();
    return units.slice(0, 2).map(([count, unit]) => `${count}\u00a0${unit}`).join("\u00a0");
  };

  const tick = () =>
    all("[data-countdown]").forEach((output) => {
      const left = Math.ceil((Date.parse(output.dataset.countdown) - now()) / 1000);
      const text = left > 0 ? span(left) : "now";
      if (output.textContent !== text) output.textContent = text;
    });
  setInterval(tick, 1000);
  body.addEventListener("htmx:afterSettle", tick);
  tick();

  /* --- Keys: whatever carries data-key is pressed by it, unless somebody is typing; g and a letter goes to a place;
         j and k walk through the rows of lists. The button "Keys" lists what the page has. ------------------------------ */

  const seen = (element) => element.offsetParent !== null;
  const rows = () => all(".list > *, .table tbody tr", document.querySelector("main") ?? body).map((row) => row.querySelector("a[href], button")).filter((one) => one && seen(one));
  const walk = (by) => {
    const links = rows();
    const at = links.findIndex((link) => link === document.activeElement || link.closest("tr, .list > *").contains(document.activeElement));
    links[Math.max(0, Math.min(links.length - 1, at + by))]?.focus();
  };
  const press = (key, going) => {
    const pressed = going ? document.querySelector(`[data-go="${CSS.escape(key)}"]`) : all("[data-key]").find((one) => one.dataset.key === key && seen(one));
    if (pressed) pressed.click();
    else if (!going && (key === "j" || key === "k") && rows().length) walk(key === "j" ? 1 : -1);
    else return false;
    return true;
  };
  let going = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (press(key, Date.now() - going < 1500)) event.preventDefault();
    going = key === "g" ? Date.now() : 0;
  });

  const keys = document.getElementById("keys");
  const labelOf = (element) => {
    const copy = element.cloneNode(true);
    all("kbd, .nav__count", copy).forEach((part) => part.remove());
    return element.getAttribute("aria-label") || copy.textContent.trim().replace(/\s+/g, " ");
  };
  keys?.addEventListener("beforetoggle", (event) => {
    if (event.newState !== "open") return;
    const list = keys.querySelector("[data-keys]");
    const row = (key, label, act) => {
      const item = keys.querySelector("template").content.cloneNode(true).firstElementChild;
      item.querySelector("kbd").textContent = key;
      item.querySelector("button span").textContent = label;
      item.querySelector("button").addEventListener("click", () => {
        keys.hidePopover();
        act();
      });
      return item;
    };
    list.replaceChildren(
      ...all("[data-key]").filter((one) => seen(one) && one.dataset.key !== "?").map((one) => row(one.dataset.key, labelOf(one), () => one.click())),
      ...(rows().length ? [row("j", "Next row", () => walk(1)), row("k", "Row before", () => walk(-1))] : []),
      ...all("[data-go]").map((one) => row(`g ${one.dataset.go}`, `Go to ${labelOf(one)}`, () => one.click())),
    );
  });

  /* --- The switch of products: choosing is enough ------------------------------------------------------------------- */

  document.addEventListener("change", (event) => event.target.matches("[data-submits]") && event.target.form.requestSubmit());

  /* --- Theme: without leaving the page ------------------------------------------------------------------------------ */

  all("[data-theme-switch]").forEach((form) =>
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
})();
