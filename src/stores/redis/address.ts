/** Where Redis is, as REDIS_URL says it. */
export interface RedisAddress {
  readonly cluster: boolean;
  readonly tls: boolean;
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
}

const ADDRESS = /^redis(s?)(\+cluster)?:\/\/(?:([^@/]*)@)?([^@/]+)(?:\/(\d{1,4})?)?$/;
const NODE = /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/;
const DEFAULT_PORT = '6379';

/**
 * Parses `redis://`, `rediss://`, `redis+cluster://h1:7000,h2:7001` or `rediss+cluster://`, with user, password and
 * `/db` where they are wanted; `undefined` when it is none of these. User and password are percent-decoded.
 */
export function parseRedisUrl(url: string): RedisAddress | undefined {
  const [, tls, cluster, login, hosts, db = '0'] = ADDRESS.exec(url) ?? [];
  if (hosts === undefined) return undefined;
  const nodes = hosts.split(',').map((host) => NODE.exec(host.trim()));
  if (nodes.some((node) => node === null || Number(node[2] ?? DEFAULT_PORT) > 65_535)) return undefined;
  if (cluster === undefined ? nodes.length > 1 : db !== '0') return undefined;
  const colon = login?.indexOf(':') ?? -1;
  try {
    return {
      cluster: cluster !== undefined,
      tls: tls === 's',
      nodes: nodes.map((node) => ({
        host: (node?.[1] ?? '').replace(/^\[|\]$/g, ''),
        port: Number(node?.[2] ?? DEFAULT_PORT),
      })),
      username: decode(colon === -1 ? login : login?.slice(0, colon)),
      password: decode(colon === -1 ? undefined : login?.slice(colon + 1)),
      db: Number(db),
    };
  } catch {
    return undefined;
  }
}

/** The address as it may be shown: without user and password. */
export function describeRedis({ cluster, tls, nodes }: RedisAddress): string {
  const hosts = nodes.map(({ host, port }) => `${host}:${port}`).join(', ');
  return `${cluster ? 'Redis Cluster' : 'Redis'} at ${hosts}${tls ? ' over TLS' : ''}`;
}

function decode(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const decoded = decodeURIComponent(text);
  if (!decoded.isWellFormed()) throw new URIError('half a surrogate pair');
  return decoded;
}
