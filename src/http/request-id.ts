import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const WELL_FORMED = /^[\w.:@/+=-]{1,128}$/;

/**
 * Returns a function that names requests for logs and answers: by `x-request-id` where it is well-formed, by a new
 * name otherwise. New names are unique over all pods, and no secret.
 */
export function requestIds(): (request: Pick<IncomingMessage, 'headers'>) => string {
  const pod = randomBytes(6).toString('base64url');
  let requests = 0;
  return ({ headers }) => {
    const given = headers['x-request-id'];
    if (typeof given === 'string' && WELL_FORMED.test(given)) return given;
    requests += 1;
    return `${pod}-${requests.toString(36)}`;
  };
}
