// What the browser tells of the device and the page: battery, connection, hidden tab, pressure. Responsible for
// watching; what follows is for throttle.js. Whatever an engine lacks stays at its easy value.

/** @import { Conditions } from "./throttle.js" */

/** @typedef {EventTarget & { level: number, charging: boolean }} Battery */
/** @typedef {EventTarget & { saveData?: boolean, type?: string }} Connection */
/** @typedef {{ observe(source: string, options: object): Promise<void>, disconnect(): void }} PressureObserver */

const PRESSURE_MS = 1_000;
const METERED = new Set(["cellular", "wimax"]);

/**
 * @param {AbortSignal} signal ends the watch
 * @param {() => void} onChange something is different now
 */
export function watchConditions(signal, onChange) {
  const { connection, getBattery } =
    /** @type {{ connection?: Connection, getBattery?(): Promise<Battery> }} */ (navigator);
  /** @type {Battery | null} */
  let battery = null;
  let pressure = "nominal";
  document.addEventListener("visibilitychange", onChange, { signal });
  connection?.addEventListener?.("change", onChange, { signal });
  getBattery
    ?.call(navigator)
    .then((found) => {
      battery = found;
      for (const type of ["levelchange", "chargingchange"])
        found.addEventListener(type, onChange, { signal });
      onChange();
    })
    .catch(() => {}); // not for frames of other sites, says the browser
  watchPressure(signal, (state) => {
    pressure = state;
    onChange();
  });
  return {
    /** @returns {Omit<Conditions, "bytes">} */
    read: () => ({
      cores: navigator.hardwareConcurrency || 2,
      battery: battery && { level: battery.level, charging: battery.charging },
      metered: Boolean(connection?.saveData) || METERED.has(connection?.type ?? ""),
      hidden: document.visibilityState === "hidden",
    }),
    pressure: () => pressure,
  };
}

/** @param {AbortSignal} signal @param {(state: string) => void} onState */
function watchPressure(signal, onState) {
  const { PressureObserver } =
    /** @type {{ PressureObserver?: new (hear: (records: { state: string }[]) => void) => PressureObserver }} */ (
      /** @type {unknown} */ (globalThis)
    );
  if (!PressureObserver) return;
  try {
    const observer = new PressureObserver((records) => onState(records.at(-1)?.state ?? "nominal"));
    observer.observe("cpu", { sampleInterval: PRESSURE_MS }).catch(() => {});
    signal.addEventListener("abort", () => observer.disconnect());
  } catch {
    // the page's policy denies it
  }
}
