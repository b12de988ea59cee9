/** Tells of what comes by a sound, and by a notification of the desktop, where the reader chose that in this browser. */

import { forgivingStorage } from "./push/live/storage.js";

const KEPT = "alerts";
const APART_MS = 2000; // between two of them: many may come at once
const VISIBLE = "page is visible";
const TONES = [
  [0, 660],
  [0.11, 880],
]; // seconds, hertz
const storage = forgivingStorage(() => localStorage);

export class Alerts {
  #audio = null;
  #last = -Infinity;
  #hide = null;

  constructor() {
    document.addEventListener("visibilitychange", () => this.#hold());
    this.#hold();
  }

  get sound() {
    return read().sound === true;
  }

  get desktop() {
    return read().desktop === true && "Notification" in window && Notification.permission === "granted";
  }

  /** Play it once, so that the reader knows it. */
  setSound(isOn) {
    keep({ sound: isOn });
    if (isOn) this.#play();
  }

  /** Ask the browser first. Resolve to whether it is on now. */
  async setDesktop(isOn) {
    const isAllowed = isOn && (await Notification.requestPermission()) === "granted";
    keep({ desktop: isAllowed });
    return isAllowed;
  }

  /** Tell of a notification: `open()` is called with a click on it. One tab does it for all. */
  async tell(id, text, open) {
    const [hasSound, hasDesktop] = [this.sound && navigator.userActivation?.hasBeenActive !== false, this.desktop];
    if (!(hasSound || hasDesktop) || performance.now() - this.#last < APART_MS) return;
    this.#last = performance.now();
    if (hasSound) once(`sound ${id}`, () => this.#play());
    if (hasDesktop && !(await isVisibleSomewhere())) once(`desktop ${id}`, () => show(text, open));
  }

  /** A tab that is looked at shows a toast, or the list. The lock tells the other tabs. */
  #hold() {
    this.#hide?.();
    this.#hide = null;
    if (document.hidden) return;
    const hidden = new Promise((resolve) => (this.#hide = resolve));
    navigator.locks?.request(VISIBLE, { mode: "shared" }, () => hidden);
  }

  #play() {
    const audio = (this.#audio ??= new AudioContext());
    for (const [after, pitch] of TONES) {
      const from = audio.currentTime + after;
      const volume = new GainNode(audio, { gain: 0.15 });
      volume.gain.setValueAtTime(0.15, from);
      volume.gain.exponentialRampToValueAtTime(0.001, from + 0.3);
      const tone = new OscillatorNode(audio, { frequency: pitch });
      tone.connect(volume).connect(audio.destination);
      tone.start(from);
      tone.stop(from + 0.3);
    }
  }
}

/** Only one tab does it. Without locks, those do that are looked at. */
function once(name, action) {
  if (!navigator.locks) return document.hidden || action();
  return navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
    if (lock === null) return;
    action();
    await new Promise((resolve) => setTimeout(resolve, APART_MS));
  });
}

async function isVisibleSomewhere() {
  if (!document.hidden) return true;
  const { held } = (await navigator.locks?.query()) ?? { held: [] };
  return held.some(({ name }) => name === VISIBLE);
}

/** Phones have no such notifications outside of a service worker. */
function show(text, open) {
  try {
    const shown = new Notification("Toutiao", { body: text, tag: "live", renotify: true, icon: document.getElementById("icon").href });
    shown.onclick = () => {
      window.focus();
      shown.close();
      open();
    };
  } catch {
    keep({ desktop: false });
  }
}

function read() {
  return JSON.parse(storage.getItem(KEPT) ?? "{}");
}

function keep(changes) {
  storage.setItem(KEPT, JSON.stringify({ ...read(), ...changes }));
}
