import t from 'tap';
import { headerValue } from '../../../src/http/header-value.ts';

const cases: [text: string, value: string][] = [
  ['ann', 'ann'],
  ['ann@example.org', 'ann@example.org'],
  ['{"a":1}', '{"a":1}'],
  ['a b', 'a%20b'],
  ['100%', '100%25'],
  ['%41', '%2541'],
  ['ü', '%C3%BC'],
  ['漢🎉', '%E6%BC%A2%F0%9F%8E%89'],
  ['a\r\nset-cookie: x', 'a%0D%0Aset-cookie:%20x'],
  ['\u0000\u007f', '%00%7F'],
];

for (const [text, value] of cases) {
  t.test(`${JSON.stringify(text)} is sent as ${value}`, async (t) => {
    t.equal(headerValue(text), value);
    t.equal(decodeURIComponent(value), text);
  });
}
