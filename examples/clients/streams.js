/** Opens the event stream and the WebSocket of the example, and shows how they end. */
const shown = (id, text) => (document.getElementById(id).textContent = text);

async function post(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: body ? { "Content-Type": "application/json" } : {},
    body: body && JSON.stringify(body),
  });
  shown("answer", `${path}: ${response.status}`);
}

document.getElementById("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  post("/login", Object.fromEntries(new FormData(event.target)));
});

document.getElementById("sign-out").addEventListener("click", () => post("/auth/logout"));

document.getElementById("open").addEventListener("click", () => {
  const events = new EventSource("/events");
  events.onmessage = ({ data }) => shown("events", `tick ${data}`);
  // The browser asks once more when the stream ends. The refusal of that request closes it for good.
  events.onerror = () => events.readyState === EventSource.CLOSED && shown("events", "refused");

  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/socket`);
  socket.onopen = () => socket.send("hello");
  socket.onmessage = ({ data }) => shown("socket", data);
  socket.onclose = ({ code, reason }) => shown("socket", `${code} ${reason}`);
});
