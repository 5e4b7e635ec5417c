// The page Set-up: the level of the microphone, sliders that hold at once, and a voice to listen to.
import { buttons, follow, send } from "/static/page.js";

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
    const lines = scene.found_words ?? [];
    if (lines.join() === [...found.children].map((one) => one.textContent).join()) return;
    found.replaceChildren(...lines.map((line) => {
      const item = document.createElement("li");
      item.textContent = line;
      return item;
    }));
  });
}
