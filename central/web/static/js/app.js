// Entry of every page: wires the modules to what the server has put on it.
import { startAges } from "./ages.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startNotices } from "./notices.js";
import { startParts } from "./parts.js";
import { startRefresh } from "./refresh.js";

startAges();
startKeys();
startNotices();
if (document.getElementById("live-lamp")) {
  const refresh = startRefresh();
  const parts = startParts();
  const hint = (topic) => [refresh, parts].forEach((one) => one.hint(topic));
  startLive({ ...refresh, hint });
}
