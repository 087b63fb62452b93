/** A command that Redis has not answered within this many milliseconds counts as not answered. */
export const COMMAND_DEADLINE_MS = 180;

/**
 * What a command answers, or a rejection once the deadline has passed. The client's own timeout does less: it starts
 * when a command is sent, and a command waits to be sent while the pipeline before it is unanswered.
 */
export function withDeadline<T>(answer: Promise<T>, deadlineMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    // When this process itself was busy, the answer may be waiting to be read: it gets one more turn of the event loop.
    const late = () => setImmediate(reject, new Error(`no answer in ${deadlineMs} ms`));
    const timer = setTimeout(late, deadlineMs);
    answer.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (problem) => {
        clearTimeout(timer);
        reject(problem);
      },
    );
  });
}
