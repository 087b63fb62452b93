/** Whoever starts servers and says when they end: a test of tap, or a command that is about to exit. */
export interface Owner {
  /** Called in reverse order, so that what was started last ends first. */
  teardown(end: () => unknown): void;
}

/** An owner of one's own. `close` ends all that was started for it, also what can't be ended in order. */
export function createOwner(): Owner & { close(): Promise<void> } {
  const ends: (() => unknown)[] = [];
  return {
    teardown: (end) => void ends.push(end),
    async close() {
      for (const end of ends.splice(0).reverse()) await (async () => end())().catch(() => undefined);
    },
  };
}
