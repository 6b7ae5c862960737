// Who comes: straight to a page, or through the door with a key, and on to other pages with it.

let leaving = new AbortController(); // of what listens to the window for the page that is shown

function arrive(key) {
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

// Put another page in place of this one; whether the key opened it.
async function enter(url, key) {
  const answer = await fetch(url, { headers: { Accept: "text/html", Authorization: `Bearer ${key}` } });
  if (!answer.ok) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.title = page.title;
  document.querySelector("style").replaceWith(document.adoptNode(page.querySelector("style")));
  document.body.replaceWith(document.adoptNode(page.body)); // its scripts do not run again
  arrive(key);
  document.querySelector("h1").focus();
  byId(location.hash.slice(1))?.scrollIntoView();
  return true;
}

// A link cannot send a key, so links from page to page are followed here.
function wander(key) {
  let shown = location.pathname;
  const go = async (url) => {
    shown = url.pathname;
    if (!await enter(url, key).catch(() => false)) location.reload();
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

function knock() {
  const door = byId("door");
  door.hidden = false;
  door.addEventListener("submit", async (event) => {
    event.preventDefault();
    const key = byId("key").value;
    try {
      if (await enter(location.href, key)) wander(key);
      else byId("refused").textContent = "That key does not open it.";
    } catch { byId("refused").textContent = "The service cannot be reached, or this is no key."; }
  });
  byId("key").focus();
}

if (byId("door")) knock();
else arrive(null);
