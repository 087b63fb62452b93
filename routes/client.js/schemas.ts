import { Empty, etag, failures } from '../../src/http/schemas.ts';

const cacheControl = { 'cache-control': { type: 'string', const: 'public, max-age=300' } };

export const client = {
  summary: 'The browser module that keeps a session alive',
  description:
    '`import { keepAlive } from "/client.js"`: it renews the session while the user is there, lets it end when nobody ' +
    'is, and has one tab speak for all.',
  operationId: 'client',
  tags: ['session'],
  response: {
    200: {
      description: 'JavaScript, an ES module without dependencies',
      headers: { ...etag, ...cacheControl },
      content: { 'text/javascript': { schema: { type: 'string' } } },
    },
    304: Empty('As it was'),
    ...failures(),
  },
};
