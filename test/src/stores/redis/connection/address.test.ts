import t from 'tap';
import { describeRedis, parseRedisUrl } from '../../../../../src/stores/redis/connection/address.ts';

const plain = { cluster: false, sentinel: undefined, tls: false, username: undefined, password: undefined, db: 0 };
const nobody = { username: undefined, password: undefined };

const good: [url: string, address: object, shown: string][] = [
  ['redis://h', { ...plain, nodes: [{ host: 'h', port: 6379 }] }, 'Redis at h:6379'],
  [
    'rediss://u:p%40%3F@[::1]:6380/12',
    { ...plain, tls: true, nodes: [{ host: '::1', port: 6380 }], username: 'u', password: 'p@?', db: 12 },
    'Redis at ::1:6380 over TLS',
  ],
  [
    'redis+cluster://:p@h1:7000,h2',
    {
      ...plain,
      cluster: true,
      nodes: [
        { host: 'h1', port: 7000 },
        { host: 'h2', port: 6379 },
      ],
      password: 'p',
    },
    'Redis Cluster at h1:7000, h2:6379',
  ],
  [
    'redis+sentinel://h1,h2:26380/the.main-1_',
    {
      ...plain,
      sentinel: { master: 'the.main-1_', ...nobody },
      nodes: [
        { host: 'h1', port: 26_379 },
        { host: 'h2', port: 26_380 },
      ],
    },
    'Redis the.main-1_ of the sentinels at h1:26379, h2:26380',
  ],
  [
    'rediss+sentinel://u:p%2Fq@h1/main/3?sentinelPassword=a%26b%3D+%3F&sentinelUser=s%40',
    {
      ...plain,
      tls: true,
      sentinel: { master: 'main', username: 's@', password: 'a&b=+?' },
      nodes: [{ host: 'h1', port: 26_379 }],
      username: 'u',
      password: 'p/q',
      db: 3,
    },
    'Redis main of the sentinels at h1:26379 over TLS',
  ],
  [
    'redis+sentinel://h1/main/?sentinelPassword=p',
    {
      ...plain,
      sentinel: { master: 'main', username: undefined, password: 'p' },
      nodes: [{ host: 'h1', port: 26_379 }],
    },
    'Redis main of the sentinels at h1:26379',
  ],
];

for (const [url, address, shown] of good) {
  t.test(url, async (t) => {
    const parsed = parseRedisUrl(url);
    t.strictSame(parsed, address);
    t.equal(parsed === undefined ? '' : describeRedis(parsed), shown);
  });
}

const bad = [
  'redis+sentinel://h1:26379',
  'redis+sentinel://h1:26379/',
  'redis+sentinel://h1:26379/a master',
  'redis+sentinel://h1:26379/main/x',
  'redis+sentinel://h1:26379/main?sentinelPasword=p',
  'redis+sentinel://h1:26379/main?sentinelPassword=%zz',
  'redis+sentinel:///main',
  'redis+other://h1/main',
  'redis://h/main',
  'redis://h?sentinelPassword=p',
  'redis://h1,h2',
  'redis://h:65536',
  'redis+cluster://h1,h2/1',
];

for (const url of bad) t.test(`${url} is no address`, async (t) => t.equal(parseRedisUrl(url), undefined));
