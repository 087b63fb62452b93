/** Which sessions to look at when, to the second. */
export interface Schedule {
  /** Schedules a session for the second of a time; for the next there is, when that is over. */
  add(sessionId: string, time: number): void;
  /** Takes out what was scheduled up to the second of `now`, that second included. */
  takeDue(now: number): string[];
}

/** @param from the first time of interest, epoch milliseconds */
export function createSchedule(from: number): Schedule {
  const bySecond = new Map<number, string[]>();
  let first = secondOf(from);

  return {
    add(sessionId, time) {
      const second = Math.max(secondOf(time), first);
      const ids = bySecond.get(second);
      if (ids === undefined) bySecond.set(second, [sessionId]);
      else ids.push(sessionId);
    },

    takeDue(now) {
      const current = Math.max(secondOf(now), first);
      const passed = current - first + 1;
      // Where the clock was set, or the machine slept, more seconds have passed than there are any sessions in.
      const seconds =
        passed <= bySecond.size
          ? Array.from({ length: passed }, (_, i) => first + i)
          : [...bySecond.keys()].filter((second) => second <= current);
      // What comes up later in this second is looked at again.
      first = current;
      return seconds.flatMap((second) => {
        const ids = bySecond.get(second) ?? [];
        bySecond.delete(second);
        return ids;
      });
    },
  };
}

function secondOf(time: number): number {
  return Math.floor(time / 1000);
}
