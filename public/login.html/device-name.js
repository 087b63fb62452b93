// The first that fits names it: browsers pretend to be those further down.
/** @type {[RegExp, string][]} */
const BROWSERS = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Headless)?Chrome\/|\bCriOS\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];

/** @type {[RegExp, string][]} */
const SYSTEMS = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

/**
 * A user agent in words, such as "Firefox on Windows". Programs that are no browsers name themselves first.
 *
 * @param {string} userAgent
 */
export function deviceName(userAgent) {
  const browser = nameIn(BROWSERS, userAgent) ?? userAgent.split(/[/ ]/, 1)[0]?.slice(0, 40);
  const system = nameIn(SYSTEMS, userAgent);
  if (!browser) return 'Unknown device';
  return system === undefined ? browser : `${browser} on ${system}`;
}

/** @param {[RegExp, string][]} names @param {string} userAgent */
function nameIn(names, userAgent) {
  return names.find(([pattern]) => pattern.test(userAgent))?.[1];
}
