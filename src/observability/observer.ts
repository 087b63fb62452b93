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
  collect?: () => void;
}

/**
 * Returns a function that observes values under one set of labels, as `histogram.labels(…).observe` does. The library
 * makes a key of the labels at every observation, and finds the bucket by a property whose name is a fraction: 2.5 µs
 * together, a sixth of a verification. Here values are counted in arrays, and added to the histogram whenever it is
 * read. It relies on fields of the pinned version; test/src/observability/observer.test.ts compares both.
 */
export function observerOf<Label extends string>(
  histogram: Histogram<Label>,
  labels: LabelValues<Label>,
): (value: number) => void {
  histogram.zero(labels);
  const internals = histogram as unknown as Internals;
  const entry = internals.store.entry(labels);
  if (entry === undefined) throw new TypeError('The histogram has no entry for its labels');

  const bounds = Float64Array.from(internals.upperBounds);
  // The last one counts what is greater than every bound.
  const counts = new Float64Array(bounds.length + 1);
  let sum = 0;

  const collectOthers = internals.collect;
  internals.collect = () => {
    collectOthers?.call(histogram);
    entry.sum += sum;
    sum = 0;
    for (const [bucket, count] of counts.entries()) {
      entry.count += count;
      const bound = bounds[bucket];
      if (bound !== undefined) entry.bucketValues[bound] = (entry.bucketValues[bound] ?? 0) + count;
    }
    counts.fill(0);
  };

  return (value) => {
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1;
    counts[bucket] = (counts[bucket] as number) + 1;
    sum += value;
  };
}
