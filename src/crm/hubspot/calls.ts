/** Calls of HubSpot's API through its own SDK, with every failure told as a `CrmError`. */
import type { Agent } from 'node:http';
import type * as Sdk from '@hubspot/api-client';
import { CrmError } from '../crm.js';
import { createAgent } from './agent.js';
import { crmErrorOf, HubSpotRefusal } from './errors.js';

export interface HubSpotAccount {
  token: string;
  /** Base of the API, without a slash at its end. */
  url: string;
  /** How long HubSpot may stay silent in the middle of a call. */
  silenceMs?: number;
}

/** What every call passes on to the SDK as its last argument. */
export interface CallOptions {
  middleware: [Middleware];
}

export interface HubSpotCalls {
  /** `doing` completes "HubSpot refused to …", without personal data. Throws `CrmError`, `gone` when the record is missing. */
  call<T>(doing: string, work: (client: Sdk.Client, options: CallOptions) => Promise<T>): Promise<T>;
  /** Ends connections, those of calls under way too. */
  close(): void;
}

/** Makes no call. Throws `CrmError` when the SDK is not installed. */
export async function openCalls({ token, url, silenceMs = 15_000 }: HubSpotAccount): Promise<HubSpotCalls> {
  const { Client } = await sdk();
  // Temporal tries again: tries within tries would hide a limit that was met.
  const client = new Client({ accessToken: token, basePath: url, numberOfApiCallRetries: 0 });
  const agent = createAgent(url, silenceMs);
  // Version 13 of the SDK ignores the agent and the middleware of its own configuration; what comes with a call is taken.
  const options: CallOptions = { middleware: [middlewareFor(agent)] };
  return {
    async call(doing, work) {
      try {
        return await work(client, options);
      } catch (error) {
        // The cause is left out: the SDK's errors carry whole answers.
        throw crmErrorOf(doing, error);
      }
    },
    close: () => agent.destroy(),
  };
}

/** An optional dependency of some megabytes, so only loaded where HubSpot is the CRM. */
async function sdk(): Promise<typeof Sdk> {
  try {
    return await import('@hubspot/api-client');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new CrmError('refused', 'HubSpot needs a package that is not there: npm install @hubspot/api-client.');
  }
}

/** The SDK has classes of its own for requests and answers in each part of the API, all alike. */
interface Request {
  setAgent(agent: Agent): void;
}

interface Answer {
  httpStatusCode: number;
  headers: Record<string, string>;
  body: { text(): Promise<string> };
}

interface Middleware {
  pre<Sent extends Request>(request: Sent): Promise<Sent>;
  post<Got extends Answer>(answer: Got): Promise<Got>;
}

function middlewareFor(agent: Agent): Middleware {
  return {
    async pre(request) {
      request.setAgent(agent);
      return request;
    },
    async post(answer) {
      if (answer.httpStatusCode < 400) return answer;
      const text = await answer.body.text().catch(() => '');
      throw new HubSpotRefusal(answer.httpStatusCode, answer.headers['retry-after'], text);
    },
  };
}
