import { Type } from '@sinclair/typebox';
import type { Config } from '../../../src/config/load.ts';
import {
  Claims,
  durableFailures,
  failures,
  forServices,
  forSession,
  Metadata,
  SessionWithToken,
  Strict,
  serviceFailures,
  UserId,
} from '../../../src/http/schemas.ts';

export const createSession = (config: Config) => ({
  ...forServices('sessions'),
  summary: 'Start a session for a user you have authenticated',
  operationId: 'createSession',
  body: Strict({
    userId: UserId,
    metadata: Type.Optional(Metadata),
    claims: Type.Optional(Claims),
    device: Type.Optional(
      Strict(
        {
          ip: Type.Optional(Type.String({ maxLength: 64, examples: ['203.0.113.7'] })),
          userAgent: Type.Optional(Type.String({ maxLength: 512, examples: ['Mozilla/5.0'] })),
        },
        { description: 'Where the user is, for lists' },
      ),
    ),
    idleSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: config.SESSION_IDLE_SECONDS,
        description: 'A shorter idle timeout',
        examples: [Math.min(900, config.SESSION_IDLE_SECONDS)],
      }),
    ),
    absoluteSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: config.SESSION_ABSOLUTE_SECONDS,
        description: 'A shorter absolute timeout',
        examples: [Math.min(28_800, config.SESSION_ABSOLUTE_SECONDS)],
      }),
    ),
  }),
  response: {
    201: forSession(SessionWithToken),
    ...failures(
      ...serviceFailures,
      ...durableFailures,
      'SESSION_LIMIT_REACHED',
      'METADATA_TOO_LARGE',
      'CLAIMS_TOO_LARGE',
    ),
  },
});
