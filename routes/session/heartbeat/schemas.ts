import {
  bodyFailures,
  Empty,
  failures,
  forSession,
  NoBody,
  sessionFailures,
  userSecurity,
} from '../../../src/http/schemas.ts';

export const heartbeat = {
  summary: 'Say that the user is there',
  description: 'Counts as activity, like every other request with the session.',
  operationId: 'heartbeat',
  tags: ['session'],
  security: userSecurity,
  body: NoBody,
  response: {
    204: forSession(Empty('Noted')),
    ...failures(...sessionFailures, ...bodyFailures, 'CROSS_SITE_REQUEST'),
  },
};
