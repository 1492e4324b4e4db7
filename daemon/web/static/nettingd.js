/* Keeps pages fresh, opens questions in a dialog, and posts forms to the API. */
"use strict";
(() => {
  const main = document.getElementById("main");
  const dialog = document.getElementById("question");
  const link = document.getElementById("link");
  const said = document.getElementById("said");
  const csrf = document.querySelector('meta[name="csrf"]').content;
  const PART = { "X-Part": "main" };
  const stale = document.getElementById("stale");
  const STALE_MS = 2000; // a connection that comes back sooner is not worth a word
  let seenAt = new Date();
  const SAID_MS = 6000;
  let staling = 0;
  let hiding = 0;
  let events = null;
  let looking = false;
  let again = false;

  const hasFault = () => main.querySelector("[data-fault]");

  function read(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content;
  }

  async function part(address, cache) {
    const answer = await fetch(address, { headers: PART, cache, redirect: "manual" });
    if (answer.type === "opaqueredirect" || answer.status === 401) {
      location.reload(); // nobody is logged in any more: the server shows the form
      return null;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    return read(await answer.text());
  }

  /* Exchange what has changed, and leave alone what somebody writes in. */
  function exchange(fresh) {
    seenAt = new Date();
    for (const now of fresh.querySelectorAll("[data-live]")) {
      const old = document.getElementById(now.id);
      if (!old || old.innerHTML === now.innerHTML) continue;
      const focused = old.contains(document.activeElement) ? document.activeElement : null;
      if (focused && focused.matches("input, select")) continue;
      const place = focused && [...old.querySelectorAll("a, button, summary")].indexOf(focused);
      const open = [...old.querySelectorAll("details")].map((each) => each.open);
      old.replaceChildren(...now.childNodes);
      old.querySelectorAll("details").forEach((each, at) => { each.open = open[at] ?? each.open; });
      if (!focused) continue;
      const left = [...old.querySelectorAll("a, button, summary")];
      (left[place] ?? left.at(-1) ?? main).focus({ preventScroll: true });
    }
  }

  async function look(cache = "default") {
    if (hasFault()) return;
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    try {
      const fresh = await part(location.href, cache);
      if (fresh) exchange(fresh);
    } catch {
      listen(false);
    } finally {
      looking = false;
      if (again) {
        again = false;
        look(cache);
      }
    }
  }

  function show(isOn) {
    link.textContent = isOn ? link.dataset.on : link.dataset.off;
    link.classList.toggle("on", isOn);
    clearTimeout(staling);
    staling = 0;
    if (isOn) stale.hidden = true;
    else if (!document.hidden) staling = setTimeout(tellStale, STALE_MS);
  }

  function tellStale() {
    stale.textContent = stale.dataset.text.replace("@", seenAt.toLocaleTimeString([], { hourCycle: "h23" }));
    stale.hidden = false;
  }

  function listen(wanted) {
    events?.close();
    events = null;
    if (!wanted) {
      show(false);
      setTimeout(() => { if (!events && !document.hidden) listen(true); }, 5000);
      return;
    }
    if (hasFault()) return; // it says why there is nothing to follow
    const of = location.href;
    events = new EventSource(of);
    events.onopen = () => show(true);
    events.onerror = () => {
      show(false);
      if (events?.readyState === EventSource.CLOSED) {
        listen(false);
        look(); // it tells whether one has to log in again
      }
    };
    events.addEventListener("ended", () => look()); // the session: it leads to the login
    events.addEventListener("part", (event) => {
      if (of === location.href) exchange(read(JSON.parse(event.data)));
      else listen(true); // a form has moved on
    });
  }

  function say(text, isFault) {
    said.textContent = text;
    said.classList.toggle("fault", Boolean(isFault));
    said.hidden = false;
    clearTimeout(hiding);
    hiding = setTimeout(() => { said.hidden = true; }, SAID_MS);
  }

  async function ask(address) {
    try {
      const fresh = await part(address, "no-cache");
      if (!fresh) return;
      dialog.replaceChildren(fresh);
      dialog.showModal();
    } catch {
      location.href = address;
    }
  }

  function body(form, button) {
    if (form.spell) return form.spell(); // it knows best
    const given = [...new FormData(form, button)].filter(([, value]) => value !== "");
    const facts = JSON.parse(form.dataset.facts || "{}"); // what is no text
    return JSON.stringify({ ...Object.fromEntries(given), ...facts });
  }

  function ending(said, told) {
    const made = said.counts && told[said.counts].length;
    if (made === 0) return told.finished ? said.none : said.later;
    return said.done ? said.done.replace("@", made) : told.message || "";
  }

  function faults(problem) {
    const each = (problem.errors || []).map((error) => `${error.path}: ${error.message}`);
    return [problem.detail, ...each].filter(Boolean).join("\n");
  }

  async function post(form, button) {
    if (form.dataset.busy) return; // not by disabling the button: whoever uses keys would lose their place
    const out = form.querySelector("output");
    form.dataset.busy = "1";
    button?.setAttribute("aria-disabled", "true");
    try {
      const answer = await fetch(form.dataset.api, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
        body: body(form, button),
      });
      const told = await answer.json();
      if (answer.ok && form.dataset.then) {
        location.href = form.dataset.then;
      } else if (answer.ok || (told.results && form.dataset.see)) {
        const text = ending(form.dataset, told);
        if (form.dataset.see && told.id) {
          location.href = form.dataset.see + told.id;
          return;
        }
        dialog.close();
        if (out) out.textContent = "";
        say(text);
        look("no-cache");
      } else {
        fault(out, faults(told));
        form.dispatchEvent(new CustomEvent("refused", { detail: told.errors || [] }));
      }
    } catch {
      fault(out, said.dataset.lost);
    } finally {
      delete form.dataset.busy;
      button?.removeAttribute("aria-disabled");
    }
  }

  function fault(out, text) {
    if (!out) {
      say(text, true);
      return;
    }
    out.textContent = text;
    out.classList.add("fault");
  }

  document.addEventListener("click", (event) => {
    const asking = event.target.closest("a[data-ask]");
    if (asking && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      ask(asking.href);
    } else if (event.target.closest("[data-close]")) {
      event.preventDefault();
      if (dialog.open) dialog.close();
      else history.back();
    } else if (event.target === dialog) {
      dialog.close(); // beside the question
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === " " && event.target.matches('a[role="button"]')) {
      event.preventDefault();
      event.target.click();
    }
  });
  document.addEventListener("submit", (event) => {
    if (event.target.hasAttribute("data-ask")) {
      event.preventDefault();
      const given = new URLSearchParams(new FormData(event.target));
      ask(`${event.target.action}?${given}`);
    }
    if (event.target.dataset.api) {
      event.preventDefault();
      post(event.target, event.submitter);
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.closest("form.filters")) event.target.form.requestSubmit();
  });
  /* A form that is followed shows what it asks for while somebody moves or writes in it. */
  let following = 0;
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-follow]");
    if (!form) return;
    const twin = document.getElementById(event.target.dataset.twin);
    if (twin) twin.value = event.target.value;
    clearTimeout(following);
    following = setTimeout(() => {
      history.replaceState(null, "", `${form.action}?${new URLSearchParams(new FormData(form))}`);
      look();
    }, 60);
  });
  /* Where somebody points in a chart, the slider below it goes. */
  document.addEventListener("pointerdown", (event) => {
    const chart = event.target.closest("svg[data-slider]");
    if (!chart || event.button) return;
    const slider = document.getElementById(chart.dataset.slider);
    const [left, right] = [Number(chart.dataset.left), Number(chart.dataset.right)];
    const room = chart.getBoundingClientRect();
    const wide = chart.viewBox.baseVal.width;
    const move = (to) => {
      const share = ((to.clientX - room.left) / room.width * wide - left) / (right - left);
      slider.value = Number(slider.min) + share * (slider.max - slider.min);
      slider.dispatchEvent(new Event("input", { bubbles: true }));
    };
    const stop = new AbortController();
    document.addEventListener("pointermove", move, { signal: stop.signal });
    for (const end of ["pointerup", "pointercancel"]) {
      document.addEventListener(end, () => stop.abort(), { signal: stop.signal });
    }
    move(event);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      events?.close();
      events = null;
      show(false);
    } else {
      listen(true);
    }
  });
  document.querySelector(".menu [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
  if (!document.hidden) listen(true);
})();
