import {
  durableFailures,
  failures,
  forServices,
  forSession,
  NoBody,
  SessionParams,
  SessionWithToken,
  serviceFailures,
} from '../../../../../src/http/schemas.ts';

export const renewById = {
  ...forServices('sessions'),
  summary: 'Renew a session',
  description: 'The token of the next generation; within RENEW_GRACE_SECONDS of a renewal, that of the present one.',
  operationId: 'renewById',
  params: SessionParams,
  body: NoBody,
  response: {
    200: forSession(SessionWithToken),
    ...failures(...serviceFailures, ...durableFailures, 'SESSION_NOT_FOUND'),
  },
};
