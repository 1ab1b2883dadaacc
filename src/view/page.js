// Keeps the page up to date from the JSON API. What comes from there is set as text and never as markup; the rows are
// the templates that the server has written beside the snapshot.
"use strict";

(() => {
  const EVERY = 5000; // milliseconds between two looks
  const PATIENCE = 10000; // an answer takes no longer
  const NOW = 15; // minutes that count as now
  const HEIGHT = 24; // of the bars, in their own units
  const lang = document.documentElement.lang;
  const SVG = "http://www.w3.org/2000/svg";
  const at = (id) => document.getElementById(id);
  const within = (row, name) => row.querySelector(`[data-f="${name}"]`);

  const words = {};
  for (const name of at("words").content.querySelectorAll("dt")) {
    words[name.textContent] = name.nextElementSibling.textContent;
  }
  const say = (name, values = {}) =>
    Object.entries(values).reduce((text, [key, value]) => text.replace(`{${key}}`, () => value), words[name] ?? "");

  // --- numbers and times, written as the server writes them ---
  const count = (number) => number.toLocaleString("en");
  const bytes = (number) => {
    let value = number;
    let unit = "B";
    for (const larger of ["kB", "MB", "GB", "TB", "PB", "EB"]) {
      if (value < 999.5) break;
      [value, unit] = [value / 1000, larger];
    }
    return `${unit === "B" || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)} ${unit}`;
  };
  const relative = new Intl.RelativeTimeFormat(lang, { style: "short" });
  const clock = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "medium" });
  let ahead = 0; // milliseconds that the clock of the exporter is ahead of ours
  const ago = (time) => {
    const seconds = Math.max(0, Math.round((Date.now() + ahead - time) / 1000));
    if (seconds < 60) return relative.format(-seconds, "second");
    if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), "minute");
    if (seconds < 86400) return relative.format(-Math.floor(seconds / 3600), "hour");
    return clock.format(time);
  };

  // --- setting what has changed, and only that ---
  const set = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };
  const put = (row, values) => {
    for (const [name, text] of Object.entries(values)) set(within(row, name), text);
  };
  const mark = (element, name, value) => {
    if (element.dataset[name] !== value) element.dataset[name] = value;
  };
  const setTime = (element, time) => {
    if (!time) {
      element.removeAttribute("datetime");
      element.removeAttribute("title");
      set(element, say("unknown_time"));
      return;
    }
    if (element.dateTime !== time || !element.title) {
      element.dateTime = time;
      element.title = clock.format(new Date(time));
    }
    set(element, ago(new Date(time)));
  };
  const setBars = (svg, minutes) => {
    const drawn = minutes.join();
    if (svg.dataset.drawn === drawn) return;
    svg.dataset.drawn = drawn;
    const most = Math.max(1, ...minutes);
    const bars = minutes.map((errors, minute) => {
      if (errors === 0) return null;
      const height = Math.max(3, Math.ceil((errors * HEIGHT) / most));
      const bar = document.createElementNS(SVG, "rect");
      const place = { x: minute, y: HEIGHT - height, width: 0.8, height };
      for (const [name, value] of Object.entries(place)) bar.setAttribute(name, value);
      if (minute >= minutes.length - NOW) bar.setAttribute("class", "now");
      return bar;
    });
    svg.replaceChildren(...bars.filter(Boolean));
  };
  // A row stays the same element wherever it moves, and so it keeps being open or selected.
  const setRows = (list, template, items, key, fill) => {
    const before = new Map([...list.children].map((row) => [row.dataset.key, row]));
    items.forEach((item, place) => {
      const name = key(item, place);
      const row = before.get(name) ?? document.importNode(at(template).content.querySelector("li, tr"), true);
      before.delete(name);
      row.dataset.key = name;
      if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
      fill(row, item);
    });
    for (const row of before.values()) row.remove();
  };
  const either = (shown, there, instead) => {
    at(shown).hidden = !there;
    at(instead).hidden = there;
  };

  // --- what codes mean: asked for once, and again when a code comes up that is new ---
  let catalogue = new Map();
  const explain = (code) => {
    const entry = catalogue.get(code);
    if (entry) {
      const tongue = lang.startsWith("zh") ? "zh" : "en";
      return { meaning: entry[`meaning_${tongue}`], remedy: entry[`remedy_${tongue}`] };
    }
    const kind = code === "none" ? "no_code" : "not_listed";
    return { meaning: say(kind), remedy: say(`${kind}_do`) };
  };

  // --- the parts of the page ---
  // warnings that mean that there may be errors which nobody has seen yet
  const HIDING = ["no_files", "not_ready", "files_failing", "behind"];

  const verdict = ({ recent, errors, warnings }) => {
    const urgent = recent.count > 0 ? errors[0] : null;
    const calm = warnings.some(({ kind }) => HIDING.includes(kind)) ? "unsure" : "calm";
    const level = recent.severity ?? calm;
    const box = at("verdict");
    mark(box, "level", level);
    box.querySelector("svg").dataset.mark = level;
    const headline = recent.count === 0 ? calm : recent.count === 1 ? "one" : "many";
    put(box, {
      level: recent.severity ? say(`severity_${recent.severity}`) : "",
      headline: say(headline, { n: count(recent.count) }),
    });
    at("urgent").hidden = !urgent;
    at("newest").hidden = Boolean(urgent);
    if (urgent) {
      put(at("urgent"), { code: urgent.code, ...explain(urgent.code) });
    } else {
      const newest = errors.reduce((one, other) => ((other.last_seen ?? "") > (one?.last_seen ?? "") ? other : one), errors[0]);
      const time = newest?.last_seen ? ago(new Date(newest.last_seen)) : say("unknown_time");
      set(at("newest"), newest ? say("newest", { code: newest.code, t: time }) : say("none_yet"));
    }
    const title = (recent.count > 0 ? `(${count(recent.count)}) ` : "") + say("title");
    if (document.title !== title) document.title = title;
  };

  const category = (row, errors) => {
    mark(row, "level", errors.severity);
    put(row, {
      category: say(`category_${errors.category}`),
      level: say(`severity_${errors.severity}`),
      count: count(errors.count),
    });
    setBars(within(row, "bars"), errors.per_minute);
    setTime(within(row, "time"), errors.last_seen);
  };

  const code = (row, errors) => {
    mark(row, "level", errors.severity);
    const now = errors.recent > 0;
    if (row.hasAttribute("data-now") !== now) {
      row.toggleAttribute("data-now", now);
      row.querySelector("details").open = now && errors.severity !== "info";
    }
    put(row, {
      code: errors.code,
      status: errors.status,
      category: say(`category_${errors.category}`),
      recent: count(errors.recent),
      count: count(errors.count),
      owner: errors.owner ? say(`owner_${errors.owner}`) : "",
      retry: errors.retryable ? say(`retry_${errors.retryable}`) : "",
      ...explain(errors.code),
    });
    within(row, "owner-line").hidden = !errors.owner;
    within(row, "retry-line").hidden = !errors.retryable;
    setBars(within(row, "bars"), errors.per_minute);
    setTime(within(row, "time"), errors.last_seen);
  };

  const report = (row, error) => {
    mark(row, "level", error.severity);
    put(row, {
      code: error.code,
      status: error.status,
      id: error.request_id ?? say("no_request_id"),
      file: error.file ?? "",
      recogniser: error.recogniser,
    });
    within(row, "copy").hidden = !error.request_id;
    setTime(within(row, "time"), error.time);
    const labels = Object.entries(error.labels).map(([name, value]) => `${name}=${value}`);
    const list = within(row, "labels");
    while (list.children.length > labels.length) list.lastElementChild.remove();
    while (list.children.length < labels.length) {
      const chip = document.createElement("span");
      chip.className = "chip";
      list.append(" ", chip);
    }
    labels.forEach((label, place) => set(list.children[place], label));
  };

  const file = (row, { path, state, failing, size, lag }) => {
    mark(row, "state", state);
    const progress = within(row, "progress");
    progress.max = Math.max(1, size);
    progress.value = size - lag;
    put(row, {
      path,
      state: say(`state_${state}`),
      failing: failing ? ` (${failing})` : "",
      read: `${bytes(size - lag)} / ${bytes(size)}`,
      lag: bytes(lag),
    });
    within(row, "failing").hidden = !failing;
  };

  const exporter = (status) => {
    const lost = Object.entries(status.lost_bytes).map(([reason, number]) => `${bytes(number)} (${reason})`);
    put(at("exporter"), {
      version: status.version,
      durable: say(status.durable ? "durable" : "not_durable"),
      watch: say(status.watch_mode),
      lines: count(status.counters.read_lines ?? 0),
      bytes: bytes(status.counters.read_bytes ?? 0),
      duplicates: count(status.counters.duplicate_reports ?? 0),
      lost: lost.join(", ") || say("nothing"),
    });
    setTime(at("started").querySelector("time"), status.started);
    at("last-commit").hidden = !status.last_commit;
    setTime(at("last-commit").querySelector("time"), status.last_commit);
  };

  const render = (status, reports) => {
    ahead = new Date(status.now) - Date.now();
    verdict(status);
    const warnings = status.warnings.map(({ kind, count: number }) => say(`warning_${kind}`, { n: count(number ?? 0), b: bytes(number ?? 0) }));
    if (warnings.join() !== [...at("warnings").children].map((item) => item.textContent).join()) {
      at("warnings").replaceChildren(...warnings.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    }
    at("now").hidden = status.recent.categories.length === 0;
    setRows(at("category-list"), "category", status.recent.categories, (errors) => errors.category, category);
    either("code-list", status.errors.length > 0, "no-codes");
    setRows(at("code-list"), "code", status.errors, (errors) => `${errors.code} ${errors.status}`, code);
    either("reports", reports.length > 0, "no-reports");
    // rows do not move under somebody who is about to copy a request id
    const selection = document.getSelection();
    if (selection.isCollapsed || !at("reports").contains(selection.anchorNode)) {
      setRows(at("report-list"), "report", reports, (_, place) => String(place), report);
    }
    const { files } = status;
    set(at("files-about"), say("files_about", { n: count(files.total), b: bytes(files.lag) }));
    either("files", files.list.length > 0, "no-files");
    setRows(at("file-list"), "file", files.list, (_, place) => String(place), file);
    const more = files.total - files.list.length;
    at("more-files").hidden = more === 0;
    set(at("more-files"), say("more_files", { n: count(more) }));
    exporter(status);
  };

  // --- asking ---
  const ask = async (path) => {
    const answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  };
  let heard = Date.now();
  let version = "";
  let timer = 0;

  const look = async () => {
    try {
      const [status, { errors }] = await Promise.all([
        ask("./api/v1/status?limit=20"),
        ask(`./api/v1/errors?limit=${document.body.dataset.limit}`),
      ]);
      const started = status.started + status.version;
      if (started !== version) {
        catalogue = new Map((await ask("./api/v1/codes")).codes.map((entry) => [entry.code, entry]));
        version = started;
      }
      heard = Date.now();
      at("stale").hidden = true;
      mark(document.body, "pulse", "live");
      set(within(at("pulse"), "pulse"), say("live"));
      const time = at("pulse").querySelector("time");
      time.dateTime = status.now;
      set(time, new Date(heard).toLocaleTimeString(lang));
      render(status, errors);
    } catch {
      // whatever the reason: the page must not look as if all were well
      mark(document.body, "pulse", "stale");
      at("stale").hidden = false;
      set(at("stale"), say("stale", { t: new Date(heard).toLocaleTimeString(lang) }));
    }
  };
  const turn = async () => {
    clearTimeout(timer);
    if (!document.hidden) await look();
    clearTimeout(timer);
    timer = setTimeout(turn, EVERY);
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) turn();
  });

  // --- copying a request id ---
  const copy = async (text, element) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    // without TLS there is no clipboard, but the old way works
    const selection = document.getSelection();
    selection.selectAllChildren(element);
    document.execCommand("copy");
    selection.removeAllRanges();
  };
  at("report-list").addEventListener("click", async ({ target }) => {
    if (target.dataset.f !== "copy") return;
    const id = within(target.closest("tr"), "id");
    const before = target.textContent;
    await copy(id.textContent, id);
    target.textContent = say("copied");
    setTimeout(() => { target.textContent = before; }, 1500);
  });

  set(at("host"), location.host);
  turn();
})();
