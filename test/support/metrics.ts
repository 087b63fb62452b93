import type { FastifyInstance } from 'fastify';

/** The values of a metric, by its labels as written, added up over all pods. */
export async function sumOf(pods: readonly FastifyInstance[], name: string): Promise<Record<string, number>> {
  const values: Record<string, number> = {};
  for (const pod of pods) {
    const { body } = await pod.inject('/metrics');
    for (const [, labels = '', value] of body.matchAll(new RegExp(`^${name}(\\{.*\\})? (\\S+)$`, 'gm'))) {
      values[labels] = (values[labels] ?? 0) + Number(value);
    }
  }
  return values;
}
