/** A look at the configured CRM from outside a worker: it opens, changes and makes nothing that a running worker could meet. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EnvHttpProxyAgent, request } from 'undici';
import { CrmError } from './crm.js';
import { openDatabase, type DatabaseSettings } from './database.js';
import { EMBEDDED_FILES } from './embedded.js';
import { holderOf } from './folder-lock.js';
import { unreachable } from './http-answers.js';
import { createPostgresCrm } from './postgres.js';

const REACH_MS = 5_000;

/** Says what was found. Throws `CrmError` when a worker could not write there. */
export async function examineDatabase(settings: DatabaseSettings): Promise<string> {
  if ('folder' in settings) {
    const { folder } = settings;
    const holder = await holderOf(folder);
    if (holder !== undefined) return `the embedded database in ${folder} is in use by process ${holder}`;
    if (!existsSync(join(folder, EMBEDDED_FILES))) {
      throw new CrmError('refused', `There is no embedded database in ${folder} yet: run npm run setup.`);
    }
  }
  const crm = createPostgresCrm(await openDatabase(settings));
  try {
    await crm.check();
  } finally {
    await crm.close();
  }
  return `the ${'folder' in settings ? 'embedded database' : 'PostgreSQL database'} is up to date and can be written`;
}

/** Any answer at all will do, as what a receiver makes of a write shows only at one. */
export async function examineReceiver(url: string): Promise<string> {
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: REACH_MS } });
  try {
    const { statusCode, body } = await request(url, {
      dispatcher,
      method: 'HEAD',
      signal: AbortSignal.timeout(REACH_MS),
    });
    await body.dump();
    return `${url} answers (${statusCode} to HEAD); that it takes writes shows only at the first one`;
  } catch (error) {
    throw unreachable('HEAD', error);
  } finally {
    await dispatcher.close();
  }
}
