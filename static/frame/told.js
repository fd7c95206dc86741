// What the hub's page tells its scripts: sentences in the visitor's language, and the operator's settings.

/** @typedef {{ words: Record<string, string>, data_mb: number, confirm: boolean, categories?: string[] }} Told */

/** @param {Document} page @returns {Told} */
export function readTold(page) {
  return JSON.parse(page.querySelector("script.told")?.textContent ?? "{}");
}

/**
 * A sentence with its blanks filled in.
 * @param {string} sentence such as "{n} done"
 * @param {Record<string, string | number>} values numbers are written as the page's language does
 */
export function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (blank, name) => {
    const value = values[name];
    return typeof value === "number" ? formatNumber(value) : (value ?? blank);
  });
}

/** @param {number} value @param {Intl.NumberFormatOptions} options */
export function formatNumber(value, options = {}) {
  return value.toLocaleString(document.documentElement.lang || "en", options);
}
