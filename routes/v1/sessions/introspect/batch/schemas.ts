import { Type } from '@sinclair/typebox';
import {
  bodyFailures,
  failures,
  Introspected,
  Strict,
  serviceFailures,
  serviceTag,
  Token,
} from '../../../../../src/http/schemas.ts';

export const introspectBatch = {
  ...serviceTag,
  summary: 'Ask what many tokens stand for, in one trip to Redis',
  operationId: 'introspectBatch',
  body: Strict({ tokens: Type.Array(Token, { minItems: 1, maxItems: 500 }) }),
  response: {
    200: Type.Object({ results: Type.Array(Introspected) }, { description: 'In the order of the tokens' }),
    ...failures(...serviceFailures, ...bodyFailures),
  },
};
