import { Type } from '@sinclair/typebox';
import { operatorFailures } from '../../src/http/schemas.ts';

const Readiness = Type.Object({
  status: Type.String({ enum: ['ready', 'not ready'] }),
  reasons: Type.Array(Type.String()),
});

export const readyz = {
  summary: 'Should traffic come here?',
  operationId: 'readyz',
  tags: ['operator'],
  response: {
    ...operatorFailures(),
    200: { ...Readiness, description: 'It should' },
    503: { ...Readiness, description: 'It should not: starting, draining, overloaded, or the store does not answer' },
  },
};
