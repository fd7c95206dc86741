// What a visitor has chosen: how much to give, when, and to which kinds of jobs. Pure.
// Not responsible for keeping it (memory.js) or for what follows from it (throttle.js).

/**
 * @typedef {object} Choices
 * @property {number | null} cores most workers at a time; null: all cores but one
 * @property {number} share most part of their time, 0.1 to 1
 * @property {number} dataMb most data in an hour
 * @property {number} batteryAbove on battery: works while it is charged over so many percent; 100: rests
 * @property {boolean} hidden goes on in a hidden tab
 * @property {boolean} metered works on metered connections and in data-saver mode
 * @property {string[] | null} categories kinds of jobs to help; null: all
 */

/**
 * @param {{ dataMb: number, mobile: boolean }} of the operator's word, and whether hidden pages are frozen here
 * @returns {Choices}
 */
export function defaultChoices({ dataMb, mobile }) {
  return {
    cores: null,
    share: 0.5,
    dataMb,
    batteryAbove: 50,
    hidden: !mobile,
    metered: false,
    categories: null,
  };
}

/**
 * What was kept, as far as it makes sense; defaults for the rest.
 * @param {Record<string, unknown> | null} kept
 * @param {Choices} defaults
 * @returns {Choices}
 */
export function readChoices(kept, defaults) {
  /** @param {string} name @param {number} least @param {number} most @param {number} otherwise */
  const number = (name, least, most, otherwise) => {
    const value = kept?.[name];
    return typeof value === "number" && value >= least && value <= most ? value : otherwise;
  };
  /** @param {string} name @param {boolean} otherwise */
  const flag = (name, otherwise) => {
    const value = kept?.[name];
    return typeof value === "boolean" ? value : otherwise;
  };
  const categories = kept?.["categories"];
  return {
    cores: number("cores", 1, 4096, 0) || defaults.cores,
    share: number("share", 0.1, 1, defaults.share),
    dataMb: number("dataMb", 1, 1e6, defaults.dataMb),
    batteryAbove: number("batteryAbove", 0, 100, defaults.batteryAbove),
    hidden: flag("hidden", defaults.hidden),
    metered: flag("metered", defaults.metered),
    categories: Array.isArray(categories) ? categories.map(String) : defaults.categories,
  };
}

/**
 * The kinds of jobs that both the visitor and the site help.
 * @param {string[] | null} visitor null: all
 * @param {string[]} site empty: all
 * @returns {string[] | null}
 */
export function agreedCategories(visitor, site) {
  if (!site.length) return visitor;
  return visitor ? site.filter((category) => visitor.includes(category)) : site;
}
