import { createTokenCodec } from '../../src/session/token.ts';

/** Tokens made out of a genuine one, or of nothing, that must be worth nothing. */
export function worthless(token: string): Record<string, string> {
  const [sessionId, generation, mac] = token.split('.') as [string, string, string];
  const other = (text: string, at: number) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
  const foreign = createTokenCodec(['a secret of another service, 32 characters']);
  return {
    'another session id': `${other(sessionId, 10)}.${generation}.${mac}`,
    'another shard': `${sessionId.startsWith('00') ? '01' : '00'}${sessionId.slice(2)}.${generation}.${mac}`,
    'another generation': `${sessionId}.2.${mac}`,
    'a generation with a zero before it': `${sessionId}.01.${mac}`,
    'a first character of the mac': `${sessionId}.${generation}.${other(mac, 0)}`,
    'a last character of the mac': `${sessionId}.${generation}.${other(mac, mac.length - 1)}`,
    'one character less': token.slice(0, -1),
    'one character more': `${token}A`,
    'a padded mac': `${token}=`,
    'no mac': `${sessionId}.${generation}.`,
    'no more than the session id': sessionId,
    'nothing but points': '..',
    'an empty one': '',
    'an invented one': 'let-me-in',
    'a key of another service': foreign.issue({ sessionId, generation: 1 }),
    'ten thousand characters': 'x'.repeat(10_000),
    'quotes around it': `"${token}"`,
  };
}
