import { createHash } from 'node:crypto';
import type { AtlasTemplate } from './templates.js';

/**
 * 12 hex digits that differ whenever anything that Atlas tells of the template's content does. A change that Atlas keeps to itself goes
 * unnoticed: whether it tells a version is not documented (Atlas notes 8).
 */
export function versionOf({ id, name, roles, prefillKeys, version, updatedAt }: AtlasTemplate): string {
  // Roles stay as told, since their order may be that of the signatures; keys have none.
  const content = [id, name, roles, [...prefillKeys].sort(), version, updatedAt];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 12);
}
