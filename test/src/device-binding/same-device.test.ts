import t from 'tap';
import { isSameDevice } from '../../../src/device-binding/same-device.ts';

const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome';
const agents = {
  chrome: `${windows}/126.0.0.0 Safari/537.36`,
  nextChrome: `${windows}/131.0.0.0 Safari/537.36`,
  edge: `${windows}/131.0.0.0 Safari/537.36 Edg/131.0.0.0`,
  macChrome:
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  androidChrome:
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36',
  nextAndroidChrome:
    'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Mobile Safari/537.36',
  firefox: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0',
  nextFirefox: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0',
  linuxFirefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0',
  iphone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
  nextIphone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
  macSafari:
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15',
};

const pairs: [title: string, known: string, seen: string, same: boolean][] = [
  ['Chrome after an update', agents.chrome, agents.nextChrome, true],
  ['Chrome before an update', agents.nextChrome, agents.chrome, true],
  ['Chrome and Firefox', agents.chrome, agents.firefox, false],
  ['Chrome and Edge', agents.nextChrome, agents.edge, false],
  ['Chrome on Windows and on macOS', agents.nextChrome, agents.macChrome, false],
  ['Chrome on Windows and on Android', agents.nextChrome, agents.androidChrome, false],
  ['Chrome on Android after an update of both', agents.androidChrome, agents.nextAndroidChrome, true],
  ['Firefox after an update', agents.firefox, agents.nextFirefox, true],
  ['Firefox on Windows and on Linux', agents.nextFirefox, agents.linuxFirefox, false],
  ['Safari on iOS after an update', agents.iphone, agents.nextIphone, true],
  ['Safari on iOS and on macOS', agents.nextIphone, agents.macSafari, false],
  ['an iPhone and an Android phone', agents.iphone, agents.androidChrome, false],
  ['two versions of curl', 'curl/7.88.1', 'curl/8.5.0', true],
  ['curl and a browser', 'curl/8.5.0', agents.chrome, false],
  ['curl and wget', 'curl/8.5.0', 'Wget/1.21.4', false],
  ['two versions of an app', 'Shop/5.1 (build 12)', 'Shop/6.0 (build 40)', true],
  ['two apps', 'Shop/5.1', 'Bank/5.1', false],
  ['no user agent known at the start', '', agents.chrome, true],
  ['no user agent known, none seen', '', '', true],
  ['a browser that no longer sends a user agent', agents.chrome, '', false],
  ['the same garbage', '(((/ü\u0000', '(((/ü\u0000', true],
  ['garbage and a browser', agents.chrome, '(((/ü\u0000', false],
  ['garbage and other garbage', 'constructor', '__proto__', false],
  ['a known browser with 512 more characters', `${agents.chrome} ${'x'.repeat(512)}`, agents.nextChrome, true],
  ['512 characters without meaning', 'x'.repeat(512), agents.chrome, false],
];

for (const [title, userAgent, seen, same] of pairs) {
  t.test(`${same ? 'the same device' : 'another device'}: ${title}`, async (t) => {
    t.equal(isSameDevice({ ip: '', userAgent }, { ip: '', userAgent: seen }, { network: true }), same);
  });
}

const networks: [known: string, seen: string, same: boolean][] = [
  ['192.0.2.1', '192.0.2.1', true],
  ['192.0.2.1', '192.0.2.254', true],
  ['192.0.2.1', '192.0.3.1', false],
  ['192.0.2.1', '::ffff:192.0.2.9', true],
  ['::ffff:192.0.2.1', '192.0.2.9', true],
  ['::ffff:192.0.2.1', '::ffff:192.0.2.9', true],
  ['::ffff:192.0.2.1', '::ffff:c000:209', true],
  ['::ffff:192.0.2.1', '::ffff:203.0.113.9', false],
  ['::ffff:192.0.2.1', '203.0.113.9', false],
  ['2001:db8:0:100::1', '2001:db8:0:1ff:ffff:ffff:ffff:ffff', true],
  ['2001:db8:0:100::1', '2001:db8:0:200::1', false],
  ['2001:DB8::1', '2001:db8:0:0:0:0:0:2', true],
  ['2001:db8::1', '192.0.2.1', false],
  ['192.0.2.1', '2001:db8::1', false],
  ['::1', '127.0.0.1', false],
  ['fe80::1%eth0', 'fe80::2%eth1', true],
  ['', '192.0.2.1', true],
  ['no address', '192.0.2.1', true],
  ['192.0.2.1', 'no address', false],
  ['192.0.2.1', '', false],
];

for (const [known, seen, same] of networks) {
  t.test(`${seen || 'nothing'} is ${same ? 'in' : 'outside'} the network of ${known || 'nothing'}`, async (t) => {
    const compare = (network: boolean) =>
      isSameDevice({ ip: known, userAgent: 'x' }, { ip: seen, userAgent: 'x' }, { network });
    t.equal(compare(true), same);
    t.equal(compare(false), true, 'and looked at on BINDING_NETWORK alone');
  });
}
