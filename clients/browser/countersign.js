/**
 * The session of a page that talks to a Countersign server. What each method promises is in `countersign.d.ts`.
 *
 * Tokens, the renewal under way and every request belong to an *owner*: one session, from the moment this page learns of it
 * until it ends or another one begins. An answer that arrives after that changes nothing, and a request is sent again only
 * for the owner that sent it first.
 *
 * The tabs of an origin share the refresh cookie, which no script can read. Whatever changes it happens under one Web Lock,
 * and the tabs tell each other by BroadcastChannel. A tab that lost track of whose cookie it is forgets its tokens and asks
 * the server.
 */

const [UNKNOWN, SIGNED_IN, SIGNED_OUT] = ["unknown", "signed_in", "signed_out"];
/** How long a renewal waits for requests that are under way, in milliseconds. */
const GRACE = 1_000;
const SAFE = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

export class OutageError extends Error {
  name = "OutageError";

  constructor(message, { status, retryAfter, cause } = {}) {
    super(message, { cause });
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

export class Session {
  #base;
  #origins;
  #networkTimeout;
  #lockTimeout;
  #name;
  #owner = newOwner(UNKNOWN);
  #listeners = new Set();
  #speaker;
  #echoes = new Map();
  /** Until then, in milliseconds since 1970, the server asked not to be asked for a renewal. */
  #notBefore = 0;

  constructor(base = "", { trustedOrigins = [], networkTimeout = 10_000, lockTimeout = 5_000 } = {}) {
    this.#base = new URL(`${base.replace(/\/+$/, "")}/`, location.href);
    this.#origins = new Set([this.#base, ...trustedOrigins].map((address) => new URL(address).origin));
    this.#networkTimeout = networkTimeout;
    this.#lockTimeout = lockTimeout;
    this.#name = `countersign ${this.#base}`;
    // A channel does not get its own messages. With a second one, a tab hears its own, and so knows that it has heard every
    // earlier one too, and that the other tabs have got it.
    this.#speaker = new BroadcastChannel(this.#name);
    new BroadcastChannel(this.#name).onmessage = ({ data }) => this.#hear(data);
    this.#speaker.postMessage({ type: "hello" });
    // A page that comes back by the back button has missed what the other tabs said.
    addEventListener("pageshow", ({ persisted }) => {
      if (!persisted) return;
      this.#become(newOwner(UNKNOWN));
      this.renew().catch(() => {});
    });
  }

  get isSignedIn() {
    return this.#owner.status === SIGNED_IN;
  }

  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async fetch(input, init) {
    const request = this.#addressed(input, init);
    if (!this.#isOurs(request)) return fetch(request);
    return this.#send(request, isStream(init?.body), this.#owner, (owner) => this.#renew(owner));
  }

  renew() {
    if (this.#owner.status === SIGNED_OUT) this.#become(newOwner(UNKNOWN));
    return this.#renew(this.#owner);
  }

  async signIn(input, init) {
    const request = this.#addressed(input, init);
    return this.#exclusive(async () => {
      const owner = this.#owner;
      const { response, tokens } = await this.#exchange(request, []).catch(async (error) => {
        // The answer is lost, and its cookies may have come: they may be another user's by now. The next request asks.
        this.#become(newOwner(UNKNOWN));
        await this.#tell(UNKNOWN);
        throw error;
      });
      await this.#tell();
      // A sign-in elsewhere, which did not wait for the lock, was answered before this one or after it.
      if (response.ok && (!tokens || this.#owner !== owner)) await this.#ask();
      else if (response.ok) await this.signedIn(tokens);
      return response;
    });
  }

  signedIn(answer = {}) {
    this.#become({ ...newOwner(SIGNED_IN), ...tokensOf(answer) });
    return this.#tell(SIGNED_IN, this.#owner);
  }

  async reauthenticate(input, init) {
    const request = this.#addressed(input, init);
    const owner = this.#owner;
    const { signal } = owner.ended;
    const send = (signal) =>
      this.#send(new Request(request, { signal }), isStream(init?.body), owner, () => this.#refresh(owner, owner.stamp));
    return this.#exclusive(async () => {
      const { response, tokens } = await this.#exchange(request, [signal], send).catch((error) => {
        if (!signal.aborted) throw error;
        return { response: sessionChanged() };
      });
      await this.#tell();
      // Without tokens in the answer, the one in hand is no proof of this sign-in: the next request renews it.
      if (response.ok && !signal.aborted) await this.#fill(owner, tokens ?? { csrf_token: owner.csrfToken });
      return response;
    });
  }

  async signOut() {
    const owner = this.#owner;
    return this.#exclusive(async () => {
      if (this.#owner !== owner) return false;
      const { response } = await this.#exchange(this.#endpoint("logout", owner), []);
      if (!response.ok) throw outage("the sign-out", response);
      await this.#tell();
      if (this.#owner !== owner) await this.#ask();
      else await this.#end(owner, "signed_out");
      // Without a name for the session, this page cannot say whose has ended.
      if (owner.id === null) await this.#tell(UNKNOWN);
      return true;
    });
  }

  /** The request, with cookies if it goes to the API on another origin. */
  #addressed(input, init) {
    const request = new Request(input, init);
    const { origin } = new URL(request.url);
    const isElsewhere = origin === this.#base.origin && origin !== location.origin;
    if (!isElsewhere || request.credentials !== "same-origin") return request;
    // Any change of a request resets its referrer.
    const { referrer, referrerPolicy } = request;
    return new Request(request, { credentials: "include", referrer, referrerPolicy });
  }

  #isOurs(request) {
    const isBare = request.credentials !== "omit" && !request.headers.has("Authorization");
    return isBare && this.#origins.has(new URL(request.url).origin);
  }

  /** Sends a request of this owner, and again if a renewal can mend its refusal. */
  async #send(request, isStream, owner, renew, repeats = 3) {
    let failure;
    const renewed = () =>
      unlessAborted(request.signal, renew(owner)).catch((error) => {
        if (!(error instanceof OutageError)) throw error;
        failure = error;
      });
    const isMissing = owner.accessToken === null && (owner.renewal !== null || (isStream && owner.status === UNKNOWN));
    if (isMissing || (owner.status === SIGNED_IN && Date.now() >= owner.expiresAt)) await renewed();
    if (this.#owner !== owner) return sessionChanged();
    // The first attempt uses the body up. A stream would have to be kept in memory as a whole.
    const spare = isStream || repeats === 0 ? null : request.clone();
    const { accessToken, stamp } = owner;
    const sent = fetch(this.#signed(request, owner));
    owner.sent.add(sent);
    const response = await sent.finally(() => owner.sent.delete(sent));
    if (response.status !== 401 || repeats === 0) return response;
    if (!this.#origins.has(new URL(response.url || request.url).origin)) return response;
    const code = await this.#codeOf(response);
    const isForToken = code === "invalid_token" || (accessToken === null && [undefined, "missing_credentials"].includes(code));
    if (!isForToken || owner.status === SIGNED_OUT) return response;
    if (this.#owner !== owner) return sessionChanged();
    // Another request, or another tab, may have renewed the token since this one was sent. But where the token is in a cookie, a
    // refusal takes it out of the browser: one that comes late takes the new one.
    const isTaken = accessToken === null && code === "invalid_token";
    if ((owner.stamp === stamp || isTaken) && !failure) await renewed();
    if (this.#owner !== owner) return sessionChanged();
    if (isStream || owner.status !== SIGNED_IN) return response;
    if (failure) throw failure;
    // A token in a cookie may be taken by the late refusal of another request again; one in hand cannot.
    return this.#send(spare, isStream, owner, renew, owner.accessToken === null ? repeats - 1 : 0);
  }

  #signed(request, { accessToken, csrfToken }) {
    const { headers } = request;
    if (accessToken !== null) headers.set("Authorization", `Bearer ${accessToken}`);
    else if (csrfToken !== null && !SAFE.has(request.method) && new URL(request.url).origin === this.#base.origin) {
      headers.set("X-CSRF-Token", csrfToken);
    }
    return request;
  }

  /** One renewal at a time for each owner; every request that waits for it shares its end. */
  #renew(owner) {
    const { stamp } = owner;
    // A refusal that is on its way would take a new token out of its cookie.
    const isInCookie = owner.status === SIGNED_IN && owner.accessToken === null;
    owner.renewal ??= atMost(GRACE, isInCookie ? Promise.allSettled(owner.sent) : null)
      .then(() => this.#exclusive(() => this.#refresh(owner, stamp)))
      .finally(() => (owner.renewal = null));
    return owner.renewal;
  }

  /** Renews the tokens with this stamp; under the lock. */
  async #refresh(owner, stamp) {
    await this.#tell();
    if (this.#owner !== owner || owner.stamp !== stamp) return this.isSignedIn;
    try {
      const wait = Math.ceil((this.#notBefore - Date.now()) / 1000);
      if (wait > 0) throw new OutageError("the server asked to wait", { retryAfter: wait });
      const { response, tokens } = await this.#exchange(this.#endpoint("refresh", owner), [owner.ended.signal]);
      const code = tokens ? undefined : await this.#codeOf(response);
      // The other tabs may have said something while this one slept.
      await this.#tell();
      if (this.#owner !== owner || owner.stamp !== stamp) return this.isSignedIn;
      if (tokens) await this.#fill(owner, tokens);
      else if (response.status === 400 && ["invalid_grant", "invalid_request"].includes(code)) await this.#end(owner, "ended");
      else {
        const error = outage("the renewal", response);
        this.#notBefore = Date.now() + (error.retryAfter ?? 0) * 1000;
        throw error;
      }
    } catch (error) {
      if (owner.ended.signal.aborted) return this.isSignedIn;
      this.#notify({ type: "outage", error });
      throw error;
    }
    return this.isSignedIn;
  }

  /** Lets the cookie decide whose session this is; under the lock. */
  async #ask() {
    const owner = this.#become(newOwner(UNKNOWN));
    await this.#tell(UNKNOWN);
    await this.#refresh(owner, owner.stamp).catch(() => {});
  }

  /** A request to one of the server's session routes. With `keepalive`, aborting it would not keep its cookie away. */
  #endpoint(path, owner) {
    const request = new Request(new URL(path, this.#base), { method: "POST", credentials: "include" });
    if (owner.csrfToken !== null) request.headers.set("X-CSRF-Token", owner.csrfToken);
    return request;
  }

  /** Sends a request and reads the tokens in its answer, within the time-out and until one of the signals. */
  async #exchange(request, signals, send = (signal) => fetch(request, { signal })) {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), this.#networkTimeout);
    try {
      const response = await send(AbortSignal.any([late.signal, request.signal, ...signals]));
      const body = response.ok ? await jsonOf(response) : null;
      late.signal.throwIfAborted();
      const isAboutTokens = typeof (body?.access_token ?? body?.csrf_token) === "string";
      return { response, tokens: isAboutTokens ? body : null };
    } catch (cause) {
      if (request.signal.aborted || signals.some((signal) => signal.aborted)) throw cause;
      throw late.signal.aborted || cause instanceof TypeError ? new OutageError("the server does not answer", { cause }) : cause;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The stable code of a refusal: that of the body, or the error of the challenge. */
  async #codeOf(response) {
    const body = await atMost(this.#networkTimeout, jsonOf(response));
    const code = body?.code ?? body?.error;
    if (typeof code === "string") return code;
    const challenge = response.headers.get("WWW-Authenticate") ?? "Bearer";
    if (!/\bBearer\b/i.test(challenge)) return "another_scheme";
    return /\bBearer\b.*?\berror="?(\w+)/i.exec(challenge)?.[1];
  }

  /** Runs `work` while no other tab changes the session. */
  #exclusive(work) {
    return new Promise((resolve, reject) => {
      let isStarted = false;
      const run = async () => {
        if (isStarted) return;
        isStarted = true;
        clearTimeout(timer);
        await work().then(resolve, reject);
      };
      const patience = new AbortController();
      const timer = setTimeout(() => {
        patience.abort();
        // The tab that holds the lock may be frozen, so it is taken away from that tab.
        locks.request(this.#name, { steal: true }, run).catch(run);
      }, this.#lockTimeout);
      // In a frame without an origin there are no locks.
      locks.request(this.#name, { signal: patience.signal }, run).catch(() => patience.signal.aborted || run());
    });
  }

  /** Takes over new tokens of the same session, for every tab. Those of another session begin that one. */
  #fill(owner, answer) {
    const { csrf_token } = answer;
    const isOther = owner.csrfToken !== null && typeof csrf_token === "string" && csrf_token !== owner.csrfToken;
    if (isOther) this.#become({ ...newOwner(SIGNED_IN), ...tokensOf(answer) });
    else this.#update(owner, tokensOf(answer, owner.id));
    return this.#tell("renewed", this.#owner);
  }

  #update(owner, tokens) {
    const isNew = owner.status !== SIGNED_IN;
    Object.assign(owner, tokens, { status: SIGNED_IN });
    if (isNew) this.#notify({ type: SIGNED_IN });
  }

  #become(owner) {
    this.#owner.ended.abort();
    this.#owner = owner;
    if (owner.status === SIGNED_IN) this.#notify({ type: SIGNED_IN });
    return owner;
  }

  #end(owner, reason) {
    this.#signOutHere(owner, reason);
    return this.#tell(SIGNED_OUT, owner, reason);
  }

  #signOutHere(owner, reason) {
    Object.assign(owner, { status: SIGNED_OUT, accessToken: null, csrfToken: null });
    owner.ended.abort();
    this.#notify({ type: SIGNED_OUT, reason });
  }

  /** Tells the other tabs, and returns when every message before this one has been heard. */
  #tell(type, { id, stamp, accessToken, csrfToken, expiresAt } = {}, reason) {
    const echo = randomName();
    const heard = new Promise((resolve) => this.#echoes.set(echo, resolve));
    this.#speaker.postMessage({ type, echo, reason, tokens: { id, stamp, accessToken, csrfToken, expiresAt } });
    return heard;
  }

  #hear({ type, echo, reason, tokens }) {
    const resolve = this.#echoes.get(echo);
    if (resolve) {
      this.#echoes.delete(echo);
      return resolve();
    }
    const owner = this.#owner;
    if (type === SIGNED_IN) this.#become({ ...newOwner(SIGNED_IN), ...tokens });
    if (type === UNKNOWN) this.#become(newOwner(UNKNOWN));
    // A tab that was asleep speaks about its own session, which may not be this tab's any more.
    if (type === "renewed" && (owner.status === UNKNOWN || (owner.status === SIGNED_IN && owner.id === tokens.id))) {
      this.#update(owner, tokens);
    }
    if (type === SIGNED_OUT && owner.id === tokens.id) this.#signOutHere(owner, reason);
    if (type === "hello" && owner.status === SIGNED_IN) this.#tell("renewed", owner);
  }

  /** A listener that throws must not stop a sign-out. */
  #notify(event) {
    for (const listener of this.#listeners) queueMicrotask(() => listener(event));
  }
}

/** A session from the moment this page learns of it. */
function newOwner(status) {
  return {
    status,
    /** Names the session, for every tab. */
    id: null,
    /** Changes with the tokens, also where they are in cookies. */
    stamp: null,
    accessToken: null,
    csrfToken: null,
    /** When the access token is known to have expired, and a renewal brings one that lives longer. */
    expiresAt: Infinity,
    /** The renewal under way, and the requests without an answer. */
    renewal: null,
    sent: new Set(),
    /** Aborted when the session ends or another one takes its place. */
    ended: new AbortController(),
  };
}

function tokensOf({ access_token, csrf_token, expires_in, refresh_expires_in = Infinity }, id) {
  const [accessToken, csrfToken] = [access_token ?? null, csrf_token ?? null];
  const expiresAt = expires_in < refresh_expires_in ? Date.now() + expires_in * 1000 : Infinity;
  // The proof against CSRF is the same for the whole session and differs from that of every other one.
  return { id: id ?? csrfToken ?? randomName(), stamp: randomName(), accessToken, csrfToken, expiresAt };
}

function randomName() {
  return crypto.getRandomValues(new Uint32Array(4)).join();
}

function isStream(body) {
  return body instanceof ReadableStream;
}

/** The body, if it is JSON. It can still be read from the response. */
async function jsonOf(response) {
  if (!/\bjson\b/i.test(response.headers.get("Content-Type"))) return null;
  return response.clone().json().catch(() => null);
}

/** What the promise resolves to, or `undefined` after this time. */
function atMost(milliseconds, promise) {
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, milliseconds)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function unlessAborted(signal, promise) {
  return new Promise((resolve, reject) => {
    promise.then(resolve, reject);
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function sessionChanged() {
  const detail = "The session that sent this request has ended or was replaced. Nothing was repeated.";
  const problem = { type: "about:blank", title: "Unauthorized", status: 401, code: "session_changed", detail };
  return new Response(JSON.stringify(problem), { status: 401, headers: { "Content-Type": "application/problem+json" } });
}

/** The error for an answer that decides nothing. */
function outage(what, { status, headers }) {
  const asked = headers.get("Retry-After");
  const seconds = Number(asked ?? NaN);
  const wait = Number.isNaN(seconds) ? Math.ceil((Date.parse(asked) - Date.now()) / 1000) : seconds;
  return new OutageError(`${what} was answered with ${status}`, { status, retryAfter: wait > 0 ? wait : undefined });
}

/** Web Locks; where there are none, as on a page without https, the turns of this page alone. */
let turns = Promise.resolve();
const locks = globalThis.navigator?.locks ?? { request: (_name, _options, run) => (turns = turns.then(run)) };
