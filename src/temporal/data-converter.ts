/** How payloads are written for Temporal: the one setting that every client and every worker must share. */
import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { createEncryption, type PayloadKey } from './encryption.js';
import type { TenantOf } from './tenant-keys.js';

/** The SDK loads it by its path, which must lead to JavaScript wherever this file is run from. */
const FAILURES = fileURLToPath(new URL('../../dist/workflows/encoded-failures.js', import.meta.url));

/**
 * Without keys everything is written in clear, and what others have encrypted is told as such. With keys the messages and stack traces of
 * failures become payloads, too.
 */
export function dataConverterOf(keys: readonly PayloadKey[] = [], tenantOf?: TenantOf): DataConverter {
  return {
    payloadCodecs: [createEncryption(keys, tenantOf)],
    ...(keys.length > 0 && { failureConverterPath: FAILURES }),
  };
}
