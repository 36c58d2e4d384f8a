import { DocumentError } from './documents.js';

/**
 * The names that a key of the store stands for, the same in every kind of store: each part becomes one plain name, odd characters
 * percent-encoded, so two keys never meet. Throws `DocumentError` `refused` for a key that could lead elsewhere.
 */
export function namesOfKey(key: string): string[] {
  const names = key.split('/').map(encodeURIComponent);
  if (names.some((name) => name === '' || name.startsWith('.') || name.length > 180)) {
    throw new DocumentError('refused', 'The key to file under has an empty, hidden or overlong part.');
  }
  return names;
}
