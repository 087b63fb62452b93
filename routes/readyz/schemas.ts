import { Type } from '@sinclair/typebox';
import { failures } from '../../src/schemas.ts';

const Readiness = Type.Object({
  status: Type.String({ enum: ['ready', 'not ready'] }),
  reasons: Type.Array(Type.String()),
});

export const readyz = {
  summary: 'Should traffic come here?',
  operationId: 'readyz',
  tags: ['operator'],
  response: {
    ...failures(),
    200: { ...Readiness, description: 'It should' },
    503: { ...Readiness, description: 'It should not: starting, draining, or the store does not answer' },
  },
};
