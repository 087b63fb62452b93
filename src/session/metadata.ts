import type { Json, Metadata } from './session.ts';

export const MAX_METADATA_KEYS = 64;
export const MAX_METADATA_BYTES = 4096;

/**
 * A change of metadata, key by key; keys that are not named stay as they are.
 * `set` replaces values whole, `remove` deletes, `increment` adds to an integer (an absent key counts as 0).
 * No key stands in two of them.
 */
export interface MetadataPatch {
  readonly set: Metadata;
  readonly remove: readonly string[];
  readonly increment: Readonly<Record<string, number>>;
}

export type PatchedMetadata =
  | { readonly status: 'patched'; readonly metadata: Metadata }
  | { readonly status: 'too-large' }
  | { readonly status: 'not-integer' };

/** Whether metadata keeps within 64 keys and 4096 bytes of JSON. */
export function metadataFits(metadata: Metadata): boolean {
  if (Object.keys(metadata).length > MAX_METADATA_KEYS) return false;
  try {
    return Buffer.byteLength(JSON.stringify(metadata)) <= MAX_METADATA_BYTES;
  } catch {
    // Nested deeper than can be written, which takes far more bytes.
    return false;
  }
}

/** Whether a patch names any key; one that names none changes nothing, not even the version. */
export function isEmptyPatch(patch: MetadataPatch): boolean {
  return patch.remove.length === 0 && Object.keys(patch.set).length === 0 && Object.keys(patch.increment).length === 0;
}

/** Applies a patch to metadata, or says why it can't be. Pure; a store calls it where no one else can write. */
export function patchMetadata(metadata: Metadata, patch: MetadataPatch): PatchedMetadata {
  const next = new Map<string, Json>(Object.entries(metadata));
  for (const key of patch.remove) next.delete(key);
  for (const [key, value] of Object.entries(patch.set)) next.set(key, value);
  for (const [key, step] of Object.entries(patch.increment)) {
    const current = next.has(key) ? next.get(key) : 0;
    if (!Number.isSafeInteger(current)) return { status: 'not-integer' };
    const sum = (current as number) + step;
    if (!Number.isSafeInteger(sum)) return { status: 'not-integer' };
    next.set(key, sum);
  }
  const patched = Object.fromEntries(next);
  return metadataFits(patched) ? { status: 'patched', metadata: patched } : { status: 'too-large' };
}
