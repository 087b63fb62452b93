import { Type } from '@sinclair/typebox';
import {
  durableFailures,
  failures,
  Metadata,
  Session,
  Strict,
  sessionFailures,
  withToken,
} from '../../src/http/schemas.ts';

export const login = {
  summary: 'Log in',
  description:
    'Always a new session and a new cookie; the session the caller came with ends. What an anonymous one carried in ' +
    'its metadata is carried over.',
  operationId: 'login',
  tags: ['session'],
  body: Strict({
    username: Type.String({ minLength: 1, maxLength: 256, examples: ['demo'] }),
    password: Type.String({ minLength: 1, maxLength: 1024, format: 'password', examples: ['demo-password'] }),
    remember: Type.Optional(
      Type.Boolean({ description: 'Keep the cookie when the browser closes, up to the absolute end of the session' }),
    ),
    metadata: Type.Optional(Metadata),
  }),
  response: {
    200: withToken(Session),
    ...failures(
      ...sessionFailures,
      ...durableFailures,
      'INVALID_CREDENTIALS',
      'LOGIN_REFUSED',
      'CROSS_SITE_REQUEST',
      'SESSION_LIMIT_REACHED',
      'METADATA_TOO_LARGE',
      'CLAIMS_TOO_LARGE',
      'RATE_LIMITED',
      'CREDENTIALS_UNAVAILABLE',
    ),
  },
};
