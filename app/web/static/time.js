/** Times as people write them. */

const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** Return how long ago a date was; "just now" below a minute, also when clocks differ a little. */
export function ago(date) {
  const seconds = (Date.now() - date.getTime()) / 1000;
  const unit = UNITS.find(([, size]) => seconds >= size);
  return unit ? RELATIVE.format(-Math.floor(seconds / unit[1]), unit[0]) : "just now";
}
