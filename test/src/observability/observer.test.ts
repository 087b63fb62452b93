import { Histogram, Registry } from '@prometheus-io/client';
import t from 'tap';
import { observerOf } from '../../../src/observability/observer.ts';

const VALUES = [0, 0.001, 0.005, 0.0051, 0.4, 1, 7, 10, 10.5, 1e6];

t.test('what is observed is what the library would have observed', async (t) => {
  const histogram = () => {
    const registry = new Registry();
    const made = new Histogram({ name: 'x', help: 'x', labelNames: ['route', 'status'], registers: [registry] });
    return { made, text: () => registry.metrics() };
  };
  const [ours, theirs] = [histogram(), histogram()];
  for (const status of [200, 404]) {
    const observe = observerOf(ours.made, { route: '/a', status });
    for (const value of VALUES) {
      observe(value);
      theirs.made.labels({ route: '/a', status }).observe(value);
    }
  }
  t.equal(await ours.text(), await theirs.text());
  t.match(await ours.text(), /x_count\{route="\/a",status="404"\} 10/);

  // Both ways into one entry.
  observerOf(ours.made, { route: '/b', status: 200 })(0.1);
  ours.made.labels({ route: '/b', status: 200 }).observe(0.1);
  t.match(await ours.text(), /x_count\{route="\/b",status="200"\} 2/);
});
