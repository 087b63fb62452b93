import { Type } from '@sinclair/typebox';
import { Empty, failures, forSession, sessionFailures, userSecurity } from '../../src/http/schemas.ts';

export const verify = {
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
    }),
    ...failures(...sessionFailures, 'REAUTHENTICATION_REQUIRED'),
  },
};
