import { Type } from '@sinclair/typebox';
import {
  bodyFailures,
  Empty,
  failures,
  forServices,
  NoBody,
  SessionParams,
  Strict,
  serviceFailures,
} from '../../../../../src/http/schemas.ts';

export const lockSession = {
  ...forServices('sessions'),
  summary: 'Lock a session for a while',
  description:
    'For changes that need more than one step. While it is held, a PATCH without its `x-lock-token` is refused. ' +
    'Nothing else is: the session is read, renewed and ended as ever.',
  operationId: 'lockSession',
  params: SessionParams,
  body: Type.Union([
    Type.Null(),
    Strict({
      ttlMs: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 30_000, default: 500, description: 'How long it lasts' }),
      ),
      waitMs: Type.Optional(
        Type.Integer({ minimum: 0, maximum: 10_000, default: 0, description: 'How long to wait for it' }),
      ),
    }),
  ]),
  response: {
    200: Type.Object(
      {
        lockToken: Type.String({ description: 'For `x-lock-token`' }),
        fence: Type.Integer({
          description: 'Grows with every lock of the session; for whoever must refuse a late holder',
        }),
        expiresAt: Type.Integer({ description: 'When the lock ends by itself, epoch milliseconds' }),
      },
      { description: 'The lock' },
    ),
    ...failures(...serviceFailures, ...bodyFailures, 'SESSION_NOT_FOUND', 'SESSION_LOCKED'),
  },
};

export const unlockSession = {
  ...forServices('sessions'),
  summary: 'End a lock',
  operationId: 'unlockSession',
  params: SessionParams,
  headers: Type.Object({ 'x-lock-token': Type.String({ minLength: 1, maxLength: 64 }) }),
  body: NoBody,
  response: {
    204: Empty('It has ended'),
    ...failures(...serviceFailures, ...bodyFailures, 'LOCK_NOT_HELD'),
  },
};
