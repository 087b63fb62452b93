import {
  bodyFailures,
  failures,
  forServices,
  forSession,
  Introspected,
  Strict,
  serviceFailures,
  Token,
} from '../../../../src/http/schemas.ts';

export const introspect = {
  ...forServices('verify'),
  summary: 'Ask what a token stands for',
  description: 'Counts as activity of the session. Whatever is not a token of a live session is `active: false`.',
  operationId: 'introspect',
  body: Strict({ token: Token }),
  response: {
    200: forSession({ ...Introspected, description: 'Whether it is live, and if so the session' }),
    ...failures(...serviceFailures, ...bodyFailures),
  },
};
