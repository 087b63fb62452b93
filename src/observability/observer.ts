import type { Histogram, LabelValues } from '@prometheus-io/client';

/** What a histogram keeps for one set of labels. */
interface Entry {
  sum: number;
  count: number;
  readonly bucketValues: Record<number, number>;
}

interface Internals {
  readonly upperBounds: readonly number[];
  readonly store: { entry(labels: object): Entry | undefined };
}

/**
 * Observes values under one set of labels, as `histogram.labels(…).observe` does, which makes a key of the labels every
 * time: 2 µs, a tenth of a verification. It counts where the pinned version of the library counts; test/src/observability/observer.test.ts
 * holds both against one another.
 */
export function observerOf<Label extends string>(
  histogram: Histogram<Label>,
  labels: LabelValues<Label>,
): (value: number) => void {
  histogram.zero(labels);
  const { upperBounds, store } = histogram as unknown as Internals;
  const entry = store.entry(labels);
  if (entry === undefined) throw new TypeError('A histogram keeps no entry for its labels');

  return (value) => {
    entry.sum += value;
    entry.count += 1;
    for (const bound of upperBounds) {
      if (value > bound) continue;
      entry.bucketValues[bound] = (entry.bucketValues[bound] ?? 0) + 1;
      return;
    }
  };
}
