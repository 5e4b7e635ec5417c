// The page Set-up: the level of the microphone, sliders that hold at once, and a voice to listen to.
import { buttons, follow, pressed, send } from "/static/page.js";

buttons();

const level = document.getElementById("level");
const fetching = document.getElementById("fetching");
const fetched = document.getElementById("fetched");
const fetchingWords = document.getElementById("fetching-words");

follow("/live/gauges", (scene) => {
  if (level) level.value = scene.level;
  fetching.hidden = !scene.fetching;
  if (!scene.fetching) return;
  const { words, done, total, busy } = scene.fetching;
  fetched.hidden = !busy;
  if (total) {
    fetched.max = total;
    fetched.value = done;
  } else {
    fetched.removeAttribute("value");
  }
  if (fetchingWords.textContent !== words) fetchingWords.textContent = words;
});

for (const slider of document.querySelectorAll('input[type="range"]')) {
  slider.form.querySelector("button").hidden = true;
  slider.addEventListener("change", () => send("/wish", { [slider.name]: slider.value }));
}

const switches = document.querySelectorAll('button[name="hearing"], button[name="quiet"]');
for (const button of switches) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    pressed(button);
    send("/wish", { [button.name]: button.value });
  });
}

// What is changed by voice, or on another screen, is seen here too.
function showSettings(scene) {
  for (const button of switches) {
    const value = scene[button.name === "hearing" ? "hears" : "quiet"] ? "off" : "on";
    if (button.value === value) continue;
    button.value = value;
    button.textContent = button.dataset[value];
  }
  for (const slider of document.querySelectorAll('input[type="range"]')) {
    if (slider !== document.activeElement && slider.name in scene) slider.value = scene[slider.name];
  }
}

const listen = document.getElementById("listen");
listen.hidden = false;
listen.addEventListener("click", async () => {
  listen.disabled = true;
  const answer = await send("/set-up/listen", {
    voice: listen.form.elements.voice.value,
    words_per_minute: listen.form.elements.words_per_minute.value,
  });
  listen.disabled = false;
  if (!answer?.ok) return;
  const sound = new Audio(URL.createObjectURL(await answer.blob()));
  sound.addEventListener("ended", () => URL.revokeObjectURL(sound.src));
  sound.play();
});

const found = document.getElementById("found");
if (found) {
  follow("/live", (scene) => {
    showSettings(scene);
    const lines = scene.found_words ?? [];
    if (lines.join() === [...found.children].map((one) => one.textContent).join()) return;
    found.replaceChildren(...lines.map((line) => {
      const item = document.createElement("li");
      item.textContent = line;
      return item;
    }));
  });
}
