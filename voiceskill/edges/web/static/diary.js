// The page Diary: printing.
import { buttons } from "/static/page.js";

buttons();
const print = document.getElementById("print");
print.hidden = false;
print.addEventListener("click", () => window.print());
