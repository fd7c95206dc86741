// The frame of a page that may not embed the hub: tells the page's loader why, and does nothing else.

const code = document.querySelector("meta[name=owc-refusal]")?.getAttribute("content") ?? "";
const message = document.querySelector(".reason")?.textContent ?? "";
if (window.parent !== window) window.parent.postMessage({ owc: 1, type: "error", code, message }, "*");
