// One stream of hints for the whole browser. A hint says "look again at cases", never what changed,
// so lost, doubled or re-ordered hints do no harm. The tab that holds the lock listens and passes
// hints on; when it goes, another one takes over and starts with a resync. Where locks are missing
// (plain http on a network) each visible tab listens for itself and hidden ones let go, because
// browsers allow six connections per host.
const LADDER_MS = [1000, 2000, 5000, 10000];
const SILENCE_MS = 45000;
const SHOW_AFTER_MS = 2000;
const POLL_MS = 30000;

export function startLive(refresh) {
  const bar = staleBar(refresh);
  const hear = (message) => {
    if (message.type === "up") bar.up();
    else if (message.type === "down") bar.down();
    else if (message.type === "hint") refresh.hint(message.topic);
  };
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("jinmu-live") : null;
  if (channel && navigator.locks) share(channel, hear);
  else listenWhileVisible(hear);
}

function share(channel, hear) {
  let leading = false;
  let up = false;
  const tell = (message) => {
    if (message.type !== "hint") up = message.type === "up";
    hear(message);
    channel.postMessage(message);
  };
  channel.addEventListener("message", (event) => {
    if (event.data.type !== "who") hear(event.data);
    else if (leading) channel.postMessage({ type: up ? "up" : "down" });
  });
  channel.postMessage({ type: "who" });
  navigator.locks.request("jinmu-live", () => {
    leading = true;
    const close = listen(tell);
    // A page kept in the back-forward cache must not keep the lock.
    return new Promise((release) => {
      window.addEventListener("pagehide", () => {
        close();
        release();
      });
    });
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload();
  });
}

function listenWhileVisible(hear) {
  let close = null;
  const adjust = () => {
    if (document.hidden && close) {
      close();
      close = null;
    } else if (!document.hidden && !close) close = listen(hear);
  };
  document.addEventListener("visibilitychange", adjust);
  window.addEventListener("pagehide", () => close && close());
  adjust();
}

// Listens for ever: opens again after every loss and after silence (the server pings), and treats
// each connection as a reason to look at everything again.
function listen(tell) {
  let source = null;
  let timer = 0;
  let watchdog = 0;
  let failures = 0;
  let closed = false;
  let pinged = false;
  const alive = () => {
    clearTimeout(watchdog);
    if (pinged) watchdog = setTimeout(lost, SILENCE_MS);
  };
  const open = () => {
    source = new EventSource("/events");
    pinged = false;
    alive();
    source.addEventListener("ping", () => {
      pinged = true;
      alive();
    });
    source.addEventListener("resync", () => {
      alive();
      failures = 0;
      tell({ type: "up" });
      tell({ type: "hint", topic: "*" });
    });
    source.addEventListener("changed", (event) => {
      alive();
      const hint = parse(event.data);
      if (hint) tell({ type: "hint", topic: hint.topic });
    });
    source.addEventListener("error", lost);
  };
  const lost = () => {
    if (closed) return;
    source.close();
    clearTimeout(watchdog);
    clearTimeout(timer);
    tell({ type: "down" });
    const wait = LADDER_MS[Math.min(failures, LADDER_MS.length - 1)];
    failures += 1;
    timer = setTimeout(open, wait * (0.8 + 0.4 * Math.random()));
  };
  open();
  return () => {
    closed = true;
    clearTimeout(timer);
    clearTimeout(watchdog);
    source.close();
  };
}

function parse(text) {
  try {
    const hint = JSON.parse(text);
    return typeof hint.topic === "string" ? hint : null;
  } catch {
    return null;
  }
}

// The yellow bar: how long the line is down and how old the data is. A silently frozen screen is
// the worst failure of a control room.
function staleBar(refresh) {
  const bar = document.getElementById("stale");
  const text = document.getElementById("stale-text");
  const lamp = document.getElementById("live-lamp");
  const word = lamp.querySelector("[data-on]");
  let since = Date.now();
  let up = null;
  let polled = Date.now();
  const setLamp = (state) => {
    lamp.dataset.state = state;
    word.textContent = state === "on" ? word.dataset.on : word.dataset.connecting;
  };
  const tick = () => {
    const age = Date.now() - since;
    if (up === true || age < SHOW_AFTER_MS) return;
    bar.hidden = false;
    lamp.dataset.state = "off";
    text.textContent = bar.dataset.text
      .replace("{age}", minutes(age))
      .replace("{time}", clock(refresh.freshAt()));
    if (Date.now() - polled >= POLL_MS) {
      polled = Date.now();
      refresh.now();
    }
  };
  setInterval(tick, 1000);
  return {
    up() {
      up = true;
      bar.hidden = true;
      setLamp("on");
    },
    down() {
      if (up === false) return;
      up = false;
      since = Date.now();
      setLamp("connecting");
    },
  };
}

const pad = (number) => String(number).padStart(2, "0");

function minutes(age) {
  const seconds = Math.floor(age / 1000);
  return `${pad(Math.floor(seconds / 60))}:${pad(seconds % 60)}`;
}

const shanghai = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Shanghai", timeStyle: "medium" });
const clock = (moment) => shanghai.format(moment);
