import fastifySwagger, { type SwaggerTransform } from '@fastify/swagger';
import fp from 'fastify-plugin';
import packageJson from '../package.json' with { type: 'json' };
import { NoBody } from '../src/http/schemas.ts';

/** The OpenAPI 3.1 document, made of the routes' schemas; `/docs` shows it. */
export default fp(
  async (fastify) => {
    const cookieName = fastify.config.COOKIE_SECURE ? '__Host-sid' : 'sid';
    await fastify.register(fastifySwagger, {
      transform: asCallersSeeIt,
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'sessiond',
          version: packageJson.version,
          description: 'Sessions for backends in any language. Times are epoch milliseconds.',
          license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
        },
        servers: [{ url: '/', description: 'this service' }],
        tags: [
          { name: 'session', description: 'For browsers and native apps: the caller’s own session' },
          { name: 'service', description: 'For trusted services, with a key of SERVICE_KEYS' },
          { name: 'proxy', description: 'For proxies that ask before they pass a request on' },
          { name: 'operator', description: 'For whoever runs the service' },
        ],
        security: [],
        components: {
          securitySchemes: {
            cookie: { type: 'apiKey', in: 'cookie', name: cookieName },
            token: { type: 'http', scheme: 'bearer', description: 'The session token' },
            service: { type: 'http', scheme: 'bearer', description: 'A key of SERVICE_KEYS' },
            metrics: { type: 'http', scheme: 'bearer', description: 'METRICS_TOKEN' },
          },
        },
      },
    });
  },
  { name: 'openapi', dependencies: ['config'] },
);

/** Paths as they are written, `/login` for `/login/`; and no body where none is wanted: it would count as required. */
const asCallersSeeIt: SwaggerTransform = ({ schema, url }) => {
  const { body, ...rest } = schema ?? {};
  return { schema: body === NoBody ? rest : schema, url: url.replace(/(.)\/$/, '$1') };
};
