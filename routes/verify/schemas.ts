import { Type } from '@sinclair/typebox';
import { claimHeader } from '../../src/http/claim-headers.ts';
import { Empty, failures, forSession, sessionFailures, userSecurity } from '../../src/http/schemas.ts';

export const verify = (claims: readonly string[]) => ({
  summary: 'Ask whether a request has a live session',
  description:
    'For proxies: nginx `auth_request`, Caddy `forward_auth` and their like. An anonymous session has no ' +
    '`x-session-user`; a proxy that wants users only asks with `maxAge`.',
  operationId: 'verify',
  tags: ['proxy'],
  security: userSecurity,
  querystring: Type.Object({
    maxAge: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 31_536_000, description: 'Oldest login that will do, seconds' }),
    ),
  }),
  response: {
    200: forSession(Empty('There is one'), {
      'x-session-id': { type: 'string' },
      'x-session-degraded': {
        type: 'string',
        description: '`true`: the store does not answer, and this is what was last known (DEGRADED_VERIFY_SECONDS)',
      },
      'x-session-user': { type: 'string', description: 'Percent-encoded but for printable ASCII' },
      ...Object.fromEntries(claims.map((name) => [claimHeader(name), claimOf(name)])),
    }),
    ...failures(...sessionFailures, 'REAUTHENTICATION_REQUIRED'),
  },
});

const claimOf = (name: string) => ({
  type: 'string',
  description:
    `The claim ${name}, if the session has it and it is a string, a number, a boolean or an array of these, ` +
    'comma-separated. Percent-encoded but for printable ASCII, and commas within the items of an array',
});
