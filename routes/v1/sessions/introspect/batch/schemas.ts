import { Type } from '@sinclair/typebox';
import {
  bodyFailures,
  failures,
  forServices,
  Introspected,
  Strict,
  serviceFailures,
  Token,
} from '../../../../../src/http/schemas.ts';

export const introspectBatch = {
  ...forServices('verify'),
  summary: 'Ask what many tokens stand for, in one trip to Redis',
  operationId: 'introspectBatch',
  body: Strict({ tokens: Type.Array(Token, { minItems: 1, maxItems: 500 }) }),
  response: {
    200: Type.Object({ results: Type.Array(Introspected) }, { description: 'In the order of the tokens' }),
    ...failures(...serviceFailures, ...bodyFailures),
  },
};
