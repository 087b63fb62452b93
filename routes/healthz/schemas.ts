import { Type } from '@sinclair/typebox';
import { operatorFailures } from '../../src/http/schemas.ts';

export const healthz = {
  summary: 'Is the process running?',
  description: 'Whether it should be restarted; does not look at Redis.',
  operationId: 'healthz',
  tags: ['operator'],
  response: { 200: Type.Object({ status: Type.String() }, { description: 'It is' }), ...operatorFailures() },
};
