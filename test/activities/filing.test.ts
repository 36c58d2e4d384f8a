import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { beforeEach, describe, expect, it } from 'vitest';
import { createFilingActivities } from '../../src/activities/filing.js';
import { DocumentError } from '../../src/documents/documents.js';
import { sha256Of } from '../documents/documents.js';
import { aPaperWorld, type PaperWorld } from '../support/paper-world.js';
import { aSignedPdf } from '../support/signed-pdf.js';

const signedPdf = await aSignedPdf();
const [first, second] = [Buffer.from('a certificate'), Buffer.from('a certificate, drawn anew')];
const KEY = 'deal-42/env_1.certificate.pdf';

let world: PaperWorld;
let warned: string[];
beforeEach(() => {
  world = aPaperWorld(signedPdf);
  world.provider.certificate = async () => first;
  warned = [];
});

const logger = new DefaultLogger('WARN', ({ message }) => void warned.push(message));

function file() {
  const env = new MockActivityEnvironment({ workflowExecution: { workflowId: 'deal-42', runId: 'run-1' } }, { logger });
  return env.run(createFilingActivities(world).fileSignedPdf, { dealId: '42', envelopeId: 'env_1', parties: [] });
}

describe('filing a signed PDF', () => {
  it('files its certificate beside it', async () => {
    expect(await file()).toMatchObject({
      uri: 'paper:deal-42/env_1.pdf',
      pages: 2,
      certificate: { uri: `paper:${KEY}`, sha256: sha256Of(first), bytes: first.length },
    });
    expect([...world.files.keys()]).toEqual(['deal-42/env_1.pdf', KEY]);
  });

  it('cuts the certificate out of the very PDF that is filed', async () => {
    let from: Uint8Array | undefined;
    world.provider.certificate = async (_envelopeId, signed) => {
      from = signed;
      return first;
    };
    const earlier = await aSignedPdf(3);
    world.files.set('deal-42/env_1.pdf', earlier);
    expect(await file()).toMatchObject({ pages: 3 });
    expect(from).toBe(earlier);
  });

  it('keeps the certificate of an earlier try', async () => {
    const filed = await file();
    world.provider.certificate = async () => second;
    expect(await file()).toEqual(filed);
    expect(world.files.get(KEY)).toEqual(first);
  });

  it('takes the certificate that another worker files at the same moment', async () => {
    const put = world.store.put.bind(world.store);
    world.store.put = async (key, bytes, sha256) => {
      if (key !== KEY) return put(key, bytes, sha256);
      world.files.set(KEY, second);
      throw new DocumentError('refused', 'Another document is already filed under this key.');
    };
    expect(await file()).toMatchObject({ certificate: { uri: `paper:${KEY}`, sha256: sha256Of(second) } });
  });

  it('does without a certificate that cannot be had, and says so in the log', async () => {
    world.provider.certificate = async () => Promise.reject(new Error('no table of pages'));
    expect(await file()).toMatchObject({ uri: 'paper:deal-42/env_1.pdf', certificate: null });
    expect(warned).toEqual([expect.stringContaining('certificate of completion could not be had')]);
    expect([...world.files.keys()]).toEqual(['deal-42/env_1.pdf']);
  });

  it('does without a certificate where the provider has none', async () => {
    world.provider.certificate = async () => null;
    expect(await file()).toMatchObject({ certificate: null });
    expect(warned).toEqual([]);
  });

  it('is tried again when the store fails between the two files', async () => {
    const put = world.store.put.bind(world.store);
    world.store.put = async (key, bytes, sha256) => {
      if (key === KEY) throw new DocumentError('unavailable', 'busy');
      return put(key, bytes, sha256);
    };
    await expect(file()).rejects.toMatchObject({ type: 'document-unavailable', nonRetryable: false });
    world.store.put = put;
    expect(await file()).toMatchObject({ certificate: { uri: `paper:${KEY}` } });
  });
});
