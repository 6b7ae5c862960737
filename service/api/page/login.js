// Start the page; or log in with a key, and load this page and those it links to with the key.

let leaving = new AbortController(); // removes the window listeners of the previous page

function startPage(key) {
  leaving.abort();
  leaving = new AbortController();
  for (const place of document.querySelectorAll(".address")) place.textContent = address;
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await copyText(byId(button.dataset.copy).textContent);
      button.firstChild.data = "Copied";
      setTimeout(() => { button.firstChild.data = "Copy"; }, 1500);
    });
  }
  if (byId("app")) start(key, leaving.signal);
}

// Replace the content by another page. Returns whether the key was accepted.
async function loadPage(url, key) {
  const response = await fetch(url, { headers: { Accept: "text/html", Authorization: `Bearer ${key}` } });
  if (!response.ok) return false;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  document.title = page.title;
  document.querySelector("style").replaceWith(document.adoptNode(page.querySelector("style")));
  document.body.replaceWith(document.adoptNode(page.body)); // its scripts do not run again
  startPage(key);
  document.querySelector("h1").focus();
  byId(location.hash.slice(1))?.scrollIntoView();
  return true;
}

// A link cannot send a key, so the script follows links between pages.
function followLinks(key) {
  let shown = location.pathname;
  const go = async (url) => {
    shown = url.pathname;
    if (!await loadPage(url, key).catch(() => false)) location.reload();
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-page]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState(null, "", link.href);
    go(new URL(link.href));
  });
  addEventListener("popstate", () => { if (location.pathname !== shown) go(new URL(location.href)); });
}

function showLogin() {
  const login = byId("login");
  login.hidden = false;
  login.addEventListener("submit", async (event) => {
    event.preventDefault();
    const key = byId("key").value;
    try {
      if (await loadPage(location.href, key)) followLinks(key);
      else byId("refused").textContent = "This key is not valid.";
    } catch { byId("refused").textContent = "The service cannot be reached, or the key contains invalid characters."; }
  });
  byId("key").focus();
}

if (byId("login")) showLogin();
else startPage(null);
