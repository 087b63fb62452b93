import {
  durableFailures,
  failures,
  NoBody,
  Session,
  sessionFailures,
  userSecurity,
  withToken,
} from '../../../src/http/schemas.ts';

export const renewSession = {
  summary: 'Renew the session',
  description:
    'A new cookie of the next generation. All who present the same token get the very same successor, and the token ' +
    'before stays good for RENEW_GRACE_SECONDS: parallel tabs and lost answers log nobody out. A token that comes ' +
    'after that ends the session. The absolute end does not move.',
  operationId: 'renewSession',
  tags: ['session'],
  security: userSecurity,
  body: NoBody,
  response: {
    200: withToken(Session),
    ...failures(...sessionFailures, ...durableFailures, 'CROSS_SITE_REQUEST'),
  },
};
