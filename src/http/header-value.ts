/**
 * A text as the value of a header: printable ASCII stays, all else and `%` is percent-encoded as UTF-8, so that no
 * user's name can break a header and `decodeURIComponent` gives it back.
 */
export function headerValue(text: string): string {
  return text.replace(/[^\x21-\x24\x26-\x7e]+/g, encodeURIComponent);
}
