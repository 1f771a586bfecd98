/**
 * The session of a page: keeps the access token in memory, and renews it once when a request answers 401.
 *
 * The refresh token is a `__Host-` cookie that no script can read. One tab at a time renews (Web Locks) and tells the others
 * (BroadcastChannel), so that any number of tabs costs one refresh.
 */
export class Session extends EventTarget {
  #base;
  #lock;
  /** Stays `null` while the access token is in a cookie of its own. */
  #accessToken = null;
  #isSignedIn = false;
  #renewals = 0;
  #speaker;
  #heard = new Map();

  /** `base` is where the server's session routes are mounted, such as "/auth". */
  constructor(base = "") {
    super();
    this.#base = base;
    this.#lock = `countersign ${location.origin}${base}`;
    // A channel does not get its own messages. With a second one, a tab knows when the other tabs have got its message.
    this.#speaker = new BroadcastChannel(this.#lock);
    new BroadcastChannel(this.#lock).onmessage = ({ data }) => this.#hear(data);
  }

  get isSignedIn() {
    return this.#isSignedIn;
  }

  /** Takes over the answer of a sign-in. */
  signedIn({ access_token = null }) {
    return this.#tell(true, access_token);
  }

  /** Like `fetch`, with the access token; after a 401 it renews the token and sends the request once more. */
  async fetch(url, init = {}) {
    const renewals = this.#renewals;
    const response = await this.#send(url, init);
    if (response.status !== 401 || !(await this.renew(renewals))) return response;
    return this.#send(url, init);
  }

  /** Renews the access token. Returns whether there is one. Call it when the page loads: the cookie may still be good. */
  renew(known = this.#renewals) {
    return navigator.locks.request(this.#lock, async () => {
      // The tab that held the lock before has renewed it for this tab too.
      if (this.#renewals !== known) return this.isSignedIn;
      const response = await this.#post("/refresh");
      if (response.ok) await this.signedIn(await response.json());
      // Any other answer, such as a 503, leaves the session as it is.
      if (response.status === 400) await this.#tell(false);
      return response.ok;
    });
  }

  /** Ends the session, for every tab. */
  signOut() {
    return navigator.locks.request(this.#lock, async () => {
      const response = await this.#post("/logout");
      if (response.ok) await this.#tell(false);
      return response.ok;
    });
  }

  #post(path) {
    return fetch(this.#base + path, { method: "POST", credentials: "same-origin" });
  }

  #send(url, init) {
    const request = new Request(url, init);
    // The token is for this page's own server.
    if (this.#accessToken !== null && new URL(request.url).origin === location.origin) {
      request.headers.set("Authorization", `Bearer ${this.#accessToken}`);
    }
    return fetch(request);
  }

  #tell(isSignedIn, accessToken = null) {
    const id = crypto.randomUUID();
    const heard = new Promise((resolve) => this.#heard.set(id, resolve));
    this.#speaker.postMessage({ id, isSignedIn, accessToken });
    return heard;
  }

  #hear({ id, isSignedIn, accessToken }) {
    this.#isSignedIn = isSignedIn;
    this.#accessToken = accessToken;
    this.#renewals += 1;
    this.dispatchEvent(new Event("change"));
    this.#heard.get(id)?.();
    this.#heard.delete(id);
  }
}
