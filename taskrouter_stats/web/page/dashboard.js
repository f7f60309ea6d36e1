// The page of `taskrouter-stats dashboard`. Text from the server is shown with textContent only.

import { sparkline } from "./sparkline.js";

const SILENT_SECONDS = 15; // without any message the connection is lost
const MAX_RETRY_SECONDS = 10;
const by = (id) => document.getElementById(id);
const PARTS = { workers: "Workers", queues: "Task queues", statistics: "Reservations" };
const OUTCOMES = [
  ["accepted", "Accepted", "good"], ["rejected", "Rejected", "bad"], ["timed_out", "Timed out", "warn"],
  ["canceled", "Canceled", ""], ["rescinded", "Rescinded", ""],
];
const REASONS = {
  leave: "ready", probe: "waits for the first reply", pace: "paced", paused: "paused after a refusal",
  shared: "shared with other clients", in_flight: "waits for a free slot",
};
let board = null; // the latest message
let received = 0; // when it came, seconds on the browser's steady clock
let connection = "connecting";
let reason = "";
let token = takeToken();

const clock = () => performance.now() / 1000;
const serverNow = () => board.now + clock() - received;
const count = (value) => (value === null || value === undefined ? "–" : value.toLocaleString("en"));
const percent = (value) => (value === null ? "–" : `${(value * 100).toFixed(value < 0.9995 && value > 0 ? 1 : 0)}%`);

