import { editDistance } from './edit-distance.ts';
import { ConfigSchema } from './schema.ts';

/** Names of settings that the contract reserves for later versions. Those that the schema has are not reserved. */
const RESERVED = new RegExp(
  `^(${[
    'EVENTS_MAX|WEBHOOKS|WEBHOOK_SECRETS|KAFKA_(BROKERS|TOPIC|TLS|SASL)',
    'DATABASE_URL|DATABASE_CONFIRM|HISTORY_SECONDS',
    'PUBLIC_URL|ACCESS_TOKEN_SECONDS|ACCESS_TOKEN_AUDIENCES|ASSERTION_AUDIENCE|EDGE_OF|EDGE_KEY',
    'OIDC_[A-Z0-9_]+|COOKIE_SAMESITE|COOKIE_DOMAIN|BRAND_NAME|BRAND_LOGO|DBSC|DBSC_SECONDS',
    'OTEL_EXPORTER_OTLP_ENDPOINT',
  ].join('|')})$`,
);

const SETTINGS = Object.keys(ConfigSchema.properties);

/**
 * Finds environment variables that look like settings and have no effect: those reserved for later versions, and
 * misspelt names of settings. Empty variables count as unset.
 *
 * @returns one warning per variable, without its value
 */
export function ignoredVariables(env: NodeJS.ProcessEnv): string[] {
  const warnings: string[] = [];
  for (const name of Object.keys(env)) {
    if (SETTINGS.includes(name) || env[name]?.trim() === '') continue;
    if (RESERVED.test(name)) {
      warnings.push(`${name} has no effect in this version yet.`);
      continue;
    }
    const meant = nearestSetting(name);
    // A setting that is set under its own name is not the one that is missing here.
    if (meant !== undefined && !env[meant]) warnings.push(`${name} is not a setting; did you mean ${meant}?`);
  }
  return warnings;
}

/**
 * The setting whose name differs from a variable's by letter case or by at most two edits. Names of one word are
 * excluded: HOST and PORT are too similar to variables of shells and platforms.
 */
function nearestSetting(variable: string): string | undefined {
  const name = variable.toUpperCase();
  const distances = SETTINGS.filter((setting) => setting.includes('_'))
    .map((setting) => ({ setting, distance: editDistance(name, setting), allowed: setting.length < 10 ? 1 : 2 }))
    .filter(({ distance, allowed }) => distance <= allowed);
  return distances.sort((a, b) => a.distance - b.distance)[0]?.setting;
}
