/* The form of targets: rows come and go, sums follow, and what the daemon refuses is marked. */
"use strict";
(() => {
  const form = document.getElementById("targets");
  if (!form) return;
  const OFF = 0.01;
  const rows = (kind) => [...form.querySelectorAll(`[data-rows="${kind}"] > [data-row]`)];
  const field = (row, name) => row.querySelector(`[data-field="${name}"]`);
  const text = (row, name) => field(row, name)?.value.trim() ?? "";
  const written = (kind) => rows(kind).filter((row) => text(row, "name") || text(row, "weight"));
  const key = (row, name = "name") => JSON.stringify(text(row, name));

  /* As text, so that a name that stands there twice is seen, and refused, by the daemon. */
  form.spell = () => {
    const given = new FormData(form);
    const classes = written("mp").map((row) => `${key(row)}:${key(row, "weight")}`);
    const inside = new Map();
    for (const row of written("sub_mp")) {
      const of = key(row, "of");
      inside.set(of, [...(inside.get(of) ?? []), `${key(row)}:${key(row, "weight")}`]);
    }
    const tickers = [...inside].map(([of, each]) => `${of}:{${each.join(",")}}`);
    const by = given.get("by").trim() || "page";
    return `{"account":${JSON.stringify(given.get("account"))},"by":${JSON.stringify(by)},`
      + `"mp":{${classes.join(",")}},"sub_mp":{${tickers.join(",")}}}`;
  };

  function sum(weights) {
    const found = weights.reduce((all, each) => all + (Number(each.replace(",", ".")) || 0), 0);
    return Number(found.toFixed(8));
  }

  function show(place, found) {
    place.textContent = String(found);
    place.classList.toggle("fault", Math.abs(found - 100) > OFF + 1e-9);
  }

  function add_up() {
    show(form.querySelector("[data-sum]"), sum(written("mp").map((row) => text(row, "weight"))));
    const inside = new Map();
    for (const row of written("sub_mp")) {
      const of = text(row, "of");
      inside.set(of, [...(inside.get(of) ?? []), text(row, "weight")]);
    }
    const list = form.querySelector("[data-sums]");
    list.replaceChildren(...[...inside].map(([of, weights]) => {
      const line = document.createElement("li");
      const place = document.createElement("span");
      show(place, sum(weights));
      line.append(`${of || "?"}: `, place);
      return line;
    }));
    const names = written("mp").map((row) => text(row, "name")).filter((name) => name && name !== "cash");
    form.querySelector("datalist").replaceChildren(...names.map((name) => new Option("", name)));
  }

  /* Paths as the daemon writes them: mp.stocks, sub_mp.stocks.AAA, sub_mp.us["BRK.B"]. */
  function keys(path) {
    return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g)].map((each) => each[1] ?? each[2]);
  }

  function same(written_name, told) {
    const plain = (name) => name.toUpperCase().replace("/", "");
    return written_name === told || plain(written_name) === plain(told);
  }

  function find([level, first, second]) {
    if (level === "mp" && first) return rows("mp").filter((row) => same(text(row, "name"), first));
    if (level !== "sub_mp" || !first) return [];
    return rows("sub_mp").filter(
      (row) => text(row, "of") === first && (!second || same(text(row, "name"), second)),
    );
  }

  function clear() {
    for (const each of form.querySelectorAll("[aria-invalid]")) each.removeAttribute("aria-invalid");
    for (const each of form.querySelectorAll("[data-why]")) each.textContent = "";
  }

  form.addEventListener("refused", (event) => {
    clear();
    for (const { path, message } of event.detail) {
      for (const row of find(keys(path))) {
        field(row, "weight").setAttribute("aria-invalid", "true");
        row.querySelector("[data-why]").textContent = message;
      }
    }
    form.querySelector("[aria-invalid]")?.focus();
  });
  form.addEventListener("click", (event) => {
    const more = event.target.closest("[data-add]");
    const drop = event.target.closest("[data-drop]");
    if (more) {
      const place = form.querySelector(`[data-rows="${more.dataset.add}"]`);
      place.append(document.getElementById(`row-${more.dataset.add}`).content.cloneNode(true));
      field(place.lastElementChild, "name").focus();
    } else if (drop) {
      const row = drop.closest("[data-row]");
      const next = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      (next ? field(next, "name") : form.querySelector("[data-add]")).focus();
    }
    if (more || drop) add_up();
  });
  form.addEventListener("input", () => {
    clear();
    add_up();
  });
})();
