import { createHash } from 'node:crypto';

/**
 * Names a username in logs, in events and in Redis: SHA-256 in base64url. People type passwords into the wrong field, so
 * what they typed as a name is not stored as it is.
 */
export function usernameHash(username: string): string {
  return createHash('sha256').update(username).digest('base64url');
}
