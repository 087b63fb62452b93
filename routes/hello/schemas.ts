import { Type } from '@sinclair/typebox';
import { failures } from '../../src/http/schemas.ts';

export const hello = {
  summary: 'Say hello',
  operationId: 'hello',
  tags: ['operator'],
  response: { 200: Type.Object({ message: Type.String() }, { description: 'A greeting' }), ...failures() },
};
