/** The session of a page that talks to a Countersign server. */
export class Session {
  /**
   * @param base Where the server's session routes are mounted: `"/auth"`, or `"https://api.example.com/auth"` for an API on
   * another origin that trusts this page's. Tokens go to its origin and to the `trustedOrigins`, and to no other.
   */
  constructor(base?: string, options?: SessionOptions);

  /** Whether this page knows of a session: `false` until the first renewal or sign-in, and after a sign-out. */
  get isSignedIn(): boolean;

  /**
   * As `fetch`, with the access token. A request that is refused for its token is sent again after one renewal, unless its
   * body is a stream; then the answer is the 401, and the next request has the new token.
   *
   * - It rejects with an {@link OutageError} if that renewal was not decided.
   * - Its answer is a 401 with the code `session_changed`, and nothing is sent again, if the session of the request has been
   *   replaced meanwhile.
   * - A request to another origin, with an `Authorization` of its own, or with `credentials: "omit"` is sent as it is.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;

  /**
   * Renews the tokens, for every tab. Returns whether there is a session. Call it when the page loads: the cookie may still be
   * good. It rejects with an {@link OutageError} if the server did not decide; then the session is kept.
   */
  renew(): Promise<boolean>;

  /**
   * Sends a sign-in, as `fetch`, and takes over its session for every tab. Returns the answer. A refusal, such as a wrong
   * password, changes nothing. After an answer without tokens, such as a redirect, it asks the server whose session the cookie
   * holds now.
   */
  signIn(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;

  /**
   * Takes over the answer of a sign-in that the page sent itself. {@link signIn} is better: no other tab renews the session
   * from before while it waits.
   */
  signedIn(answer?: TokenAnswer): Promise<void>;

  /**
   * Sends a reauthentication, as `fetch`, and takes over the new tokens of the same session. Returns the answer. A wrong
   * password is one attempt; an access token that has expired is renewed first.
   */
  reauthenticate(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;

  /**
   * Ends the session, for every tab. Returns `false` if another session had begun meanwhile, which goes on. It rejects with an
   * {@link OutageError} if the server did not end the session.
   */
  signOut(): Promise<boolean>;

  /** Calls `listener` with every event. Returns a function that stops it. */
  subscribe(listener: (event: SessionEvent) => void): () => void;
}

export interface SessionOptions {
  /** Further origins that take the access token, such as `"https://files.example.com"`. */
  trustedOrigins?: Iterable<string>;
  /** Limits each request of the session itself, such as a renewal, in milliseconds; 10,000 unless set. */
  networkTimeout?: number;
  /** Limits the wait for another tab, which may be frozen, in milliseconds; 5,000 unless set. */
  lockTimeout?: number;
}

/** The answer of the server that gives tokens. */
export interface TokenAnswer {
  /** Missing where the access token is in a cookie too. */
  access_token?: string;
  csrf_token?: string;
  /** In seconds. */
  expires_in?: number;
  /** In seconds: when the session ends. A renewal that cannot outlive it is left out. */
  refresh_expires_in?: number;
}

export type SessionEvent =
  /** A session begins, also in place of another one: show its user. */
  | { type: "signed_in" }
  /** The session was `"signed_out"` by its user, or has `"ended"`, as the server says. */
  | { type: "signed_out"; reason: "signed_out" | "ended" }
  /** A renewal was not decided. The session is kept. */
  | { type: "outage"; error: OutageError };

/** The server did not decide: it cannot be reached, is too slow, or answers with an error. The session is kept. */
export class OutageError extends Error {
  constructor(message: string, details?: { status?: number; retryAfter?: number; cause?: unknown });
  name: "OutageError";
  /** The status of the answer, if there was one. */
  status: number | undefined;
  /** How long the server asks to wait, in seconds. Until then no renewal is sent. */
  retryAfter: number | undefined;
}
