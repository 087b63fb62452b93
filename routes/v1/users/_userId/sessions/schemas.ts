import { Type } from '@sinclair/typebox';
import {
  durableFailures,
  failures,
  forServices,
  NoBody,
  Session,
  Strict,
  serviceFailures,
  UserId,
} from '../../../../../src/http/schemas.ts';

const params = Type.Object({ userId: UserId });

export const listUserSessions = {
  ...forServices('users'),
  summary: 'List a user’s sessions',
  operationId: 'listUserSessions',
  params,
  querystring: Strict({
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
    cursor: Type.Optional(
      Type.String({ pattern: '^[0-9]{1,15}\\.[A-Za-z0-9_-]{1,64}$', description: '`nextCursor` of the page before' }),
    ),
  }),
  response: {
    200: Type.Object(
      { sessions: Type.Array(Session), nextCursor: Type.Union([Type.String(), Type.Null()]) },
      { description: 'The living sessions, newest first; `nextCursor` is null on the last page' },
    ),
    ...failures(...serviceFailures),
  },
};

export const revokeUserSessions = {
  ...forServices('users'),
  summary: 'End all of a user’s sessions',
  operationId: 'revokeUserSessions',
  params,
  querystring: Strict({
    except: Type.Optional(Type.String({ maxLength: 64, description: 'The sessionId of one to keep' })),
  }),
  body: NoBody,
  response: {
    200: Type.Object({ revoked: Type.Integer() }, { description: 'How many have ended' }),
    ...failures(...serviceFailures, ...durableFailures),
  },
};
