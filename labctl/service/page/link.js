// The one connection: token, WebSocket, requests, and how long ago anything was heard.
const API = "/api/v1";
export const LOST_MS = 1800; // said within two seconds of the last message, with the timer's step

export const access = { token: "", armed: "", armedUntil: 0 };

export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    history.replaceState(null, "", location.pathname);
    keepToken(given);
  } else {
    access.token = sessionStorage.getItem("labctl.token") || "";
  }
}

export function keepToken(token) {
  access.token = token.trim();
  sessionStorage.setItem("labctl.token", access.token);
}

export function armedLeft() {
  return access.armed ? Math.max(0, (access.armedUntil - performance.now()) / 1000) : 0;
}

export class Refused extends Error {
  constructor(status, error) {
    const parts = [error.what, error.seen, ...(error.problems || []).map((p) => `${p.line ? `line ${p.line}, column ${p.column}: ` : ""}${p.message}`), error.fix];
    super(parts.filter(Boolean).join(" · ") || `refused (${status})`);
    this.status = status;
  }
}

export async function ask(method, path, body, more = {}) {
  const armed = more.arm && armedLeft() > 0;
  const headers = { Authorization: `Bearer ${armed ? access.armed : access.token}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (more.key) headers["Idempotency-Key"] = more.key;
  const said = await fetch(API + path, {
    method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store",
    keepalive: Boolean(more.keepalive),
  }).catch(() => { throw new Error("The service does not answer."); });
  const told = await said.json().catch(() => ({}));
  if (!said.ok) throw new Refused(said.status, told.error || {});
  return told;
}

export class Link {
  constructor(hear, noToken) {
    this.hear = hear;
    this.noToken = noToken;
    this.heard = 0; // performance.now() of the newest message; 0: never
    this.open = false;
    this.why = "";
    this.socket = null;
    this.number = 0;
    this.answers = new Map();
    this.seq = null;
    this.trying = false;
  }

  get lost() {
    return !this.open || performance.now() - this.heard > LOST_MS;
  }

  async connect() {
    if (this.trying) return;
    this.trying = true;
    let ticket;
    try {
      ticket = (await ask("POST", "/ticket")).ticket;
    } catch (error) {
      this.trying = false;
      if (error.status === 401) this.noToken();
      else this.again();
      return;
    }
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}${API}/live?ticket=${encodeURIComponent(ticket)}`);
    this.socket = socket;
    socket.onmessage = (event) => this.take(socket, JSON.parse(event.data));
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.drop();
      this.again();
    };
    this.trying = false;
  }

  again() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), 700);
  }

  drop() {
    const socket = this.socket;
    this.socket = null;
    this.open = false;
    for (const answer of this.answers.values()) answer.lost();
    this.answers.clear();
    if (socket && socket.readyState < WebSocket.CLOSING) socket.close();
  }

  // A connection that is silent is given up, so that a new one is tried.
  check() {
    if (this.open && performance.now() - this.heard > 3 * LOST_MS) {
      this.drop();
      this.again();
    }
  }

  take(socket, message) {
    if (this.socket !== socket) return;
    if (message.type === "done") {
      const answer = this.answers.get(message.id);
      this.answers.delete(message.id);
      if (answer) answer.done(message);
      return;
    }
    if (message.type === "bye") {
      this.why = message.why;
      this.drop();
      this.again();
      return;
    }
    if (message.type !== "snapshot" && message.seq !== this.seq + 1) {
      this.drop(); // a gap: what is shown may be wrong
      this.again();
      return;
    }
    this.seq = message.seq;
    this.heard = performance.now();
    this.open = true;
    this.why = "";
    this.hear(message);
  }

  // By the socket where it is open; the promise fails where no answer came in time.
  say(message, most = 1000) {
    return new Promise((resolve, reject) => {
      if (!this.socket || this.socket.readyState !== WebSocket.OPEN) {
        reject(new Error("not connected"));
        return;
      }
      const id = ++this.number;
      const timer = setTimeout(() => { this.answers.delete(id); reject(new Error("no answer")); }, most);
      this.answers.set(id, {
        done: (told) => { clearTimeout(timer); told.ok ? resolve(told.what) : reject(new Refused(409, { what: told.what })); },
        lost: () => { clearTimeout(timer); reject(new Error("contact lost before an answer")); },
      });
      this.socket.send(JSON.stringify({ id, ...message }));
    });
  }

  // A stop goes by the socket, and by a request of its own where that does not answer.
  async stop(act) {
    try {
      return await this.say({ do: act, why: "button on the page" }, 500);
    } catch {
      const told = await ask("POST", `/${act}`, { why: "button on the page" }, { keepalive: true });
      return told.done;
    }
  }
}
