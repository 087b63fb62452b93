import { Type } from '@sinclair/typebox';
import {
  durableFailures,
  Empty,
  failures,
  forSession,
  NoBody,
  SessionProperties,
  Strict,
  sessionFailures,
  userSecurity,
} from '../../src/http/schemas.ts';

const shared = { tags: ['session'], security: userSecurity };

export const listSessions = {
  ...shared,
  summary: 'List the user’s sessions',
  operationId: 'listSessions',
  response: {
    200: forSession(
      Type.Object(
        {
          sessions: Type.Array(
            Type.Object({
              ...SessionProperties,
              current: Type.Boolean({ description: 'Whether it is the one that asks' }),
            }),
          ),
        },
        { description: 'The living sessions, newest first' },
      ),
    ),
    ...failures(...sessionFailures),
  },
};

export const revokeSession = {
  ...shared,
  summary: 'End one of the user’s sessions',
  operationId: 'revokeSession',
  params: Type.Object({ sessionId: Type.String() }),
  body: NoBody,
  response: {
    204: forSession(Empty('Ended')),
    ...failures(...sessionFailures, ...durableFailures, 'CROSS_SITE_REQUEST', 'SESSION_NOT_FOUND'),
  },
};

export const revokeSessions = {
  ...shared,
  summary: 'End all of the user’s sessions',
  operationId: 'revokeSessions',
  querystring: Strict({ keepCurrent: Type.Optional(Type.Boolean({ description: 'All but the one that asks' })) }),
  body: NoBody,
  response: {
    200: forSession(Type.Object({ revoked: Type.Integer() }, { description: 'How many have ended' })),
    ...failures(...sessionFailures, ...durableFailures, 'CROSS_SITE_REQUEST'),
  },
};
