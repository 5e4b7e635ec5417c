// Pages with nothing but Stop.
import { buttons } from "/static/page.js";

buttons();
