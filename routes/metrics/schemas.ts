import { operatorFailures } from '../../src/http/schemas.ts';

export const metrics = {
  summary: 'Prometheus metrics',
  operationId: 'metrics',
  tags: ['operator'],
  security: [{}, { metrics: [] }],
  response: {
    200: { description: 'Prometheus text format', content: { 'text/plain': { schema: { type: 'string' } } } },
    ...operatorFailures('METRICS_TOKEN_REQUIRED'),
  },
};
