// The page Start: one tap, and a box to find a question by its words.
import { buttons, pressed, send } from "/static/page.js";

buttons();

for (const button of document.querySelectorAll("button[name=ask]")) {
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    pressed(button);
    const answer = await send("/wish", { ask: button.value });
    if (answer?.ok) location.assign("/");
  });
}

const find = document.getElementById("find");
find.closest("p").hidden = false;
find.addEventListener("input", () => {
  const wanted = find.value.toLowerCase().split(/\s+/);
  for (const item of document.querySelectorAll(".questions li")) {
    const text = item.textContent.toLowerCase();
    item.hidden = !wanted.every((word) => text.includes(word));
  }
});
