import { Session } from "/countersign.js";

// On the window, for use in the console.
const session = (window.session = new Session("/auth"));
const element = (id) => document.getElementById(id);
const show = (text) => (element("answer").textContent = text);

session.addEventListener("change", () => {
  element("state").textContent = session.isSignedIn ? "signed in" : "signed out";
});

element("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const response = await fetch("/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(Object.fromEntries(new FormData(event.target))),
  });
  if (response.ok) await session.signedIn(await response.json());
  show(response.ok ? "welcome" : `refused: ${response.status}`);
});

element("me").addEventListener("click", async () => {
  const response = await session.fetch("/me");
  show(`${response.status} ${await response.text()}`);
});

element("sign-out").addEventListener("click", () => session.signOut());

if (!(await session.renew())) element("state").textContent = "signed out";
