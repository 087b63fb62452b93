import { Type } from '@sinclair/typebox';
import type { Config } from '../../../src/config/load.ts';
import {
  durableFailures,
  failures,
  forSession,
  Metadata,
  SessionWithToken,
  Strict,
  serviceFailures,
  serviceTag,
  UserId,
} from '../../../src/http/schemas.ts';

export const createSession = (config: Config) => ({
  ...serviceTag,
  summary: 'Start a session for a user you have authenticated',
  operationId: 'createSession',
  body: Strict({
    userId: UserId,
    metadata: Type.Optional(Metadata),
    device: Type.Optional(
      Strict(
        {
          ip: Type.Optional(Type.String({ maxLength: 64 })),
          userAgent: Type.Optional(Type.String({ maxLength: 512 })),
        },
        { description: 'Where the user is, for lists' },
      ),
    ),
    idleSeconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: config.SESSION_IDLE_SECONDS, description: 'A shorter idle timeout' }),
    ),
    absoluteSeconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: config.SESSION_ABSOLUTE_SECONDS, description: 'A shorter absolute timeout' }),
    ),
  }),
  response: {
    201: forSession(SessionWithToken),
    ...failures(...serviceFailures, ...durableFailures, 'SESSION_LIMIT_REACHED', 'METADATA_TOO_LARGE'),
  },
});
