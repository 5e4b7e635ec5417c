// What all pages share: sending what a button means, following the device, and day and night.

let csrf = document.querySelector('meta[name="csrf"]').content;
const trouble = document.getElementById("trouble");

export function tell(words) {
  if (!trouble) return;
  trouble.textContent = words || "";
  trouble.hidden = !words;
}

async function again() {
  // The device was started anew, or we are no longer connected: what we know is too old.
  location.reload();
}

async function post(path, fields) {
  return fetch(path, {
    method: "POST",
    headers: { "X-CSRF-Token": csrf, "X-Requested-With": "fetch" },
    body: new URLSearchParams(fields),
    keepalive: true,
  });
}

export async function send(path, fields = {}) {
  try {
    let answer = await post(path, fields);
    if (answer.status === 403) {
      // The page is older than our visit. What was pressed is done all the same.
      csrf = (await (await fetch(location.href)).text()).match(/name="csrf" content="(\w+)"/)?.[1] ?? csrf;
      answer = await post(path, fields);
    }
    if (answer.status === 401) return again();
    tell(answer.ok ? "" : await answer.text());
    return answer;
  } catch {
    tell("The device cannot be reached. Use your voice.");
  }
}

export function pressed(button) {
  button.classList.add("pressed");
  setTimeout(() => button.classList.remove("pressed"), 250);
}

// A finger that comes down is enough: nobody should have to aim twice. The click that follows is for keyboards and screen readers.
export function buttons(root = document) {
  for (const button of root.querySelectorAll("button[data-press]")) {
    const press = () => {
      pressed(button);
      send(`/press/${button.dataset.press}`);
    };
    let down = -Infinity;
    button.addEventListener("pointerdown", (event) => {
      if (!event.isPrimary || event.button !== 0) return;
      down = event.timeStamp;
      press();
    });
    button.addEventListener("click", (event) => {
      event.preventDefault();
      if (event.timeStamp - down > 1500) press();
      down = -Infinity;
    });
  }
}

export function follow(path, show, lost = () => {}) {
  const source = new EventSource(path);
  let wait = 0;
  source.onmessage = (message) => {
    clearTimeout(wait);
    const scene = JSON.parse(message.data);
    if (scene.run !== document.documentElement.dataset.run) return again();
    if ("night" in scene) document.documentElement.className = scene.night ? "night" : "day";
    tell("");
    show(scene);
  };
  source.onerror = () => {
    lost();
    if (source.readyState !== EventSource.CLOSED) return;
    wait = setTimeout(() => follow(path, show, lost), 2000);
  };
}
