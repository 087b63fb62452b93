import type { Attributes, Json } from './session.ts';

/** Limits of the metadata of a session, and of its claims. */
export const MAX_ATTRIBUTES = 64;
export const MAX_ATTRIBUTE_BYTES = 4096;

/**
 * A change of metadata, key by key; keys that are not named stay as they are.
 * `set` replaces values whole, `remove` deletes, `increment` adds to an integer (an absent key counts as 0).
 * No key stands in two of them.
 */
export interface MetadataPatch {
  readonly set: Attributes;
  readonly remove: readonly string[];
  readonly increment: Readonly<Record<string, number>>;
}

/** A change of claims, key by key. */
export type ClaimsPatch = Omit<MetadataPatch, 'increment'>;

export type PatchedAttributes =
  | { readonly status: 'patched'; readonly attributes: Attributes }
  | { readonly status: 'too-large' }
  | { readonly status: 'not-integer' };

/** Whether metadata or claims keep within 64 keys and 4096 bytes of JSON. */
export function attributesFit(attributes: Attributes): boolean {
  if (Object.keys(attributes).length > MAX_ATTRIBUTES) return false;
  try {
    return Buffer.byteLength(JSON.stringify(attributes)) <= MAX_ATTRIBUTE_BYTES;
  } catch {
    // Nested deeper than can be written, which takes far more bytes.
    return false;
  }
}

/** Whether a patch names any key; one that names none changes nothing, not even the version. */
export function isEmptyPatch({ set, remove, increment = {} }: ClaimsPatch & Partial<MetadataPatch>): boolean {
  return remove.length === 0 && Object.keys(set).length === 0 && Object.keys(increment).length === 0;
}

/** Applies a patch to metadata or claims, or says why it can't be. Pure; a store calls it where no one else can write. */
export function patchAttributes(
  attributes: Attributes,
  patch: ClaimsPatch & Partial<MetadataPatch>,
): PatchedAttributes {
  const next = new Map<string, Json>(Object.entries(attributes));
  for (const key of patch.remove) next.delete(key);
  for (const [key, value] of Object.entries(patch.set)) next.set(key, value);
  for (const [key, step] of Object.entries(patch.increment ?? {})) {
    const current = next.has(key) ? next.get(key) : 0;
    if (!Number.isSafeInteger(current)) return { status: 'not-integer' };
    const sum = (current as number) + step;
    if (!Number.isSafeInteger(sum)) return { status: 'not-integer' };
    next.set(key, sum);
  }
  const patched = Object.fromEntries(next);
  return attributesFit(patched) ? { status: 'patched', attributes: patched } : { status: 'too-large' };
}
