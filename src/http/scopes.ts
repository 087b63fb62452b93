/**
 * What a trusted service may be allowed to do: `verify` introspects tokens; `sessions` starts, reads, changes, locks,
 * renews and ends sessions; `users` lists and ends all sessions of a user, and reads the statistics.
 */
export const SCOPES = ['verify', 'sessions', 'users'] as const;

export type Scope = (typeof SCOPES)[number];

/**
 * Parses an item of SERVICE_SCOPES, `<name>=<scope>+<scope>`.
 *
 * @returns `undefined` when a scope is unknown
 */
export function parseScopes(item: string): { readonly name: string; readonly scopes: ReadonlySet<Scope> } | undefined {
  const end = item.indexOf('=');
  const scopes = item.slice(end + 1).split('+');
  if (!scopes.every(isScope)) return undefined;
  return { name: item.slice(0, end), scopes: new Set(scopes) };
}

/** Returns the scope that the schema of a route names in `security`; `undefined` if it names none. */
export function scopeOf(schema: unknown): Scope | undefined {
  const { security } = (schema ?? {}) as { readonly security?: readonly { readonly service?: readonly Scope[] }[] };
  return security?.[0]?.service?.[0];
}

function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}
