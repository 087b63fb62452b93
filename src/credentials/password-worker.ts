import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { verifyPassword } from './password.ts';

/** A password to check, as `password-checks.ts` sends it. */
export interface PasswordCheck {
  readonly phcString: string;
  readonly password: string;
}

// Verifications of sessions go first: they take microseconds, a hash takes 20 ms of a core. On Linux a thread has a
// priority of its own, and 0 is the calling thread; elsewhere it would be the whole process.
if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);

parentPort?.on('message', ({ phcString, password }: PasswordCheck) => {
  parentPort?.postMessage(verifyPassword(phcString, password));
});
