import { Type } from '@sinclair/typebox';
import { failures, forServices, serviceFailures } from '../../../src/http/schemas.ts';

export const stats = {
  ...forServices('users'),
  summary: 'How many sessions live, and by which rules',
  operationId: 'stats',
  response: {
    200: Type.Object(
      {
        active: Type.Integer({ description: 'Living sessions of the whole store, right to within 2 s' }),
        store: Type.String({ enum: ['memory', 'redis'] }),
        maxSessionsPerUser: Type.Integer(),
        idleSeconds: Type.Integer(),
        absoluteSeconds: Type.Integer(),
      },
      { description: 'Figures' },
    ),
    ...failures(...serviceFailures),
  },
};
