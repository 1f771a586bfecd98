import { OutageError, Session } from "/countersign.js";

// On the window, for use in the console.
const session = (window.session = new Session("/auth"));
const element = (id) => document.getElementById(id);
const show = (text) => (element("answer").textContent = text);
const state = (text) => (element("state").textContent = text);

session.subscribe((event) => {
  if (event.type === "signed_in") state("signed in");
  if (event.type === "signed_out") state("signed out");
});

/** Does what a button says. An outage is no sign-out: the session goes on. */
const act = (work) => work().catch((error) => show(error instanceof OutageError ? "try again later" : error.message));

element("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  act(async () => {
    const response = await session.signIn("/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(Object.fromEntries(new FormData(event.target))),
    });
    show(response.ok ? "welcome" : `refused: ${response.status}`);
  });
});

element("me").addEventListener("click", () => {
  act(async () => {
    const response = await session.fetch("/me");
    show(`${response.status} ${await response.text()}`);
  });
});

element("sign-out").addEventListener("click", () => act(() => session.signOut()));

act(() => session.renew());
