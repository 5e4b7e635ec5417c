// The page Diary: the chart's latest days first, and printing.
import { buttons } from "/static/page.js";

buttons();
const chart = document.querySelector(".scroll");
chart.scrollLeft = chart.scrollWidth; // the latest, where not all of it fits

const print = document.getElementById("print");
print.hidden = false;
print.addEventListener("click", () => window.print());