/** Return seconds in their two largest units, such as "1h 05m". */
function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (value) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${pad(whole % 60)}s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)}h ${pad(Math.floor(whole / 60) % 60)}m`;
  return `${Math.floor(whole / 86400)}d ${Math.floor(whole / 3600) % 24}h`;
}

/** Return an element; `is` holds properties, children are elements or text. */
function make(tag, is = {}, ...children) {
  const element = Object.assign(document.createElement(tag), is);
  element.append(...children);
  return element;
}

/** Take the token of a link such as http://host/#token=…, or of an earlier load of this tab. */
function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem("token", given);
    history.replaceState(null, "", location.pathname);
  }
  return given || sessionStorage.getItem("token");
}

const request = (path, signal) =>
  fetch(path, { signal, cache: "no-store", headers: token ? { Authorization: `Bearer ${token}` } : {} });

// ---- connection -------------------------------------------------------------------------------

/** Read one stream of events to its end. */
async function listen() {
  const stop = new AbortController();
  let timer = setTimeout(() => stop.abort(), SILENT_SECONDS * 1000);
  try {
    const response = await request("events", stop.signal);
    if (response.status === 401) return askForToken();
    if (!response.ok) throw new Error(await response.text());
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ""; ;) {
      const { value, done } = await reader.read();
      if (done) return true;
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(), SILENT_SECONDS * 1000);
      const events = (text + value).split("\n\n");
      text = events.pop();
      if (events.length) show(JSON.parse(events.at(-1).slice("data: ".length)));
    }
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}

async function connect() {
  for (let pause = 0.5; ; pause = Math.min(pause * 2, MAX_RETRY_SECONDS)) {
    const before = board;
    reason = "";
    try {
      if ((await listen()) === false) return;
    } catch (error) {
      reason = error instanceof TypeError || error.name === "AbortError" ? "" : error.message;
    }
    if (board !== before) pause = 0.5;
    connection = "lost";
    showState();
    await new Promise((resume) => setTimeout(resume, pause * 1000 * (0.75 + Math.random() / 2)));
  }
}

function askForToken() {
  by("token-error").textContent = token ? "This is not the token." : "";
  by("token-form").hidden = false;
  by("main").hidden = true;
  connection = "token";
  showState();
  by("token").focus();
  return false;
}

by("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token = by("token").value.trim();
  sessionStorage.setItem("token", token);
  by("token").value = "";
  by("token-form").hidden = true;
  by("main").hidden = false;
  connect();
});

// ---- state ------------------------------------------------------------------------------------

const limit = () => Math.max(SILENT_SECONDS, 3 * board.every);
const isOld = (part) => part.at === null || serverNow() - part.at > limit();
const timeOf = (at) => new Date(Date.now() - (serverNow() - at) * 1000).toLocaleTimeString("en-GB");

/** Return the state's name, the words for it, and its problems. */
function state() {
  if (connection === "token") return ["waiting", "Token required", []];
  if (!board) return connection === "lost" ? ["lost", "No connection to the dashboard; trying again", [["Dashboard", reason]]] : ["waiting", "Connecting…", []];
  const parts = Object.entries(board.parts);
  const times = parts.map(([, part]) => part.at).filter((at) => at !== null);
  const problems = parts.filter(([, part]) => part.error).map(([name, part]) => [PARTS[name], part.error]);
  const at = times.length ? `Data of ${timeOf(Math.min(...times))}` : "No data yet";
  if (connection === "lost") return ["lost", `${at}, stale: no connection to the dashboard; trying again`, [...problems, ["Dashboard", reason]]];
  if (problems.length || (times.length && parts.some(([, part]) => isOld(part)))) return ["stale", `${at}, stale`, problems];
  return times.length ? ["live", at, []] : ["waiting", "Fetching the first data…", []];
}

function showState() {
  const [name, words, problems] = state();
  const pill = by("state");
  if (pill.dataset.state !== name) {
    const say = { live: "The data is live.", stale: words, lost: words, waiting: "" }[name];
    if (pill.dataset.state !== "waiting" || name !== "live") by("announcer").textContent = say;
    pill.dataset.state = name;
  }
  by("state-text").textContent = words;
  const causes = new Map(); // by text: one cause often concerns all parts
  for (const [title, text] of problems) if (text) causes.set(text, [...(causes.get(text) ?? []), title]);
  by("problems").hidden = !causes.size;
  by("tiles").classList.toggle("stale", name === "stale" || name === "lost");
  const lines = [...causes].map(([text, titles]) => make("li", {}, make("strong", { textContent: `${titles.join(", ")}:` }), ` ${text}`));
  if (by("problems").textContent !== lines.map((line) => line.textContent).join("")) by("problems").replaceChildren(...lines);
  for (const [part, elements] of Object.entries({
    workers: [by("activities").closest("section"), by("workers")], queues: [by("queues")],
    statistics: [by("reservations").closest("section")],
  })) {
    const old = connection === "lost" || (board && board.parts[part].at !== null && (board.parts[part].error || isOld(board.parts[part])));
    for (const element of elements) element.classList.toggle("stale", Boolean(old));
  }
}

// ---- the parts --------------------------------------------------------------------------------

/** Return an element with a duration that grows while its part is live. */
function growing(tag, seconds, part, is = {}) {
  const element = make(tag, is);
  if (seconds !== null && seconds !== undefined) Object.assign(element, { seconds, part });
  element.dataset.grows = "";
  grow(element);
  return element;
}

function grow(element) {
  const at = element.part && board.parts[element.part].at;
  const passed = at === null || at === undefined ? 0 : Math.min(serverNow() - at, limit());
  element.textContent = element.seconds === undefined ? "–" : duration(element.seconds + Math.max(0, passed));
}

function bar(share, kind) {
  const fill = make("div", { className: `fill ${kind}` });
  fill.style.width = `${Math.min(100, share * 100)}%`;
  return make("td", { className: "bar-column" }, make("div", { className: "track", ariaHidden: "true" }, fill));
}

const cell = (text, className = "number") => make("td", { className, textContent: text });
const head = (text) => make("th", { scope: "row", textContent: text });

function showTiles() {
  const { workers, queues, statistics } = board;
  const tiles = [
    ["Tasks waiting", count(queues?.waiting), queues && `in ${count(queues.total)} queues`, queues?.lines.waiting],
    ["Oldest task", queues && queues.waiting !== null && queues.oldest === null ? "none" : growing("span", queues?.oldest, "queues"), "waiting time", queues?.lines.oldest],
    ["Workers available", count(workers?.available), workers && `of ${count(workers.total)}`, workers?.lines.available],
    ["Acceptance", statistics ? percent(statistics.acceptance) : "–", statistics && `of ${count(statistics.reservations.created)} reservations`, statistics?.lines.acceptance],
    ["Time to accept", duration(statistics?.acceptance_time), `mean, ${board.window}`, null],
    ["Tasks completed", count(statistics?.tasks_completed), statistics && `of ${count(statistics.tasks_created)} created`, null],
  ];
  by("tiles").replaceChildren(...tiles.map(([title, value, note, line]) => make("div", { className: "tile" },
    make("dt", { textContent: title }), make("dd", { className: "value" }, value),
    make("dd", { className: "note", textContent: note || "" }),
    ...(line ? [make("dd", {}, sparkline(line))] : []))));
}

function showActivities() {
  const { activities, total } = board.workers;
  by("activities").replaceChildren(...activities.map((row) => make("tr", {},
    head(row.name), cell(count(row.workers)), bar(row.workers / total, row.available ? "good" : ""),
    growing("td", row.median, "workers", { className: "number wide" }), growing("td", row.longest, "workers", { className: "number" }))));
  const select = by("workers").querySelector("select");
  const names = ["", ...activities.map((row) => row.name).sort()];
  if (select.value && !names.includes(select.value)) names.push(select.value);
  if ([...select.options].map((option) => option.value).join("\n") === names.join("\n")) return;
  const chosen = select.value;
  select.replaceChildren(...names.map((name) => make("option", { value: name, textContent: name || "All activities" })));
  select.value = chosen;
}

function showReservations() {
  const { reservations } = board.statistics;
  by("window").textContent = board.window;
  const rows = OUTCOMES.map(([name, title, kind]) => [title, reservations[name], kind]);
  by("reservations").replaceChildren(...rows.map(([title, value, kind]) => {
    const share = reservations.created && value !== null ? value / reservations.created : 0;
    return make("tr", {}, head(title), cell(count(value)), bar(share, kind), cell(reservations.created ? percent(share) : "–"));
  }));
}

function showBudgets() {
  by("budgets").replaceChildren(...board.budgets.map((row) => make("tr", {}, head(row.name), cell(count(row.limit)),
    cell(count(row.remaining)), cell(row.pace === null ? "no limit" : row.pace.toFixed(1)), cell(count(row.waiting), "number wide"),
    cell(count(row.sent), "number wide"), cell(count(row.refused)), cell(REASONS[row.reason] ?? row.reason, "wide"))));
}

// ---- tables with pages ------------------------------------------------------------------------

class PagedTable {
  constructor(id, sort, drawRow) {
    Object.assign(this, { id, sort, drawRow, section: by(id), page: 1, asked: 0 });
    this.search = this.section.querySelector("input");
    this.select = this.section.querySelector("select");
    this.search.addEventListener("input", () => this.restart());
    this.select?.addEventListener("change", () => this.restart());
    this.heads = [...this.section.querySelectorAll("th[data-sort]")];
    for (const th of this.heads) {
      const button = make("button", { type: "button", textContent: th.textContent });
      button.addEventListener("click", () => this.sortBy(th.dataset.sort));
      th.replaceChildren(button);
    }
    this.previous = make("button", { type: "button", textContent: "Previous" });
    this.next = make("button", { type: "button", textContent: "Next" });
    this.place = make("span");
    this.previous.addEventListener("click", () => this.turn(-1));
    this.next.addEventListener("click", () => this.turn(1));
    this.section.querySelector("nav").append(this.place, this.previous, this.next);
    this.markSort();
  }

  restart() { this.page = 1; this.load(); }

  sortBy(column) {
    const other = column.startsWith("-") ? column.slice(1) : `-${column}`;
    this.sort = this.sort === column ? other : column;
    this.markSort();
    this.restart();
  }

  markSort() {
    for (const th of this.heads) {
      const plain = (name) => name.replace("-", "");
      const chosen = plain(th.dataset.sort) === plain(this.sort);
      th.querySelector("button").textContent = th.textContent.replace(/ [▲▼]$/, "") + (chosen ? (this.sort.startsWith("-") ? " ▼" : " ▲") : "");
      if (chosen) th.setAttribute("aria-sort", this.sort.startsWith("-") ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    }
  }

  turn(by) {
    const page = this.page + by;
    if (page < 1 || page > this.pages) return;
    this.page = page;
    this.load();
  }

  /** Read and show the page; an answer that a later request overtook is dropped. */
  async load() {
    const number = ++this.asked;
    const given = new URLSearchParams({ q: this.search.value, sort: this.sort, page: this.page, activity: this.select?.value ?? "" });
    try {
      const response = await request(`${this.id}?${given}`);
      if (response.ok && number === this.asked) this.draw(await response.json());
    } catch { /* the stream of events notices a lost connection */ }
  }

  draw({ rows, found, page, pages }) {
    Object.assign(this, { page, pages });
    const body = this.section.querySelector("tbody");
    if (rows.length) body.replaceChildren(...rows.map(this.drawRow));
    else body.replaceChildren(make("tr", { className: "empty" }, make("td", { colSpan: this.section.querySelectorAll("thead th").length, textContent: "None found" })));
    this.place.textContent = pages > 1 ? `${count(found)} found, page ${count(page)} of ${count(pages)}` : `${count(found)} found`;
    this.previous.hidden = this.next.hidden = pages === 1;
    this.previous.ariaDisabled = String(page === 1);
    this.next.ariaDisabled = String(page === pages);
  }
}

const tables = {
  queues: new PagedTable("queues", "-waiting", (row) => make("tr", {}, head(row.name), cell(count(row.waiting)),
    make("td", {}, sparkline(row.line)), row.waiting === 0 ? cell("–") : growing("td", row.oldest, "queues", { className: "number" }),
    cell(count(row.assigned), "number wide"), cell(count(row.wrapping), "number wide"), cell(`${count(row.available)} / ${count(row.eligible)}`))),
  workers: new PagedTable("workers", "seconds", (row) => make("tr", {}, head(row.name),
    make("td", { className: "named" }, make("span", { className: `mark ${row.available ? "good" : ""}`, ariaHidden: "true" }), row.activity),
    growing("td", row.seconds, "workers", { className: "number" }))),
};

function show(message) {
  const before = board;
  board = message;
  received = clock();
  connection = "open";
  by("workspace").textContent = board.workspace.name || board.workspace.sid;
  by("subtitle").textContent = `${board.workspace.sid}, refreshed every ${count(board.every)} s`;
  document.title = `${board.queues?.waiting ? `(${count(board.queues.waiting)}) ` : ""}${board.workspace.name || "TaskRouter"}`;
  showTiles();
  if (board.workers) showActivities();
  if (board.statistics) showReservations();
  showBudgets();
  for (const [name, table] of Object.entries(tables)) {
    if (board[name] && (!before || before.parts[name].at !== board.parts[name].at)) table.load();
  }
  showState();
}

setInterval(() => {
  showState();
  if (board && connection !== "lost") document.querySelectorAll("[data-grows]").forEach(grow);
}, 1000);

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
  event.preventDefault();
  tables.workers.search.focus();
});

connect();
