// Keeps the parts of a page up to date that the server can send again. The server escapes what it sends.

for (const part of document.querySelectorAll("[data-live]")) {
  const stream = new EventSource(part.dataset.live);
  stream.onmessage = (event) => {
    // What somebody is reading or has focused inside stays until they are done.
    if (part.contains(document.activeElement) && document.activeElement !== document.body) return;
    part.innerHTML = event.data;
  };
  addEventListener("pagehide", () => stream.close());
}
