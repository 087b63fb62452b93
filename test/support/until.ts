import { setTimeout as pause } from 'node:timers/promises';

/** Waits until a condition holds, looking every few milliseconds. @throws when it does not within the deadline */
export async function until(condition: () => boolean | Promise<boolean>, deadlineMs = 5000): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`It did not come true within ${deadlineMs} ms: ${condition}`);
    await pause(5);
  }
}
