/** Whether the gateway answers where Atlas is told to report events. */
import { EnvHttpProxyAgent, request } from 'undici';
import { z } from 'zod';
import { ok, problem, warning, wordsOf, type Check } from './check.js';
import { clockCheck } from './clock-check.js';

const NAME = 'PUBLIC_URL';
const PATIENCE_MS = 5_000;
const LONGEST = 64 * 1024;
const health = z.looseObject({ status: z.literal('ok') });

/** Fetches `$PUBLIC_URL/healthz`. From here: Atlas may reach what this machine does not, and the other way round. */
export async function publicUrlChecks(webhookUrl: string): Promise<Check[]> {
  const base = webhookUrl.replace(/\/webhooks\/atlas$/, '');
  const address = `${base}/healthz`;
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: PATIENCE_MS }, maxResponseSize: LONGEST });
  try {
    const asked = Date.now();
    const { statusCode, headers, body } = await request(address, {
      dispatcher,
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const answered = Date.now();
    const text = await body.text();
    // Others say that they are well, too; the gateway names every request besides.
    const ours = statusCode === 200 && headers['x-request-id'] !== undefined && health.safeParse(parsed(text)).success;
    if (!ours) return [strange(address, statusCode, String(headers.location ?? ''))];
    const date = Date.parse(String(headers.date));
    return [
      ok(NAME, `the gateway answers at ${base}`),
      ...(Number.isNaN(date) ? [] : [clockCheck('the gateway', { theirs: date + 500, asked, answered })]),
    ];
  } catch (error) {
    return [
      warning(
        NAME,
        `${address} does not answer from here: ${reasonOf(error)}`,
        'Start the gateway, and check DNS, certificate, proxy and firewall on the way. If others reach it and only this machine does not, all is well.',
      ),
    ];
  } finally {
    await dispatcher.destroy();
  }
}

function strange(address: string, status: number, location: string): Check {
  if (status >= 300 && status <= 399) {
    const to = URL.canParse(location, address) ? ` to ${new URL(location, address).origin}` : '';
    return problem(
      NAME,
      `${address} leads elsewhere (${status}${to}), and Atlas may not follow`,
      'Set PUBLIC_URL to where it leads; for example PUBLIC_URL=https://countersign.example.com',
    );
  }
  if (status === 401 || status === 403) {
    return problem(
      NAME,
      `${address} asks for a login (${status}), which Atlas has not`,
      'Let /webhooks/atlas and /healthz through whatever stands before the gateway: webhooks carry a signature of their own.',
    );
  }
  if (status >= 500) {
    return warning(
      NAME,
      `what stands before the gateway answers ${address} with ${status}`,
      'Start the gateway, or mend the way from the proxy to it (HOST and PORT).',
    );
  }
  return problem(
    NAME,
    `${address} is answered (${status}) by something that is no gateway of this version`,
    'Set PUBLIC_URL on the workers to where the gateway is reached; for example PUBLIC_URL=https://countersign.example.com',
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error && error.name === 'TimeoutError'
    ? `nothing came within ${PATIENCE_MS / 1000} seconds`
    : wordsOf(error);
}
