/**
 * Returns a text as the value of a header: printable ASCII stays, everything else and `%` is percent-encoded as UTF-8.
 * No user name can break a header, and `decodeURIComponent` restores it.
 */
export function headerValue(text: string): string {
  for (let i = 0; i < text.length; i += 1) {
    if (!isPlain(text.charCodeAt(i))) return text.replace(/[^\x21-\x24\x26-\x7e]+/g, encodeURIComponent);
  }
  // Most names: a call of `replace` would take twice as long.
  return text;
}

function isPlain(code: number): boolean {
  return code > 0x20 && code < 0x7f && code !== 0x25;
}
