import { durableFailures, Empty, failures, NoBody, sessionFailures, userSecurity } from '../../src/http/schemas.ts';

export const logout = {
  summary: 'Log out',
  description: 'The session ends everywhere. Also answers 204 to a caller who has none.',
  operationId: 'logout',
  tags: ['session'],
  security: [{}, ...userSecurity],
  body: NoBody,
  response: {
    204: {
      ...Empty('Logged out'),
      headers: {
        'set-cookie': { type: 'string', description: 'Clears the cookie' },
        'clear-site-data': { type: 'string', const: '"cookies", "storage"' },
      },
    },
    ...failures(...sessionFailures, ...durableFailures, 'CROSS_SITE_REQUEST'),
  },
};
