/** Times and days as people of a language write them. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const UNITS = [
  ["day", DAY],
  ["hour", HOUR],
  ["minute", MINUTE],
];

export class Times {
  #short;
  #long;
  #exact;
  #date;
  #dateWithYear;
  #day;
  #dayWithYear;

  constructor(language) {
    this.#short = Object.fromEntries(
      UNITS.map(([unit]) => [unit, new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "narrow" })]),
    );
    this.#long = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
    const format = (options) => new Intl.DateTimeFormat(language, options);
    this.#exact = format({ dateStyle: "full", timeStyle: "short" });
    this.#date = format({ month: "short", day: "numeric" });
    this.#dateWithYear = format({ year: "numeric", month: "short", day: "numeric" });
    this.#day = format({ weekday: "long", month: "long", day: "numeric" });
    this.#dayWithYear = format({ weekday: "long", year: "numeric", month: "long", day: "numeric" });
  }

  /** Return how long ago it was, as short as it can be; after a week, the date. */
  ago(date) {
    const seconds = secondsSince(date);
    if (seconds >= WEEK) return (isThisYear(date) ? this.#date : this.#dateWithYear).format(date);
    const found = unitOf(seconds);
    return found ? this.#short[found.unit].format(found.count) : this.#long.format(0, "second");
  }

  /** Return the same in words, for those who hear it. */
  inWords(date) {
    const found = unitOf(secondsSince(date));
    return found ? this.#long.format(-found.count, found.unit) : this.#long.format(0, "second");
  }

  exact(date) {
    return this.#exact.format(date);
  }

  /** Return the heading of a day: "today", "yesterday", and before that the date. */
  day(date) {
    const days = Math.round((startOfDay(new Date()) - startOfDay(date)) / (DAY * 1000));
    if (days === 0 || days === 1) return this.#long.format(-days, "day");
    return (isThisYear(date) ? this.#day : this.#dayWithYear).format(date);
  }
}

/** Return a key for the day of a date in the reader's own time zone. */
export function dayKey(date) {
  return startOfDay(date).getTime();
}

/** Below a minute it is now, also when clocks differ a little. */
function unitOf(seconds) {
  const found = UNITS.find(([, size]) => seconds >= size);
  return found && { unit: found[0], count: Math.floor(seconds / found[1]) };
}

function secondsSince(date) {
  return (Date.now() - date.getTime()) / 1000;
}

function isThisYear(date) {
  return date.getFullYear() === new Date().getFullYear();
}

function startOfDay(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}
