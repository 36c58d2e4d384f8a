/** What the benchmark asks of the sandbox behind Atlas's back: the signers' part, and what really happened there. */
import { request } from 'undici';
import { z } from 'zod';

const state = z.object({ spent: z.record(z.string(), z.number()) });
const envelopes = z.array(z.object({ id: z.string() }));
const envelope = z.object({
  deliveries: z.array(
    z.object({ event: z.string(), attempts: z.array(z.object({ at: z.string(), status: z.number().nullable() })) }),
  ),
});
export type SandboxEnvelope = z.infer<typeof envelope>;

export interface SandboxAdmin {
  /** Signs for the signer whose turn it is. */
  sign(envelopeId: string): Promise<void>;
  envelope(envelopeId: string): Promise<SandboxEnvelope>;
  /** Number of envelopes there are, whoever made them. */
  envelopes(): Promise<number>;
  /** Credits spent by each API key: one a send. */
  spent(): Promise<Record<string, number>>;
}

export function sandboxAdmin(url: string): SandboxAdmin {
  const get = async <T>(path: string, schema: z.ZodType<T>): Promise<T> => {
    const { statusCode, body } = await request(`${url}/_sandbox${path}`);
    const answer = await body.json();
    if (statusCode !== 200) throw new Error(`The sandbox answered ${statusCode} to ${path}`);
    return schema.parse(answer);
  };
  return {
    async sign(envelopeId) {
      const { statusCode, body } = await request(`${url}/_sandbox/envelopes/${envelopeId}/sign`, { method: 'POST' });
      const answer = await body.text();
      if (statusCode !== 200) throw new Error(`The sandbox answered ${statusCode} to a signature: ${answer}`);
    },
    envelope: (envelopeId) => get(`/envelopes/${envelopeId}`, envelope),
    envelopes: async () => (await get('/envelopes', envelopes)).length,
    spent: async () => (await get('/state', state)).spent,
  };
}
