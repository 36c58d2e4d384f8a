import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../src/deal/search-attributes.js';
import { openTemporal, type TemporalClient } from '../../src/temporal/connection.js';
import { ensureNamespace, ensureSearchAttributes, SetupError } from '../../src/temporal/search-attributes.js';
import { startDevServer, type StartedDevServer } from '../support/temporal-servers.js';

let server: StartedDevServer;
let temporal: TemporalClient;
beforeAll(async () => {
  server = await startDevServer();
  temporal = openTemporal({ connectionOptions: { address: server.address }, namespace: 'default' });
});
afterAll(async () => {
  await temporal.connection.close();
  await server.stop();
});

describe('the set-up', () => {
  it('makes a missing namespace that keeps ended deals for 30 days, with the search attributes, once', async () => {
    const { connection } = temporal;
    expect(await ensureNamespace(connection, 'sales')).toEqual({ created: true, retentionDays: 30 });
    expect(await ensureSearchAttributes(connection, 'sales')).toEqual(Object.keys(SEARCH_ATTRIBUTES));

    expect(await ensureNamespace(connection, 'sales')).toEqual({ created: false, retentionDays: 30 });
    expect(await ensureSearchAttributes(connection, 'sales')).toEqual([]);
  });

  it('may run twice at once', async () => {
    const { connection } = temporal;
    const setUp = async () => {
      await ensureNamespace(connection, 'twice');
      await ensureSearchAttributes(connection, 'twice');
    };
    await Promise.all([setUp(), setUp()]);
    expect(await ensureSearchAttributes(connection, 'twice')).toEqual([]);
  });

  it('stops at a search attribute of another type and says how to mend it', async () => {
    const { connection } = temporal;
    await ensureNamespace(connection, 'odd');
    await connection.operatorService.addSearchAttributes({ namespace: 'odd', searchAttributes: { EnvelopeId: 1 } });
    const refused = ensureSearchAttributes(connection, 'odd');
    await expect(refused).rejects.toThrow(SetupError);
    await expect(refused).rejects.toThrow(/EnvelopeId of the namespace odd is TEXT but must be KEYWORD\. Remove it/);
  });
});
