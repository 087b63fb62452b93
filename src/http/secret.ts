import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether two texts are the same; takes the same time wherever they differ, and whatever their lengths. */
export function isSameSecret(presented: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(presented), digest(expected));
}
