/** The parsed REDIS_URL. */
export interface RedisAddress {
  readonly cluster: boolean;
  /** Where `nodes` are sentinels: the name of the master, and the login at the sentinels. */
  readonly sentinel: (Login & { readonly master: string }) | undefined;
  readonly tls: boolean;
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
}

interface Login {
  readonly username: string | undefined;
  readonly password: string | undefined;
}

const ADDRESS = /^redis(s?)(?:\+(cluster|sentinel))?:\/\/(?:([^@/]*)@)?([^@/?]+)(?:\/([^?]*))?(?:\?(.*))?$/;
const NODE = /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/;
const DB_PATH = /^(?<db>\d{1,4})?$/;
const SENTINEL_PATH = /^(?<master>[\w.-]+)(?:\/(?<db>\d{1,4})?)?$/;

/**
 * Parses `redis://`, `rediss://`, `redis+cluster://h1:7000,h2:7001`, `rediss+cluster://`,
 * `redis+sentinel://h1:26379,h2:26379/<master>` or `rediss+sentinel://`, with user, password and `/db` where they are
 * wanted; `undefined` when it is none of these. User and password are those of the servers that hold the data, and
 * `?sentinelUser=&sentinelPassword=` those of sentinels that have their own; all four are percent-decoded.
 */
export function parseRedisUrl(url: string): RedisAddress | undefined {
  const [, tls, kind, login, hosts, path = '', query] = ADDRESS.exec(url) ?? [];
  if (hosts === undefined) return undefined;
  const ofSentinels = kind === 'sentinel';
  const nodes = parseNodes(hosts, ofSentinels ? 26_379 : 6379);
  const target = (ofSentinels ? SENTINEL_PATH : DB_PATH).exec(path)?.groups;
  if (nodes === undefined || target === undefined) return undefined;
  const { master, db = '0' } = target;
  if (kind === undefined && nodes.length > 1) return undefined;
  if (kind === 'cluster' && db !== '0') return undefined;
  if (query !== undefined && master === undefined) return undefined;
  const colon = login?.indexOf(':') ?? -1;
  try {
    return {
      cluster: kind === 'cluster',
      sentinel: master === undefined ? undefined : { master, ...parseQuery(query) },
      tls: tls === 's',
      nodes,
      username: decode(colon === -1 ? login : login?.slice(0, colon)),
      password: decode(colon === -1 ? undefined : login?.slice(colon + 1)),
      db: Number(db),
    };
  } catch {
    return undefined;
  }
}

/** Describes the address for people, without users and passwords. */
export function describeRedis({ cluster, sentinel, tls, nodes }: RedisAddress): string {
  const hosts = nodes.map(({ host, port }) => `${host}:${port}`).join(', ');
  const kind = cluster ? 'Redis Cluster' : 'Redis';
  const where = sentinel === undefined ? `at ${hosts}` : `${sentinel.master} of the sentinels at ${hosts}`;
  return `${kind} ${where}${tls ? ' over TLS' : ''}`;
}

function parseNodes(hosts: string, defaultPort: number): RedisAddress['nodes'] | undefined {
  const nodes = [];
  for (const text of hosts.split(',')) {
    const [, host, port = defaultPort] = NODE.exec(text.trim()) ?? [];
    if (host === undefined || Number(port) > 65_535) return undefined;
    nodes.push({ host: host.replace(/^\[|\]$/g, ''), port: Number(port) });
  }
  return nodes;
}

/** @throws on anything but `sentinelUser` and `sentinelPassword` */
function parseQuery(query = ''): Login {
  const values = new Map<string, string | undefined>();
  for (const parameter of query.split('&').filter((text) => text !== '')) {
    const [, name = '', value] = /^(sentinelUser|sentinelPassword)=(.*)$/.exec(parameter) ?? [];
    if (name === '') throw new URIError('an unknown parameter');
    values.set(name, decode(value));
  }
  return { username: values.get('sentinelUser'), password: values.get('sentinelPassword') };
}

function decode(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const decoded = decodeURIComponent(text);
  if (!decoded.isWellFormed()) throw new URIError('half a surrogate pair');
  return decoded;
}
